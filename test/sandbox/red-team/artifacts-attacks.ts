import { fails, prints, type Attack } from "./attack.ts";
import { MIB } from "../sandbox-rig.ts";

const file = { x: { file: "x" } } as const;
const dir = { x: { dir: "d" } } as const;
const integer = { x: { type: "integer" } } as const;

const unsafe = (hint: RegExp): Attack["expect"] => fails("STEP_OUTPUT_UNSAFE", { exitCode: 0, hint });
const tooLarge = fails("STEP_OUTPUT_TOO_LARGE", { exitCode: 0, hit: "artifactBytes" });

const links: readonly Attack[] = [
  { name: "hand out a file of the host by a link", sh: "ln -s /etc/passwd x", outputs: file, expect: unsafe(/link/) },
  {
    name: "hand out the runner's own files by a link into /proc",
    sh: "ln -s /proc/self/environ x",
    outputs: file,
    expect: unsafe(/link/),
  },
  {
    name: "hand out a file behind a link on the way",
    sh: "ln -s /etc d",
    outputs: { x: { file: "d/hostname" } },
    expect: unsafe(/link/),
  },
  { name: "hand out a folder of the host by a link", sh: "ln -s /etc d", outputs: dir, expect: unsafe(/link/) },
  {
    name: "put a link to the host into a folder",
    sh: "mkdir d; ln -s /etc/shadow d/s",
    outputs: dir,
    expect: unsafe(/s/),
  },
  {
    name: "climb out of a folder by a link",
    sh: "mkdir d; ln -s ../../output.json d/s",
    outputs: dir,
    expect: unsafe(/s/),
  },
  {
    name: "climb out of a folder by two links",
    sh: "mkdir -p d/a/b; ln -s a/b d/s; ln -s s/../../../y d/e",
    outputs: dir,
    expect: unsafe(/e/),
  },
  { name: "hand out a hard link", sh: "echo x >y; ln y x", outputs: file, expect: unsafe(/hard link/) },
  {
    name: "put a hard link into a folder",
    sh: "mkdir d; echo x >y; ln y d/y",
    outputs: dir,
    expect: unsafe(/hard link/),
  },
];

const kinds: readonly Attack[] = [
  { name: "make the runner wait for a FIFO", sh: "mkfifo x", outputs: file, expect: unsafe(/FIFO/) },
  {
    name: "make the runner wait for a FIFO in a folder",
    sh: "mkdir d; mkfifo d/f",
    outputs: dir,
    expect: unsafe(/FIFO/),
  },
  {
    name: "hand out a socket",
    py: 'import socket\nsocket.socket(socket.AF_UNIX).bind("x")',
    outputs: file,
    expect: unsafe(/socket/),
  },
  {
    name: "hand out a device, if only the one that it may make",
    sh: "mknod x c 0 0",
    outputs: file,
    expect: unsafe(/device/),
  },
  {
    name: "keep set-user-id bits on what it hands out",
    sh: "mkdir d; cp /usr/bin/id d/id; chmod 6755 d/id",
    outputs: dir,
    expect: { reason: "succeeded" },
  },
];

const quoted = (bytes: string): string => `mkdir d; : >"d/$(printf '${bytes}')"`;

const names: readonly Attack[] = [
  { name: "smuggle a newline in a name", sh: 'mkdir d; : >"d/a\nb"', outputs: dir, expect: unsafe(/^[^\n]*$/) },
  { name: "smuggle an escape in a name", sh: quoted("\\033[2Jx"), outputs: dir, expect: unsafe(/^\P{Cc}*$/u) },
  {
    name: "smuggle a name that turns text around",
    sh: quoted("\\342\\200\\256gnp.exe"),
    outputs: dir,
    expect: unsafe(/^[^\u202e]*$/),
  },
  { name: "smuggle a name that is no text", sh: quoted("\\377\\376"), outputs: dir, expect: unsafe(/UTF-8/) },
  { name: "hide a file behind its twin in case", sh: "mkdir d; : >d/a; : >d/A", outputs: dir, expect: unsafe(/A|a/) },
  {
    name: "hide a file behind its twin in normal form",
    sh: "mkdir d; : >\"d/$(printf '\\303\\251')\"; : >\"d/$(printf 'e\\314\\201')\"",
    outputs: dir,
    expect: unsafe(/./),
  },
  {
    name: "hide a folder behind its twin in case",
    sh: "mkdir -p d/a d/A; : >d/a/x; : >d/A/x",
    outputs: dir,
    expect: unsafe(/./),
  },
];

