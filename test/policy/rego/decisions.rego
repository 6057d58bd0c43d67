package packrun

# Every rule here is an entry point of decisions.wasm.

default allow := false

allow if {
	input.steps.scan.outputs.critical == 0
	input.with.threshold >= count(denied)
}

denied contains licence if {
	some licence in input.steps.scan.outputs.licences
	not licence in input.inputs.allowed
}

# Undefined, unlike allow, where it does not hold.
strict if input.steps.scan.outputs.critical == 0

# Helpers of the host.
worded if sprintf("%s/%d", [input.inputs.channel, 7]) == "beta/7"

valid if json.is_valid(input.inputs.channel) == false

number := 1

text := "true"

nothing := null

listed := [true]

record := {"allowed": true}

# Two definitions that contradict each other.
torn := true if input.inputs.limit > 0

torn := false if input.inputs.limit > 1

# Patterns are matched without backtracking.
pattern if regex.match(`^(a+)+$`, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!") == false

# More than any limit lets through.
endless if {
	some a in numbers.range(1, 100000)
	some b in numbers.range(1, 100000)
	a * b < 0
}

deep if walk_depth(input.inputs.value) > 0

walk_depth(value) := count([path | walk(value, [path, _])])
