import { fails, prints, type Attack } from "./attack.ts";
import { MIB } from "../sandbox-rig.ts";

const watched = { minEnforcement: "watchdog", memoryBytes: 48 * MIB, pids: 16 } as const;
const caught = fails("STEP_OOM", { hit: "memoryBytes" });
const hog = "x = b'x' * (150 << 20)\ntime.sleep(4021)";

/** Where no cgroup counts memory and processes: what is left is a watchdog and the limits of processes. */
export const watchdogAttacks: readonly Attack[] = [
  { name: "take more memory than a watchdog sees", py: hog, expect: caught },
  {
    name: "hide memory from a watchdog in many processes",
    py: "for _ in range(8):\n    if os.fork() == 0:\n        x = b'x' * (20 << 20)\n        time.sleep(4021)\nos.wait()",
    expect: caught,
  },
  {
    name: "hide memory from a watchdog behind a thread that forks",
    py: `
import threading
def work():
    if os.fork() == 0:
        x = b"x" * (150 << 20)
        time.sleep(4021)
    time.sleep(4021)
threading.Thread(target=work).start()
time.sleep(4021)
`,
    expect: caught,
  },
  {
    name: "hide memory from a watchdog in an orphan",
    py: "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        x = b'x' * (150 << 20)\n        time.sleep(4021)\n    os._exit(0)\ntime.sleep(4021)",
    expect: caught,
  },
  {
    name: "have more processes than its limit where no cgroup counts them",
    py: `
made = 1
try:
    while True:
        if os.fork() == 0: time.sleep(4021)
        made += 1
except OSError as error:
    print(name_of(error.errno), made)
`,
    limits: { ...watched, memoryBytes: 1024 * MIB },
    expect: prints("EAGAIN 16"),
  },
  {
    name: "have more processes by changing its limit or its user",
    py: `
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
for more in (hard + 1, resource.RLIM_INFINITY):
    try:
        resource.setrlimit(resource.RLIMIT_NPROC, (more, more))
        print("won")
    except (ValueError, OSError): print("held")
print(call("setuid", 1001), call("unshare", 0x10000000))
`,
    expect: prints("held", "held", "EINVAL EPERM"),
  },
  {
    name: "have more processes by code that its environment loads first",
    env: { LD_PRELOAD: "/red-team.so", SHELLOPTS: "xtrace", PS4: "won", "BASH_FUNC_ulimit%%": "() { :; }" },
    sh: 'made=1; while sleep 4021 & do made=$((made + 1)); [ "$made" -lt 40 ] || echo won; done 2>/dev/null; echo ended',
    expect: { reason: "STEP_EXIT" },
  },
  {
    name: "leave a daemon where no cgroup lists it",
    sh: "(setsid sh -c 'trap \"\" TERM HUP; exec sleep 4021' >/dev/null 2>&1 &) ; echo up; sleep 4021",
    stopAt: "up",
    expect: fails("cancelled"),
  },
].map((attack): Attack => ({ limits: watched, ...attack }));