const sizes: readonly Attack[] = [
  {
    name: "hand out more than its limit",
    sh: "head -c 2M /dev/zero >x",
    outputs: file,
    limits: { artifactBytes: MIB },
    expect: tooLarge,
  },
  { name: "hand out a sparse file of any size", sh: "truncate -s 7G x", outputs: file, expect: tooLarge },
  {
    name: "hand out too much in many small files",
    sh: "mkdir d; for i in 1 2 3; do head -c 400k /dev/zero >d/$i; done",
    outputs: dir,
    limits: { artifactBytes: MIB },
    expect: tooLarge,
  },
  {
    name: "hand out the same bytes again and again",
    sh: "head -c 600k /dev/zero >x; cp x y",
    outputs: { x: { file: "x" }, y: { file: "y" } },
    limits: { artifactBytes: MIB },
    expect: tooLarge,
  },
  {
    name: "exhaust the runner by a deep tree",
    py: 'for _ in range(3000):\n    os.mkdir("d")\n    os.chdir("d")',
    outputs: dir,
    expect: fails("STEP_OUTPUT_TOO_LARGE", { hint: /deep/ }),
  },
  {
    name: "exhaust the runner by a huge folder",
    py: 'os.mkdir("d")\nfor at in range(100_001): os.mknod("d/%d" % at)',
    outputs: dir,
    timeoutMs: 120_000,
    limits: { memoryBytes: 512 * MIB },
    expect: fails("STEP_OUTPUT_TOO_LARGE", { hint: /100000 entries/ }),
  },
  {
    name: "exhaust the runner by typed outputs",
    sh: 'head -c 3M /dev/zero | tr "\\0" " " >"$PACKRUN_OUTPUT"',
    outputs: integer,
    expect: tooLarge,
  },
  {
    name: "exhaust the runner by sparse typed outputs",
    sh: 'truncate -s 7G "$PACKRUN_OUTPUT"',
    outputs: integer,
    expect: tooLarge,
  },
  {
    name: "exhaust the runner by values nested without end",
    py: `open(os.environ["PACKRUN_OUTPUT"], "w").write('{"x": ' + "[" * 100000 + "]" * 100000 + "}")`,
    outputs: { x: { type: "array" } },
    expect: fails("STEP_OUTPUT_TYPE"),
  },
];

const tricks: readonly Attack[] = [
  {
    name: "swap an output for a link while it is collected",
    py: `
open("x", "w").write("mine")
os.symlink("/etc/passwd", "link")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            os.rename("x", "y"); os.rename("link", "x"); os.rename("x", "link"); os.rename("y", "x")
    os._exit(0)
os.wait()
print("up")
`,
    outputs: { all: { dir: "." } },
    expect: unsafe(/link|x/),
  },
  {
    name: "go on writing to an output while it is collected",
    py: `
fd = os.open("x", os.O_CREAT | os.O_RDWR)
if os.fork() == 0:
    os.setsid()
    while True: os.pwrite(fd, b"x" * 4096, 0)
print("up")
`,
    outputs: file,
    expect: prints("up"),
  },
  {
    name: "reach the runner's own objects by its typed outputs",
    sh: `printf '{"__proto__": {"x": 1}, "constructor": {"x": 1}}' >"$PACKRUN_OUTPUT"`,
    outputs: integer,
    expect: fails("STEP_OUTPUT_MISSING"),
  },
  {
    name: "give a value of another type than was declared",
    sh: `printf '{"x": 9007199254740993}' >"$PACKRUN_OUTPUT"`,
    outputs: integer,
    expect: fails("STEP_OUTPUT_TYPE"),
  },
  {
    name: "leave a declared output out and pass",
    sh: "exit 0",
    outputs: file,
    expect: fails("STEP_OUTPUT_MISSING", { exitCode: 0 }),
  },
  {
    name: "hand anything out when it failed",
    sh: "echo x >x; exit 1",
    outputs: file,
    expect: fails("STEP_EXIT", { exitCode: 1 }),
  },
  {
    name: "leave behind what the runner cannot remove",
    py: `
for _ in range(30):
    os.mkdir("d" * 200)
    open("f", "w").close()
    os.chmod("f", 0)
    last = os.open(".", os.O_RDONLY)
    os.chdir("d" * 200)
    os.fchmod(last, 0)
`,
    expect: { reason: "succeeded" },
  },
];

export const artifactsAttacks: readonly Attack[] = [...links, ...kinds, ...names, ...sizes, ...tricks];
