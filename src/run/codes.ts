import { codeTable } from "#fault/code-table.ts";

export const runCodes = codeTable({
  STEP_EXIT: {
    severity: "error",
    exitCode: 1,
    message: "step {stepId} ended with exit code {exitCode}",
    hint: "read its output with `packrun runs logs RUN --step STEP`",
    explanation: {
      cause: "The command or script of a step ended with an exit code other than 0, in its last attempt.",
      example: 'run: {command: ["false"]}',
      fix: "Read the step's output, correct what it reports, and run again; `packrun run PACK --from RUN` takes over what succeeded.",
    },
  },
  STEP_LOST: {
    severity: "error",
    exitCode: 1,
    message: "step {stepId} was cut off with its runner and may not be repeated",
    hint: "check what it had done; mark the step `idempotent: true` or give it `retry` if it may run again",
    explanation: {
      cause: "The process that ran the step died or lost its lease, and the step has no attempts left.",
      example: "the machine lost power during a step with `retry: {maxAttempts: 1}`",
      fix: "Find out how far the step came. If repeating it is harmless, say `idempotent: true` in the pack.",
    },
  },
  STEP_REPORT: {
    severity: "error",
    exitCode: 1,
    message: "the runner's report about step {stepId} has no valid form",
    hint: "the outputs of an attempt must be values that the ledger can hold",
    explanation: {
      cause: "What carried out an attempt reported results that do not have the form of a value.",
      example: 'an output of {"type": "integer"} without a value',
      fix: "Report this as a fault of the runner or built-in that carried out the step.",
    },
  },
  WHEN_FALSE: {
    severity: "info",
    exitCode: 0,
    message: "step {stepId} was skipped: its `when` is false",
    hint: "nothing to do; dependents run and see the status skipped",
    explanation: {
      cause: "The step's condition gave false.",
      example: "when: \"${{ inputs.channel == 'stable' }}\" with the channel beta",
      fix: "None is needed. Change the inputs or the condition if the step should have run.",
    },
  },
  UPSTREAM_FAILED: {
    severity: "info",
    exitCode: 1,
    message: "step {stepId} was skipped: something that it needs failed",
    hint: "look at the first failed step of the run",
    explanation: {
      cause: "A step that this one needs failed, or was itself skipped because of a failure.",
      example: "build fails; test, which comes after it, is skipped",
      fix: "Correct the failed step, or give it `continueOnError: true` if the rest does not depend on it.",
    },
  },
  RUN_STOPPING: {
    severity: "info",
    exitCode: 1,
    message: "step {stepId} did not run: the run was stopping",
    hint: "look at the reason of the run",
    explanation: {
      cause:
        "The run was cancelled, drifted, ran out of time, or its failure policy stopped it before this step began.",
      example: "failurePolicy: {onFailure: drain} and a failed step in another branch",
      fix: "Correct what stopped the run, and run again; `packrun run PACK --from RUN` takes over what succeeded.",
    },
  },
  RUN_WALL_CLOCK: {
    severity: "error",
    exitCode: 124,
    message: "the run used up its wall clock",
    hint: "raise `sandbox.wallClock` or make the steps faster",
    explanation: {
      cause:
        "The run was driven for longer than `sandbox.wallClock`; time in which it only waited for approvals is not counted.",
      example: "wallClock: 15m and a step that hangs",
      fix: "Give single steps a `timeout` below the wall clock, so that the step that hangs is named.",
    },
  },
  RUN_CANCELLED: {
    severity: "error",
    exitCode: 130,
    message: "the run was cancelled",
    hint: "run again; `packrun run PACK --from RUN` takes over what had succeeded",
    explanation: {
      cause: "Somebody asked for the run to be cancelled.",
      example: "packrun cancel RUN",
      fix: "Nothing has to be mended. `packrun runs show RUN` says how far it came.",
    },
  },
  RUN_FINISHED: {
    severity: "error",
    exitCode: 5,
    message: "run {runId} has ended",
    hint: "nothing can be added to a finished run; start a new one",
    explanation: {
      cause: "A decision or command came after the run's end. A finished ledger never grows.",
      example: "packrun approve RUN GATE --key alice.key --reason checked   # the gate expired and the run ended",
      fix: "Start a new run; its gates need new approvals.",
    },
  },
  RUN_NOT_FINISHED: {
    severity: "error",
    exitCode: 2,
    message: "run {runId} has not ended",
    hint: "wait for its end, or take what there is so far: `packrun evidence export {runId} --snapshot -o FILE`",
    explanation: {
      cause:
        "Evidence is sealed, and steps are taken over by another run, once a run has ended. Before that there are snapshots only.",
      example: "packrun evidence export RUN -o run.tar   # a gate is still open",
      fix: "See with `packrun runs show RUN` what it waits for. `packrun resume RUN` or `packrun cancel RUN` bring it to its end; `packrun evidence snapshot RUN` shows what there is so far.",
    },
  },
  TIMELINE_INCOMPLETE: {
    severity: "error",
    exitCode: 7,
    message: "the ledger of run {runId} leaves {steps} without an end",
    hint: "the ledger was not written by a whole run; do not trust it",
    explanation: {
      cause: "The run is said to have ended, but a step in it never did.",
      example: "a ledger with run.finished in which step.succeeded of one step was left out",
      fix: "Take the ledger from its source again; if it is the source, the run has to be repeated.",
    },
  },
  POLICY_DENIED: {
    severity: "error",
    exitCode: 5,
    message: "the policy of gate {stepId} denied the run",
    hint: "look at the evaluated context in the evidence, `policies/<gate>.json`",
    explanation: {
      cause: "The policy gave a clean false.",
      example: 'expression: "steps.scan.outputs.critical == 0" with one critical finding',
      fix: "Correct what the policy found. A policy that shall only warn says `failAction: continue`.",
    },
  },
  POLICY_UNDECIDED: {
    severity: "error",
    exitCode: 5,
    message: "the policy of gate {stepId} gave neither true nor false",
    hint: "guard values that may be missing with `has()`",
    explanation: {
      cause:
        "The policy failed, met a missing value, or gave something that is no boolean. Missing evidence never passes.",
      example: 'expression: "steps.scan.outputs.critical == 0" where scan was skipped',
      fix: "Make the policy answer for every case, or make the steps before it produce what it reads.",
    },
  },
  GATE_REJECTED: {
    severity: "error",
    exitCode: 5,
    message: "gate {stepId} was rejected",
    hint: "see who decided with `packrun runs show RUN`",
    explanation: {
      cause: "One person who may decide on the gate rejected it.",
      example: 'packrun reject RUN release --key alice.key --reason "wrong artifact"',
      fix: "Correct what was objected to and start a new run.",
    },
  },
  GATE_EXPIRED: {
    severity: "error",
    exitCode: 5,
    message: "gate {stepId} expired without the approvals that it needs",
    hint: "start a new run; consider a longer `ttl`",
    explanation: {
      cause: "The time to live of the approval request passed before enough people approved.",
      example: "approvals: {release: {required: 2, ttl: 24h}} and one approval within 24 hours",
      fix: "Start a new run and have it approved in time, or raise `ttl` in the pack.",
    },
  },
  GATE_UNKNOWN: {
    severity: "error",
    exitCode: 5,
    message: "the run has no approval gate {gate}",
    hint: "see its gates with `packrun runs show RUN`",
    explanation: {
      cause: "A decision named a gate that the plan of the addressed run does not have.",
      example: "packrun approve RUN relase --key alice.key --reason checked   # the gate is called release",
      fix: "Use the gate's id as `packrun plan` and `packrun runs show` show it.",
    },
  },
  GATE_CLOSED: {
    severity: "error",
    exitCode: 5,
    message: "gate {gate} takes no decisions now",
    hint: "see where the run stands with `packrun runs show RUN`",
    explanation: {
      cause: "The gate is not open yet, has passed, was rejected, has expired, or the run is stopping.",
      example: "packrun approve RUN release --key alice.key --reason checked   # the step before the gate still runs",
      fix: "Decide while the gate is open; a gate that ended stays as it is.",
    },
  },
  APPROVAL_DUPLICATE: {
    severity: "error",
    exitCode: 5,
    message: "{principal} has already decided on gate {gate}",
    hint: "another person has to approve; every person counts once",
    explanation: {
      cause:
        "Two answers of one person came in the same moment, and the first of them was recorded. A second one that comes " +
        "later is APPROVAL_ALREADY_DECIDED.",
      example: "two approvals of one run with two keys of the same principal, sent at once",
      fix: "Have somebody else approve.",
    },
  },
  MAP_TOO_MANY: {
    severity: "error",
    exitCode: 1,
    message: "map {stepId} has {count} items, more than its maxItems of {maxItems}",
    hint: "raise `maxItems`, or produce fewer items",
    explanation: {
      cause: "The items of a map became known while it ran, and there are more of them than the pack allows.",
      example: "maxItems: 10 over a step's output that lists 12 hosts",
      fix: "Raise `maxItems` in the pack, or make the step before produce at most that many.",
    },
  },
  MAP_INSTANCES: {
    severity: "error",
    exitCode: 1,
    message: "the items of map {stepId} would make {made} steps; all maps of a run together make at most {limit}",
    hint: "produce fewer items, or do more of the work in one step",
    explanation: {
      cause: "Every item of a map makes each step inside it once. Nested maps multiply, and their sum is bounded.",
      example: "a map over 2,000 hosts with a map over 600 files inside it",
      fix: "Split the work over several runs, or let one step work through a list by itself.",
    },
  },
  MAP_ITEMS: {
    severity: "error",
    exitCode: 1,
    message: "the items of map {stepId} are no list",
    hint: "let `items` give a list",
    explanation: {
      cause: "The expression in `items` gave something other than a list while the run was on its way.",
      example: 'items: "${{ steps.find.outputs.hosts }}" where hosts is an object',
      fix: "Declare the output as `{type: array}`, and let the step write a list.",
    },
  },
  LEDGER_BROKEN: {
    severity: "error",
    exitCode: 7,
    message: "the ledger does not hold: {problem}",
    hint: "the file was changed or damaged; look at it with `packrun runs ledger RUN`",
    explanation: {
      cause: "An event is missing, was changed, moved or does not have the form of an event.",
      example: "one character of a message was edited in ledger.jsonl",
      fix: "Restore the ledger from a backup; nothing else can make it whole.",
    },
  },
  CLOCK_BEHIND: {
    severity: "error",
    exitCode: 10,
    message: "the clock of this machine is {seconds} s behind the ledger of run {runId}",
    hint: "set the clock, then resume the run",
    explanation: {
      cause: "The last event was recorded at a time that lies more than a minute in this machine's future.",
      example: "a run continued on a machine whose clock lost its time",
      fix: "Set the clock (`timedatectl` shows whether it is synchronised), then `packrun resume RUN`. Times in a ledger never go back.",
    },
  },
});
