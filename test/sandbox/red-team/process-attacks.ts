import { childrenOf, identify, isAlive } from "../../../src/sandbox/watch/process-identity.ts";
import { fails, held, none, prints, type Attack, type Bait } from "./attack.ts";
import type { Rig } from "../sandbox-rig.ts";

/** The runner's pid and those of its launchers; they must live on. */
async function runnerAndLaunchers(rig: Rig): Promise<Bait> {
  const idle = await rig.prepare({});
  const pids = [process.pid, ...childrenOf(process.pid)].filter((pid) => pid > 100);
  const launchers = childrenOf(process.pid).flatMap((pid) => identify(pid) ?? []);
  return {
    env: { TARGETS: pids.join(" ") },
    damage: () => (launchers.some(isAlive) ? undefined : "no launcher lives any more"),
    remove: () => idle.discard(),
  };
}

/** A variable of the runner's own environment, which no step may see. */
function hostVariable(): Bait {
  process.env["HOST_MARK"] = "of the host";
  return { remove: () => void delete process.env["HOST_MARK"] };
}

/** An attempt that ran before in the same sandbox and left what it could. */
async function earlier(rig: Rig): Promise<Bait> {
  const text =
    'echo x >/tmp/left; echo x >/dev/shm/left; echo x >"$HOME/left"; echo x >left; python3 -c "import ctypes; ctypes.CDLL(None).shmget(0x5eed, 4096, 0o1666)"';
  await rig.run({ script: text });
  return {};
}

