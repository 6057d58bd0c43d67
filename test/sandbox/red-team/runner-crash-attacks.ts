import { arch } from "node:os";
import type { Crash } from "./crash.ts";

const sleeping = "(setsid sleep 4021 &); sleep 4021 & echo up; sleep 4021";

/**
 * Writes machine code where the init waits, so that it lets go of its parent (PR_SET_PDEATHSIG 0) and pauses for ever,
 * and wakes it by an orphan. An init that nobody may write to is as good.
 */
const possessing = `
try:
    at = int(open("/proc/1/syscall").read().split()[-1], 16)
    with open("/proc/1/mem", "r+b", buffering=0) as memory:
        memory.seek(at)
        memory.write(bytes.fromhex("b89d000000bf0100000031f60f05b8220000000f05ebf7"))
except (OSError, ValueError):
    pass
if os.fork() == 0:
    if os.fork() == 0: os._exit(0)
    os._exit(0)
print("up")
time.sleep(4021)
`;

export const runnerCrashAttacks: readonly Crash[] = [
  {
    name: "start when its runner was killed before the word",
    until: "prepared",
    kill: "runner",
    sh: "touch ran; sleep 4021",
  },
  {
    name: "start, or leave its secret, when its runner was killed before the word",
    until: "prepared",
    kill: "runner",
    sh: "touch ran; sleep 4021",
    secretFiles: { KEY: "a secret that waits in a pipe" },
  },
  { name: "outlive a runner that was killed just after the word", until: "started", kill: "runner", sh: sleeping },
  { name: "outlive a runner that was killed while it ran", until: "up", kill: "runner", sh: sleeping },
  { name: "outlive a runner that was asked to end", until: "up", kill: "runner", signal: "SIGTERM", sh: sleeping },
  { name: "outlive a runner whose terminal went away", until: "up", kill: "runner", signal: "SIGHUP", sh: sleeping },
  {
    name: "outlive its runner by ignoring every signal",
    until: "up",
    kill: "runner",
    py: `
import signal
for number in range(1, 65):
    if number not in (9, 19, 32, 33): signal.signal(number, signal.SIG_IGN)
libc.prctl(1, 0, 0, 0, 0)
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        break
else:
    print("up")
while True: time.sleep(4021)
`,
  },
  {
    name: "outlive its runner by being stopped",
    until: "up",
    kill: "runner",
    sh: "(setsid sleep 4021 &); echo up; sleep 0.1; kill -STOP -1; kill -STOP $$",
  },
  {
    name: "outlive its runner by forking faster than it is killed",
    until: "up",
    kill: "runner",
    py: `
print("up")
while True:
    try:
        if os.fork() == 0 and os.fork() == 0: os.setsid()
    except OSError: pass
`,
  },
  {
    name: "outlive its runner by flooding its output",
    until: "flood",
    kill: "runner",
    sh: "yes flood & yes flood >&2 & wait",
  },
  ...(arch() === "x64"
    ? [{ name: "outlive its runner by possessing its init", until: "up", kill: "runner", py: possessing } as const]
    : []),
  { name: "outlive its launcher", until: "up", kill: "launcher", sh: sleeping },
  {
    name: "outlive its runner and all launchers, killed together",
    until: "up",
    kill: "runner and launchers",
    sh: sleeping,
  },
  { name: "outlive bubblewrap", until: "up", kill: "bubblewrap", sh: sleeping },
];
