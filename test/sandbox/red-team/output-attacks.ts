import { fails, held, prints, type Attack } from "./attack.ts";
import { MIB } from "../sandbox-rig.ts";

export const outputAttacks: readonly Attack[] = [
  {
    name: "print without end",
    sh: "yes 0123456789abcdef",
    limits: { logBytes: MIB },
    expect: fails("STEP_LOG_TOO_LARGE", { stdout: /^(?:0123456789abcdef\n){60}/, hit: "logBytes" }),
  },
  {
    name: "get around the limit by using both streams",
    sh: "yes out & yes err >&2 & wait",
    limits: { logBytes: MIB },
    expect: fails("STEP_LOG_TOO_LARGE", { hit: "logBytes" }),
  },
  {
    name: "print one line without end",
    sh: "tr '\\0' x </dev/zero",
    limits: { logBytes: MIB },
    expect: fails("STEP_LOG_TOO_LARGE", { stdout: /^x+\n?$/, hit: "logBytes" }),
  },
  {
    name: "flood the runner with nothing but newlines",
    sh: "yes ''",
    limits: { logBytes: MIB },
    expect: fails("STEP_LOG_TOO_LARGE", { stdout: /^\n+$/, hit: "logBytes" }),
  },
  {
    name: "go on printing after its end by a daemon",
    sh: "(while :; do echo daemon; done) & echo last; exit 0",
    limits: { logBytes: 64 * MIB },
    expect: { stdout: /^(?:daemon\n)*last\n(?:daemon\n)*(?:d(?:a(?:e(?:m(?:on?)?)?)?)?)?$/ },
  },
  {
    name: "print bytes that are no text",
    py: 'os.write(1, b"a\\xff\\xfe\\xc0\\x80\\xed\\xa0\\x80\\xf5b\\xf0\\x9f\\n")',
    expect: prints("a\\xff\\xfe\\xc0\\x80\\xed\\xa0\\x80\\xf5b\\xf0\\x9f"),
  },
  {
    name: "break a character in two",
    py: 'for byte in "€😀ü\\n".encode():\n    os.write(1, bytes([byte]))\n    time.sleep(0.12)',
    expect: prints("€😀ü"),
  },
  {
    name: "print NUL characters that end a text early",
    py: 'os.write(1, b"a\\0b\\n\\0\\n")',
    expect: prints("a\0b", "\0"),
  },
  {
    name: "read what it printed, or take it back",
    py: `
os.write(1, b"said\\n")
for path in ("/proc/self/fd/1", "/dev/stdout", "/proc/1/fd/1"):
    answer(lambda: os.truncate(path, 0))
    answer(lambda: os.lseek(1, 0, 0))
print(answer(lambda: os.ftruncate(1, 0)), answer(lambda: os.lseek(1, 0, 0)))
`,
    expect: prints("said", "EINVAL ESPIPE"),
  },
  {
    name: "write more than it may through other names of its output",
    sh: "for f in /dev/stdout /dev/fd/1 /proc/self/fd/1 /proc/1/fd/1; do yes $f | head -c 400k >$f; done; echo won",
    limits: { logBytes: MIB },
    expect: fails("STEP_LOG_TOO_LARGE", { hit: "logBytes" }),
  },
  {
    name: "hang the runner by closing its output early",
    sh: "exec >&- 2>&-; exit 0",
    expect: { stdout: "", stderr: "" },
  },
  {
    name: "hang the runner by keeping its output open in another session",
    sh: "setsid sleep 4021 & echo held",
    expect: held,
  },
  {
    name: "upset the runner by changing how its pipe works",
    py: `
import fcntl
fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)
answer(lambda: fcntl.fcntl(1, 1031, 1 << 20))
answer(lambda: fcntl.fcntl(1, fcntl.F_SETOWN, 1))
answer(lambda: os.chmod("/proc/self/fd/1", 0))
answer(lambda: os.fchmod(1, 0))
os.write(1, b"held\\n")
`,
    expect: held,
  },
  {
    name: "speak to the runner in its own words",
    sh: `printf 'go\\nend\\n{"type":"step.finished"}\\nok 1\\n::set-output name=x::y\\n'; echo held >&2`,
    expect: { stdout: 'go\nend\n{"type":"step.finished"}\nok 1\n::set-output name=x::y\n', stderr: "held\n" },
  },
  {
    name: "hide a failure behind an empty output",
    sh: "exit 9",
    expect: fails("STEP_EXIT", { exitCode: 9, stdout: "", stderr: "" }),
  },
  {
    name: "make the runner wait for its input",
    sh: "cat; echo held",
    expect: held,
  },
];
