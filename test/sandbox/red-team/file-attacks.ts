import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { held, none, prints, type Attack, type Bait } from "./attack.ts";
import type { Rig } from "../sandbox-rig.ts";
import { entriesBelow } from "../entries-below.ts";

/** A file of the runner that a step must neither see nor change, and where it lies. */
function witness(rig: Rig): Bait {
  const path = join(rig.scratch, "packrun-witness");
  writeFileSync(path, "same", { mode: 0o666 });
  return {
    env: { SCRATCH: rig.scratch, WITNESS: path },
    damage: () => (readFileSync(path, "utf8") === "same" ? undefined : "the witness was changed"),
  };
}

/** Another attempt that is set up and waits, with a file in its folder. */
async function neighbour(rig: Rig): Promise<Bait> {
  const prepared = await rig.prepare({ script: "true", stdin: "its input" });
  const folders = entriesBelow(rig.scratch)
    .filter(({ name }) => /^attempt-\d+$|^slot\d+$/.test(name))
    .map((entry) => join(entry.parentPath, entry.name));
  return { env: { FOLDERS: folders.join(" ") }, remove: () => prepared.discard() };
}

function input(rig: Rig): Bait {
  const file = rig.stage("files/report.txt", "hello", 0o666);
  rig.stage("tree/a/b.txt", "deep", 0o666);
  return {
    mounts: [
      { hostPath: file, at: "/run/packrun/in/report" },
      { hostPath: join(rig.scratch, "staged", "tree"), at: "/run/packrun/inputs/src/tree" },
    ],
    damage: () => (readFileSync(file, "utf8") === "hello" ? undefined : "an input was changed"),
  };
}

function pack(rig: Rig): Bait {
  const tool = join(rig.packFolder, "tool.sh");
  const before = readFileSync(tool, "utf8");
  return { damage: () => (readFileSync(tool, "utf8") === before ? undefined : "the pack was changed") };
}

const writing: readonly Attack[] = [
  {
    name: "write below /etc",
    sh: none(": >/etc/x", "echo r::0:0::/:/bin/sh >>/etc/passwd", "rm /etc/passwd"),
    expect: held,
  },
  {
    name: "write below /usr",
    sh: none(": >/usr/bin/x", ": >/bin/x", ": >>/usr/bin/env", "rm /usr/bin/env"),
    expect: held,
  },
  { name: "write at the root", sh: none(": >/x", "mkdir /y", "mv /tmp /z", "ln -s / /l"), expect: held },
  { name: "write into /run/packrun", sh: none(": >/run/packrun/x", ": >/run/x", ": >/run/packrun/in/x"), expect: held },
  {
    name: "add a file to the pack",
    bait: pack,
    sh: none(': >"$PACKRUN_PACK/x"', 'mkdir "$PACKRUN_PACK/d"'),
    expect: held,
  },
  {
    name: "change a file of the pack",
    bait: pack,
    sh: none(
      'chmod 777 "$PACKRUN_PACK/tool.sh"',
      'echo x >>"$PACKRUN_PACK/tool.sh"',
      'rm -f "$PACKRUN_PACK/tool.sh"',
      'mv "$PACKRUN_PACK/tool.sh" "$PACKRUN_PACK/other.sh"',
      'touch -d @0 "$PACKRUN_PACK/tool.sh"',
    ),
    expect: held,
  },
  {
    name: "change a file of the pack through a link",
    bait: pack,
    sh: none(
      'ln -s "$PACKRUN_PACK/tool.sh" way && echo x >way',
      'ln "$PACKRUN_PACK/tool.sh" twin',
      "ln /usr/bin/env twin",
    ),
    expect: held,
  },
  {
    name: "change an input",
    bait: input,
    sh: none(
      "echo x >/run/packrun/in/report",
      "rm -f /run/packrun/in/report",
      "chmod 777 /run/packrun/in/report",
      "echo x >>/run/packrun/inputs/src/tree/a/b.txt",
      ": >/run/packrun/inputs/src/tree/x",
      "ln /run/packrun/in/report twin",
    ),
    expect: held,
  },
  {
    name: "change its own script",
    sh: none('echo x >>"$0"', 'chmod 777 "$0"', 'rm -f "$0"', 'mv "$0" /tmp/x'),
    expect: held,
  },
  {
    name: "put something else in the place of $PACKRUN_OUTPUT or of its folder",
    sh: none(
      'rm -f "$PACKRUN_OUTPUT"',
      'ln -sf /etc/passwd "$PACKRUN_OUTPUT"',
      'mv "$PACKRUN_OUTPUT" /tmp/x',
      'echo x >new && mv new "$PACKRUN_OUTPUT"',
      "mv /run/packrun/work /run/packrun/other",
      "cd / && rmdir /run/packrun/work",
    ),
    expect: held,
  },
  {
    name: "name its standard input as a file of its own",
    stdin: "from the pack",
    py: `
print(answer(lambda: os.link("/proc/self/fd/0", "x", follow_symlinks=True)))
print(answer(lambda: os.open("/proc/self/fd/0/..", os.O_RDONLY)))
`,
    expect: { stdout: /^(?:EXDEV|EPERM)\nENOTDIR\n$/ },
  },
  {
    name: "give a file to another user",
    sh: `: >x; ${none("chown 0:0 x", "chown 1001 x", "chown 65534 x", "chgrp 0 x")}`,
    expect: held,
  },
  {
    name: "give a file capabilities, trust or immunity",
    py: `
import fcntl
open("x", "w").close()
capability = bytes.fromhex("0100000200200000000000000000000000000000")
print(answer(lambda: os.setxattr("x", "security.capability", capability)))
print(answer(lambda: os.setxattr("x", "trusted.x", b"1")))
print(answer(lambda: fcntl.ioctl(os.open("x", os.O_RDONLY), 0x40086602, b"\\x10\\0\\0\\0\\0\\0\\0\\0")))
`,
    expect: { stdout: /^EPERM\nEPERM\n(?:EPERM|ENOTTY|EOPNOTSUPP)\n$/ },
  },
  {
    name: "make a device",
    sh: none("mknod /tmp/d b 8 0", "mknod d c 1 1", "mknod /dev/d c 1 1", "mknod d b 7 0"),
    expect: held,
  },
  { name: "write into /dev", sh: none(": >/dev/x", "rm /dev/null", "mv /dev/zero /dev/null"), expect: held },
  {
    name: "leave its folder by moving the ground under its feet",
    py: `
os.makedirs("a/b/c")
fd = os.open("a/b/c", os.O_RDONLY)
os.rename("a/b", "moved")
up = os.open("../..", os.O_RDONLY, dir_fd=fd)
print(os.stat(up).st_ino == os.stat(".").st_ino, answer(lambda: os.rename("moved", "/tmp/moved")))
print(sorted(os.listdir(os.open("../../../../../..", os.O_RDONLY, dir_fd=fd))) == sorted(os.listdir("/")))
print(answer(lambda: os.open("root", os.O_RDONLY, dir_fd=os.open("../../../../../..", os.O_RDONLY, dir_fd=fd))))
`,
    expect: prints("True EXDEV", "True", "ENOENT"),
  },
];

