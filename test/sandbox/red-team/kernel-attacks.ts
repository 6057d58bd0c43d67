import { arch } from "node:os";
import { absent, forbidden } from "../../../src/sandbox/root/syscall-numbers.ts";
import { fails, held, none, prints, type Attack } from "./attack.ts";

/** One system call each: what it would do, and the Python that tries it and prints the answers. */
const calls: readonly (readonly [name: string, py: string, ...answers: readonly string[]])[] = [
  [
    "trace its init",
    'print(call("ptrace", 16, 1, 0, 0), call("ptrace", 0, 0, 0, 0), call("ptrace", 0x4206, 1, 0, 0))',
    "EPERM EPERM EPERM",
  ],
  ["read another process' memory by a call", 'print(call("process_vm_readv", 1, 0, 0, 0, 0, 0))', "EPERM"],
  ["write another process' memory by a call", 'print(call("process_vm_writev", 1, 0, 0, 0, 0, 0))', "EPERM"],
  ["take a descriptor from another process", 'fd = os.pidfd_open(1)\nprint(call("pidfd_getfd", fd, 0, 0))', "EPERM"],
  ["compare itself with other processes' kernel objects", 'print(call("kcmp", 1, 1, 0, 0, 0))', "EPERM"],
  [
    "mount a file system",
    'print(call("mount", b"t", b"/tmp", b"tmpfs", 0, 0), call("mount", b"/", b"/tmp", b"", 4096, 0))',
    "EPERM EPERM",
  ],
  [
    "make a mount writable again",
    'print(call("mount", b"", b"/", b"", 32, 0), call("mount", b"", b"/usr", b"", 32 | 4096, 0))',
    "EPERM EPERM",
  ],
  [
    "unmount what hides the host",
    'print(call("umount2", b"/proc", 2), call("umount2", b"/proc/sys", 2), call("umount2", b"/tmp", 10))',
    "EPERM EPERM EPERM",
  ],
  [
    "use the new calls for mounts",
    'print(call("open_tree", -100, b"/", 1), call("fsopen", b"proc", 0), call("move_mount", -100, b"/tmp", -100, b"/dev", 0), call("mount_setattr", -100, b"/", 0, bytes(32), 32))',
    "EPERM EPERM EPERM EPERM",
  ],
  ["change its root", 'print(call("pivot_root", b"/tmp", b"/tmp"), call("chroot", b"/tmp"))', "EPERM EPERM"],
  [
    "leave its namespaces for others",
    'for kind in ("user", "net", "mnt", "pid", "ipc", "uts", "cgroup"):\n    print(call("setns", os.open("/proc/self/ns/" + kind, os.O_RDONLY), 0), end=" ")\nprint(call("setns", os.pidfd_open(1), 0x7e020000))',
    "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM",
  ],
  [
    "make namespaces of its own",
    'for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80):\n    print(call("unshare", flag), end=" ")\nprint()',
    "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM ",
  ],
  [
    "fork into namespaces of its own",
    'for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x7e020000):\n    print(call("clone", flag | 17, 0, 0, 0, 0), end=" ")\nprint()',
    "EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM ",
  ],
  [
    "fork into a namespace by the newer call",
    'print(call("clone3", (17).to_bytes(8, "little") + bytes(80), 88))',
    "ENOSYS",
  ],
  [
    "keep keys in the kernel",
    'print(call("add_key", b"user", b"k", b"v", 1, -3), call("request_key", b"user", b"k", 0, -3), call("keyctl", 0, -3, 1))',
    "EPERM EPERM EPERM",
  ],
  [
    "load a program into the kernel",
    'print(call("bpf", 0, bytes(128), 128), call("bpf", 5, bytes(128), 128))',
    "EPERM EPERM",
  ],
  ["measure the kernel", 'print(call("perf_event_open", bytes(128), 0, -1, -1, 0))', "EPERM"],
  ["stop the kernel in a page fault", 'print(call("userfaultfd", 0), call("userfaultfd", 1))', "EPERM EPERM"],
  ["hand the kernel work through a ring", 'print(call("io_uring_setup", 8, bytes(120)))', "ENOSYS"],
  [
    "start another kernel",
    'print(call("kexec_load", 0, 0, 0, 0), call("kexec_file_load", -1, -1, 0, b"", 0))',
    "EPERM EPERM",
  ],
  [
    "load or unload a module",
    'print(call("init_module", b"", 0, b""), call("finit_module", 0, b"", 0), call("delete_module", b"loop", 2048))',
    "EPERM EPERM EPERM",
  ],
  [
    "set the clock",
    'print(call("settimeofday", bytes(16), 0), call("clock_settime", 0, bytes(16)), call("clock_adjtime", 0, bytes(208)))',
    "EPERM EPERM EPERM",
  ],
  ["swap", 'print(call("swapon", b"/tmp/x", 0), call("swapoff", b"/tmp/x"))', "EPERM EPERM"],
  ["restart the host", 'print(call("reboot", 0xfee1dead, 672274793, 0x1234567, 0))', "EPERM"],
  [
    "set quotas or account for processes",
    'print(call("quotactl", 0x80000700, 0, 0, 0), call("acct", b"/tmp/x"))',
    "EPERM EPERM",
  ],
  [
    "read or clear the kernel's log",
    'print(call("syslog", 3, bytes(64), 64), call("syslog", 5, 0, 0), call("syslog", 10, 0, 0))',
    "EPERM EPERM EPERM",
  ],
  [
    "open a file by its handle",
    'print(call("name_to_handle_at", -100, b"/usr", bytes(200), bytes(8), 0), call("open_by_handle_at", 0, bytes(200), 0))',
    "EPERM EPERM",
  ],
  ["watch what others open", 'print(call("fanotify_init", 0, 0))', "EPERM"],
  [
    "name the host",
    'print(call("sethostname", b"mine", 4), call("setdomainname", b"mine", 4))\nprint(os.uname().nodename)',
    "EPERM EPERM",
    "packrun",
  ],
  ["hang up the host's terminal", 'print(call("vhangup"))', "EPERM"],
  [
    "type into a terminal, whatever the upper bits of the request",
    'leader, follower = os.openpty()\nfor high in (0, 1 << 32, 0xffffffff << 32):\n    print(call("ioctl", follower, high | 0x5412, b"x"), call("ioctl", follower, high | 0x541c, b"\\x03"))',
    "EPERM EPERM",
    "EPERM EPERM",
    "EPERM EPERM",
  ],
  [
    "use sockets of families that no network namespace cuts off",
    'for family in (40, 38, 17, 31, 29, 30, 39, 41, 44, 45, 3, 5):\n    print(call("socket", family, 2, 0), call("socket", family | 1 << 32, 5, 0))',
    ...Array.from({ length: 12 }, () => "EAFNOSUPPORT EAFNOSUPPORT"),
  ],
  [
    "use only those sockets that the filter leaves",
    'print(*(call("socket", family, kind, 0) for family, kind in ((1, 1), (2, 1), (10, 1), (16, 3))))',
    "done done done done",
  ],
  [
    "get around the filter by another personality",
    'print(call("personality", 0x0008) in ("done", "EPERM"), call("unshare", 0x10000000), call("mount", b"t", b"/tmp", b"tmpfs", 0, 0))',
    "True EPERM EPERM",
  ],
  [
    "take the filter off by adding one",
    'print(call("prctl", 22, 0, 0, 0, 0), call("prctl", 22, 2, bytes([1, 0, 0, 0, 0, 0, 0, 0]) , 0, 0) != "done", call("prctl", 38, 0, 0, 0, 0), call("unshare", 0x10000000))',
    "EINVAL True EINVAL EPERM",
  ],
];

