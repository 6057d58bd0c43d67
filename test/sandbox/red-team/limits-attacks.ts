import { fails, held, type Attack } from "./attack.ts";
import { MIB } from "../sandbox-rig.ts";

const small = { memoryBytes: 32 * MIB, pids: 24 } as const;
const outOfMemory = fails("STEP_OOM", { hit: "memoryBytes" });

const memory: readonly Attack[] = [
  {
    name: "take more memory than its limit",
    py: 'x = bytearray(200 << 20)\nfor at in range(0, len(x), 4096): x[at] = 1\nprint("won")',
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "hide that it took too much memory",
    sh: `python3 -c 'x = b"x" * (200 << 20)' || true; echo survived`,
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "spread what it takes over many processes",
    py: `
for _ in range(8):
    if os.fork() == 0:
        x = b"x" * (12 << 20)
        time.sleep(4021)
os.wait()
`,
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "fill /tmp or /dev/shm beyond its memory",
    py: `
for folder, size in (("/tmp", 40), ("/dev/shm", 40)):
    try:
        with open(folder + "/big", "wb") as file:
            for _ in range(size): file.write(b"x" * (1 << 20))
    except OSError as error:
        assert name_of(error.errno) == "ENOSPC"
x = b"x" * (20 << 20)
print("won")
`,
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "make /tmp larger than it was given",
    sh: "if head -c 300M /dev/zero >/tmp/big 2>/dev/null; then echo won; fi; rm /tmp/big; echo held",
    limits: { memoryBytes: 512 * MIB },
    expect: held,
  },
  {
    name: "hide memory in files without a name",
    py: 'fd = os.memfd_create("x")\nfor _ in range(200): os.write(fd, b"x" * (1 << 20))\nprint("won")',
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "hide memory in shared segments that nobody holds",
    py: `
libc.shmat.restype = ctypes.c_void_p
for _ in range(20):
    at = libc.shmat(libc.shmget(0, 10 << 20, 0o1600), None, 0)
    ctypes.memset(at, 1, 10 << 20)
    libc.shmdt(ctypes.c_void_p(at))
print("won")
`,
    limits: small,
    expect: outOfMemory,
  },
  {
    name: "hide memory in pipes and sockets",
    py: `
import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
kept = []
try:
    while True:
        for fd in os.pipe(): kept.append(fd)
        os.set_blocking(kept[-1], False)
        try:
            while os.write(kept[-1], b"x" * 65536) > 0: pass
        except BlockingIOError: pass
except OSError: pass
for fd in kept[:400]: os.close(fd)
try:
    while True:
        pair = socket.socketpair()
        kept.append(pair)
        pair[0].setblocking(False)
        try:
            while True: pair[0].send(b"x" * 65536)
        except BlockingIOError: pass
except OSError: pass
time.sleep(4021)
`,
    limits: { memoryBytes: 24 * MIB },
    timeoutMs: 60_000,
    expect: outOfMemory,
  },
  {
    name: "exhaust the names of /tmp",
    py: `
at = 0
try:
    while True:
        os.close(os.open("/tmp/%d" % at, os.O_CREAT | os.O_WRONLY))
        at += 1
except OSError as error:
    assert name_of(error.errno) in ("ENOSPC", "ENOMEM")
x = b"x" * (64 << 20)
`,
    limits: { memoryBytes: 16 * MIB },
    timeoutMs: 60_000,
    expect: outOfMemory,
  },
  {
    name: "fail for files that were only read and written",
    sh: "for i in 1 2 3; do head -c 40M /dev/zero >big; cat big >/dev/null; done; echo held",
    limits: small,
    expect: held,
  },
];

const disk: readonly Attack[] = [
  {
    name: "fill the host's disk by many files that are each allowed",
    py: `
block = bytes(4 << 20)
for at in range(2000):
    with open("%d" % at, "wb") as file: file.write(block)
print("won")
`,
    limits: { artifactBytes: MIB, memoryBytes: 256 * MIB },
    timeoutMs: 60_000,
    expect: fails("STEP_DISK"),
  },
];

const processes: readonly Attack[] = [
  {
    name: "have more processes than its limit",
    py: `
made = 1
try:
    while True:
        if os.fork() == 0: time.sleep(4021)
        made += 1
except OSError as error:
    print(name_of(error.errno), made)
`,
    limits: small,
    expect: { stdout: "EAGAIN 24\n", hit: "pids" },
  },
  {
    name: "have more threads than its limit of processes",
    py: `
import threading
made = 1
try:
    while True:
        threading.Thread(target=time.sleep, args=(4021,), daemon=True).start()
        made += 1
except RuntimeError:
    print(made)
    sys.stdout.flush()
    os._exit(0)
`,
    limits: { ...small, memoryBytes: 128 * MIB },
    expect: { stdout: "24\n", hit: "pids" },
  },
  {
    name: "bring the host down by a fork bomb",
    bash: "f() { sleep 4021 & f 2>/dev/null | f 2>/dev/null; }; f; exit 0",
    limits: { pids: 24 },
    timeoutMs: 1500,
    expect: { reason: "STEP_TIMEOUT", hit: "pids" },
  },
  {
    name: "pile up zombies beyond its limit",
    py: `
made = 1
try:
    while True:
        if os.fork() == 0: os._exit(0)
        made += 1
except OSError as error:
    print(name_of(error.errno), made)
`,
    limits: small,
    expect: { stdout: "EAGAIN 24\n", hit: "pids" },
  },
  {
    name: "escape the limit by forking faster than it is killed",
    py: `
print("up")
while True:
    try:
        if os.fork() == 0 and os.fork() == 0: os.setsid()
    except OSError: pass
`,
    limits: { pids: 48 },
    stopAt: "up",
    expect: fails("cancelled"),
  },
];

const others: readonly Attack[] = [
  {
    name: "use more of the processors than its quota",
    py: `
began, used = time.monotonic(), time.process_time
for _ in range(3):
    if os.fork() == 0:
        end = time.monotonic() + 2
        while time.monotonic() < end: pass
        os._exit(0)
for _ in range(3): os.wait()
times, passed = os.times(), time.monotonic() - began
print("held" if times.children_user + times.children_system < 0.35 * passed else "won %r %r" % (times, passed))
`,
    limits: { cpus: 0.2 },
    expect: held,
  },
  {
    name: "open files without end",
    py: `
opened = 3
try:
    while True:
        os.dup(0)
        opened += 1
except OSError as error:
    print(name_of(error.errno), opened <= 4096)
`,
    expect: { stdout: "EMFILE True\n" },
  },
  {
    name: "write a file of any size",
    py: `
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(answer(lambda: os.truncate(os.open("big", os.O_CREAT | os.O_WRONLY), 20 << 30)))
print(answer(lambda: os.pwrite(os.open("big", os.O_WRONLY), b"x", 20 << 30)))
`,
    expect: { stdout: "EFBIG\nEFBIG\n" },
  },
  {
    name: "lock memory so that it cannot be taken back",
    py: `
x = b"x" * (24 << 20)
libc.mlockall(3)
y = b"y" * (24 << 20)
print("won")
`,
    limits: small,
    expect: { reason: "STEP_OOM", hit: "memoryBytes" },
  },
  {
    name: "run on after its time, however often it starts anew",
    py: `
while True:
    if os.fork(): os._exit(0)
    os.setsid()
`,
    timeoutMs: 20_000,
    expect: { reason: "succeeded" },
  },
];

export const limitsAttacks: readonly Attack[] = [...memory, ...disk, ...processes, ...others];