const reading: readonly Attack[] = [
  {
    name: "read what only the host's root may",
    sh: none(
      "cat /etc/shadow",
      "cat /etc/gshadow",
      "cat /etc/sudoers",
      "ls /etc/ssh /etc/ssl/private",
      "cat /proc/kcore",
      "cat /proc/kmsg",
    ),
    expect: held,
  },
  {
    name: "see the host's homes and state",
    sh: "for d in /root /home /var /opt /srv /mnt /media /sys /boot /run/user /run/lock /run/systemd; do if [ -e $d ]; then echo won $d; fi; done; echo held",
    expect: held,
  },
  {
    name: "see or change a file of the runner",
    bait: witness,
    sh: `${none('cat "$WITNESS"', 'ls "$SCRATCH"', 'echo x >"$WITNESS"', 'ls "../../../$SCRATCH"', 'for r in /proc/[0-9]*/root; do cat "$r$WITNESS" && exit 0; done; false')}
find / -name packrun-witness 2>/dev/null | grep . && echo won; true`,
    expect: held,
  },
  {
    name: "reach another attempt's folder or another slot's pipes",
    bait: neighbour,
    py: `
for folder in os.environ["FOLDERS"].split():
    for path in (folder, folder + "/work", folder + "/stdin", folder + "/out", folder + "/launch"):
        print(answer(lambda: os.stat(path)))
`,
    expect: { stdout: /^(?:ENOENT\n)+$/ },
  },
  {
    name: "reach by its mounts what lies beside them on the host",
    py: `
for line in open("/proc/self/mountinfo"):
    fields = line.split()
    behind = os.path.dirname(fields[3])
    if behind not in ("/", "/usr", "/etc", "/proc") and not behind.startswith(("/usr/", "/etc/", "/proc")):
        print(answer(lambda: os.listdir(behind)))
`,
    expect: { stdout: /^(?:ENOENT\n|EACCES\n)+$/ },
  },
  {
    name: "open the host's devices",
    py: `
for name in ("mem", "kmem", "port", "kmsg", "sda", "vda", "nvme0n1", "loop0", "loop-control", "kvm", "fuse", "net/tun", "vhost-vsock", "uinput", "dri", "input", "snd", "rtc0", "mapper/control"):
    print(answer(lambda: os.open("/dev/" + name, os.O_RDONLY)))
`,
    expect: { stdout: /^(?:ENOENT\n){19}$/ },
  },
  {
    name: "learn where the kernel lies, or read its memory",
    py: `
def told(path):
    try:
        with open(path, "rb") as file: return any(line.split()[0].strip(b"0") for line in file)
    except OSError: return False
for path in ("/proc/kallsyms", "/proc/kcore", "/proc/modules", "/proc/vmallocinfo"):
    with_addresses = told(path) if path == "/proc/kallsyms" else answer(lambda: os.read(os.open(path, os.O_RDONLY), 1)) == "won" and path != "/proc/modules"
    print("won " + path if with_addresses else "held")
`,
    expect: prints("held", "held", "held", "held"),
  },
  {
    name: "find the keys of others",
    sh: "for f in /proc/keys /proc/key-users; do if [ -s $f ] && grep -v '^$' $f | grep -q ' root\\|_uid.0:'; then echo won $f; fi; done; echo held",
    expect: held,
  },
];

export const fileAttacks: readonly Attack[] = [...writing, ...reading];