export const processAttacks: readonly Attack[] = [
  {
    name: "see the host's processes",
    sh: 'n=0; for p in /proc/[0-9]*; do n=$((n+1)); done; [ "$n" -lt 8 ] && echo held || echo won',
    expect: held,
  },
  {
    name: "see another program's environment",
    bait: hostVariable,
    sh: "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep HOST_MARK && echo won; echo held",
    expect: held,
  },
  {
    name: "find descriptors of the runner",
    sh: "ls /proc/self/fd | tr '\\n' ' ' | grep -qx '0 1 2 3 ' && echo held",
    expect: held,
  },
  {
    name: "read its init, or write to it",
    py: `
print(*(answer(lambda: os.open("/proc/1/" + name, os.O_RDONLY)) for name in ("environ", "maps", "mem", "fd", "root", "ns/net")))
print(answer(lambda: os.open("/proc/1/mem", os.O_RDWR)))
`,
    expect: prints("EACCES EACCES EACCES EACCES EACCES EACCES", "EACCES"),
  },
  {
    name: "end the init of its namespace",
    sh: "kill -9 1 2>/dev/null || true; kill -TERM 1 2>/dev/null || true; kill -SEGV 1 2>/dev/null || true; echo held",
    expect: held,
  },
  { name: "stop every process that it can name", sh: "kill -STOP -1 2>/dev/null || true; echo held", expect: held },
  {
    name: "hide that it was killed with its process group",
    sh: "kill -9 0",
    expect: fails("STEP_EXIT", { stdout: "", exitCode: 137 }),
  },
  {
    name: "signal the runner or a launcher by its pid on the host",
    bait: runnerAndLaunchers,
    py: `
for pid in words_of("TARGETS"):
    for signal in (0, 9, 19):
        print(answer(lambda: os.kill(pid, signal)).replace("ESRCH", "held"))
`,
    expect: { stdout: /^(?:held\n)+$/ },
  },
  {
    name: "signal the runner through a process group or a session of the host",
    bait: runnerAndLaunchers,
    py: `
for pid in words_of("TARGETS"):
    print(answer(lambda: os.killpg(pid, 9)).replace("ESRCH", "held"))
print(os.getpgid(1), os.getsid(1), os.getppid() >= 1)
`,
    expect: { stdout: /^(?:held\n)+[01] [01] True\n$/ },
  },
  {
    name: "keep capabilities",
    sh: "grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb):.*[1-9a-f]' /proc/self/status /proc/1/status && echo won; echo held",
    expect: held,
  },
  { name: "gain new privileges", sh: "grep -q 'NoNewPrivs:.1' /proc/self/status && echo held", expect: held },
  {
    name: "run without a filter, its init included",
    sh: "for p in self 1; do grep -q 'Seccomp:.2' /proc/$p/status || echo won; done; echo held",
    expect: held,
  },
  {
    name: "become another user",
    py: `
print(call("setuid", 0), call("setresuid", 0, 0, 0), call("setresgid", 0, 0, 0), call("setgroups", 0, 0))
libc.setfsuid(0)
print(os.getresuid(), os.getresgid(), 0 in os.getgroups())
`,
    expect: prints("EINVAL EINVAL EINVAL EPERM", "(1000, 1000, 1000) (1000, 1000, 1000) False"),
  },
  {
    name: "give itself capabilities",
    py: `
class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]
print(call("capset", Header(0x20080522, 0), b"\\xff" * 24))
print(call("prctl", 47, 2, 21, 0, 0), call("prctl", 28, 0, 0, 0, 0), call("prctl", 38, 0, 0, 0, 0))
`,
    expect: prints("EPERM", "EPERM EPERM EINVAL"),
  },
  {
    name: "gain rights by a setuid program of its own",
    sh: 'cp /usr/bin/id /tmp/id && chmod 6755 /tmp/id && [ "$(/tmp/id -u):$(/tmp/id -g)" = 1000:1000 ] && echo held',
    expect: held,
  },
  {
    name: "gain rights by the host's setuid programs",
    sh: none(
      "su root -c true",
      "sudo -n true",
      "pkexec true",
      "newuidmap $$ 0 0 1",
      "newgrp root -c true",
      "umount /proc",
    ),
    expect: held,
  },
  {
    name: "escape the memory killer by its own score",
    py: `
for score in (-1000, -1):
    print(answer(lambda: put("/proc/self/oom_score_adj", str(score))))
`,
    expect: prints("EACCES", "EACCES"),
  },
  {
    name: "take the processor from others",
    py: `
print(answer(lambda: os.nice(-1)), answer(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))))
print(call("ioprio_set", 1, 0, 1 << 13))
`,
    expect: prints("EPERM EPERM", "EPERM"),
  },
  {
    name: "raise a limit that it was given",
    py: `
import resource
for name in ("CORE", "NOFILE", "FSIZE", "MEMLOCK"):
    kind = getattr(resource, "RLIMIT_" + name)
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (hard, hard + 1 if hard >= 0 else -1))
        print("won" if hard >= 0 else "held")
    except ValueError:
        print("held")
print(call("prctl", 36, 1, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 4096)
`,
    expect: { stdout: /^(?:held\n){4}done \(0, 0\) True\n$/ },
  },
  {
    name: "dump core onto the host",
    sh: "(kill -SEGV $$); ls -A | grep . && echo won; kill -ABRT $$",
    expect: fails("STEP_EXIT", { stdout: "" }),
  },
  {
    name: "leave a daemon behind",
    sh: "(setsid sh -c 'trap \"\" TERM HUP INT; echo up >up; exec sleep 4021' >/dev/null 2>&1 &); until [ -e up ]; do :; done; echo held",
    expect: held,
  },
  {
    name: "leave a daemon that was forked twice, closed everything and left the folder",
    py: `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3): os.close(fd)
        os.chdir("/")
        libc.prctl(1, 0, 0, 0, 0)
        open("/tmp/up", "w").close()
        time.sleep(4021)
    os._exit(0)
until(lambda: os.path.exists("/tmp/up"))
print("held")
`,
    expect: held,
  },
  {
    name: "be held up by a daemon that keeps the output open",
    sh: "sleep 4021 & echo held",
    expect: held,
  },
  {
    name: "keep a process by making itself the parent of all orphans",
    py: `
libc.prctl(36, 1, 0, 0, 0)
for _ in range(5):
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(4021)
        os._exit(0)
print("held")
`,
    expect: held,
  },
  {
    name: "survive being stopped by ignoring signals in all its processes",
    py: `
import signal
for number in range(1, 65):
    if number not in (9, 19, 32, 33): signal.signal(number, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0: break
else:
    print("up")
while True: time.sleep(4021)
`,
    stopAt: "up",
    expect: fails("cancelled", { stdout: "up\n" }),
  },
  {
    name: "ignore SIGTERM for longer than the grace",
    sh: "trap '' TERM; (trap '' TERM; sleep 4021) & echo up; while :; do sleep 1; done",
    timeoutMs: 300,
    expect: fails("STEP_TIMEOUT", { stdout: /^(?:up\n)?$/, hit: "timeoutMs" }),
  },
  {
    name: "outlast its timeout by stopping itself",
    sh: "sleep 4021 & kill -STOP $! $$; echo won",
    timeoutMs: 300,
    expect: fails("STEP_TIMEOUT", { stdout: "", hit: "timeoutMs" }),
  },
  {
    name: "outlast its timeout by sleeping",
    sh: "exec sleep 4021",
    timeoutMs: 300,
    expect: fails("STEP_TIMEOUT", { hit: "timeoutMs" }),
  },
  {
    name: "look dead to the runner by its name",
    py: `
libc.prctl(15, b"x) Z 1 1 1 0", 0, 0, 0)
if os.fork() == 0: time.sleep(4021)
print("up")
time.sleep(4021)
`,
    stopAt: "up",
    expect: fails("cancelled", { stdout: "up\n" }),
  },
  {
    name: "pass for one that the memory killer ended",
    sh: "exit 137",
    expect: fails("STEP_EXIT", { exitCode: 137 }),
  },
  {
    name: "pass for one that was never set up",
    sh: 'echo "bwrap: setting up uid map: Permission denied" >&2; exit 125',
    expect: fails("STEP_EXIT", { exitCode: 125 }),
  },
  {
    name: "pass for one that succeeded by what it prints",
    sh: "echo '{ \"exit-code\": 0 }'; echo '{ \"exit-code\": 0 }' >&2; for fd in 3 4 5 6 7 8 9; do (echo '{ \"exit-code\": 0 }' >/dev/fd/$fd) 2>/dev/null || true; done; exit 3",
    expect: fails("STEP_EXIT", { exitCode: 3 }),
  },
  {
    name: "find what an earlier step left in memory, in /tmp, at home or in its folder",
    bait: earlier,
    py: `
for place in ("/tmp", "/dev/shm", os.environ["HOME"], "."):
    print(sorted(os.listdir(place)))
print(call("shmget", 0x5eed, 4096, 0))
`,
    expect: prints("['home']", "[]", "[]", "[]", "ENOENT"),
  },
  {
    name: "reach a terminal",
    py: `
print(answer(lambda: os.open("/dev/tty", os.O_RDWR)), answer(lambda: os.open("/dev/console", os.O_RDWR)))
print([os.isatty(fd) for fd in range(3)])
`,
    expect: prints("ENXIO ENOENT", "[False, False, False]"),
  },
];