/** Machine code for x86-64 that calls the kernel as a 32-bit program does, by `int 0x80`. */
const onlyOnX64: readonly Attack[] = [
  {
    name: "call the kernel as a 32-bit program",
    py: `
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))
print("up")
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print("won")
`,
    expect: fails("STEP_EXIT", { stdout: "up\n" }),
  },
  {
    name: "call the kernel by the numbers of x32",
    py: "print(call(0x40000000 + 39), call(0x40000000 + 101, 0, 0, 0, 0), call(0x40000000 + 521, 0, 0, 0, 0))",
    expect: prints("EPERM EPERM EPERM"),
  },
  {
    name: "reach the machine's ports or its descriptor tables",
    py: 'print(call("iopl", 3), call("ioperm", 0x70, 1, 1), call("modify_ldt", 1, bytes(16), 16))',
    expect: prints("EPERM EPERM EPERM"),
  },
];

/** Every entry of the filter's tables, so that none is there in name only. */
function tables(): Attack {
  const column = arch() === "arm64" ? 1 : 0;
  const wanted = [forbidden, absent].flatMap((table) =>
    Object.entries(table).flatMap(([name, numbers]) =>
      numbers[column] === null ? [] : [{ name, number: numbers[column], error: table === absent ? "ENOSYS" : "EPERM" }],
    ),
  );
  return {
    name: "make any call that the filter names",
    py: `for name, number in (${wanted.map(({ name, number }) => `("${name}", ${number})`).join(", ")}):\n    print(name, call(number, 0, 0, 0, 0, 0))`,
    expect: prints(...wanted.map(({ name, error }) => `${name} ${error}`)),
  };
}

export const kernelAttacks: readonly Attack[] = [
  ...calls.map(([name, py, ...answers]): Attack => ({ name, py, expect: prints(...answers) })),
  ...(arch() === "x64" ? onlyOnX64 : []),
  tables(),
  {
    name: "use the host's own tools for namespaces and mounts",
    sh: none(
      "unshare -U true",
      "unshare -r true",
      "bwrap --unshare-user --ro-bind / / true",
      "nsenter -t 1 -m true",
      "mount -t tmpfs t /tmp",
      "mount --bind /tmp /usr",
      "umount -l /proc",
      "chroot / true",
    ),
    expect: held,
  },
  {
    name: "change any setting of the kernel",
    py: `
open_for_writing, looked = [], 0
for top, folders, files in os.walk("/proc/sys"):
    for name in files:
        looked += 1
        if answer(lambda: os.open(os.path.join(top, name), os.O_WRONLY)) == "won":
            open_for_writing.append(os.path.join(top, name))
print(looked > 100, open_for_writing)
`,
    expect: prints("True []"),
  },
  {
    name: "write what the kernel runs or does on command",
    py: `
for path in ("sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/vm/drop_caches", "sys/kernel/ns_last_pid", "sysrq-trigger", "irq/default_smp_affinity", "bus/pci", "mtrr", "fs", "acpi", "scsi/scsi", "driver", "self/attr/exec", "self/timens_offsets", "self/uid_map", "self/setgroups"):
    print("held" if answer(lambda: put("/proc/" + path, "0")) in ("EACCES", "EPERM", "ENOENT", "EROFS", "EISDIR", "EINVAL") else "won " + path)
`,
    expect: { stdout: /^(?:held\n){16}$/ },
  },
  {
    name: "see or use cgroups and /sys",
    sh: none(
      "ls /sys/fs/cgroup",
      "ls /sys/kernel",
      "ls /sys",
      "ls /proc/self/cgroup/..",
      "grep -q packrun /proc/self/cgroup",
      "mkdir /sys/fs/cgroup/x",
    ),
    expect: held,
  },
];
