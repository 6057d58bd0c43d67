import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { arch } from "node:os";
import { join } from "node:path";
import t from "tap";
import { absent, forbidden } from "../../src/sandbox/syscall-numbers.ts";
import { openRig, reasonOf, type Wanted } from "./sandbox-rig.ts";

const rig = openRig(t);
const asRoot = process.getuid?.() === 0;

/** Each attack prints `won` when it gets through; `held` is what stands on stdout when it does not. */
const attacks: readonly (Wanted & {
  readonly attack: string;
  readonly script: string;
  readonly held?: string | RegExp;
})[] = [
  { attack: "write below /etc", script: "(: >/etc/x) 2>/dev/null && echo won; echo held" },
  { attack: "change /etc/passwd", script: "(echo r::0:0::/:/bin/sh >>/etc/passwd) 2>/dev/null && echo won; echo held" },
  { attack: "write below /usr", script: "(: >/usr/bin/x) 2>/dev/null && echo won; echo held" },
  {
    attack: "write at the root",
    script: "(: >/x) 2>/dev/null && echo won; mkdir /y 2>/dev/null && echo won; echo held",
  },
  { attack: "write into /run/packrun", script: "(: >/run/packrun/x) 2>/dev/null && echo won; echo held" },
  { attack: "write into the pack", script: '(: >"$PACKRUN_PACK/x") 2>/dev/null && echo won; echo held' },
  {
    attack: "change a file of the pack",
    script: 'chmod 777 "$PACKRUN_PACK/tool.sh" 2>/dev/null && echo won; echo held',
  },
  {
    attack: "add a device",
    script: "mknod /tmp/d b 8 0 2>/dev/null && echo won; mknod /dev/d c 1 1 2>/dev/null && echo won; echo held",
  },
  { attack: "write into /dev", script: "(: >/dev/x) 2>/dev/null && echo won; echo held" },
  { attack: "read /etc/shadow", script: "cat /etc/shadow 2>/dev/null && echo won; echo held" },
  {
    attack: "see the host's homes and state",
    script: "for d in /root /home /var /opt /srv /mnt /sys /boot; do [ -e $d ] && echo won $d; done; echo held",
  },
  {
    attack: "see the host's processes",
    script: 'n=0; for p in /proc/[0-9]*; do n=$((n+1)); done; [ "$n" -lt 8 ] && echo held || echo won',
  },
  {
    attack: "gain rights by a setuid program",
    script: 'cp /usr/bin/id /tmp/id && chmod 4755 /tmp/id && [ "$(/tmp/id -u)" = 1000 ] && echo held',
  },
  {
    attack: "keep capabilities",
    script:
      "grep -q '^CapEff:.*[1-9a-f]' /proc/self/status && echo won; grep -q 'CapBnd:.*[1-9a-f]' /proc/self/status && echo won; echo held",
  },
  { attack: "gain new privileges", script: "grep -q 'NoNewPrivs:.1' /proc/self/status && echo held" },
  { attack: "run without a filter", script: "grep -q 'Seccomp:.2' /proc/self/status && echo held" },
  {
    attack: "make a user namespace",
    script:
      "unshare -U true 2>/dev/null && echo won; bwrap --unshare-user --ro-bind / / true 2>/dev/null && echo won; echo held",
  },
  {
    attack: "mount something",
    script: "mount -t tmpfs t /tmp 2>/dev/null && echo won; mount --bind /tmp /usr 2>/dev/null && echo won; echo held",
  },
  { attack: "make the root writable again", script: "mount -o remount,rw / 2>/dev/null && echo won; echo held" },
  {
    attack: "unmount what hides the host",
    script: "umount -l /proc 2>/dev/null && echo won; umount -l /tmp 2>/dev/null && echo won; echo held",
  },
  {
    attack: "set the host's core pattern",
    script: "(echo x >/proc/sys/kernel/core_pattern) 2>/dev/null && echo won; echo held",
  },
  { attack: "pull the emergency brake", script: "(echo h >/proc/sysrq-trigger) 2>/dev/null && echo won; echo held" },
  {
    attack: "see a network interface",
    script: "grep -c : /proc/net/dev | grep -qx 1 && grep -q 'lo:' /proc/net/dev && echo held",
  },
  { attack: "resolve a name", script: "getent hosts example.com >/dev/null 2>&1 && echo won; echo held" },
  {
    attack: "see another program's environment",
    script: "cat /proc/1/environ | tr '\\0' '\\n' | grep -q HOST_MARK && echo won; echo held",
  },
  {
    attack: "find descriptors of the runner",
    script:
      "ls /proc/self/fd | tr '\\n' ' ' | grep -qx '0 1 2 3 ' && ! ls /proc/1/fd 2>/dev/null | grep . && ! cat /proc/1/environ 2>/dev/null && echo held",
  },
  {
    attack: "read its own output pipe",
    script: "(timeout 1 cat /proc/self/fd/1 </dev/null >/dev/null) 2>/dev/null; echo held",
  },
  {
    attack: "end the init of its namespace",
    script: "kill -9 1 2>/dev/null || true; kill -TERM 1 2>/dev/null || true; echo held",
  },
  { attack: "stop every process it can name", script: "kill -STOP -1 2>/dev/null || true; echo held" },
  {
    attack: "dump core onto the host",
    script: 'ulimit -c unlimited 2>/dev/null && echo won; [ "$(ulimit -c)" = 0 ] && echo held',
  },
  { attack: "open files without end", script: '[ "$(ulimit -n)" -le 4096 ] && echo held' },
  {
    attack: "fill /tmp without end",
    script: "head -c 300M /dev/zero >/tmp/big 2>/dev/null && echo won; echo held",
    limits: { memoryBytes: 16 * 1024 * 1024 },
    // The folder is full first, or the memory that its files count as.
    held: /^(?:held\n)?$/,
  },
  {
    attack: "write a file of the host's size",
    script: "truncate -s 20G big 2>/dev/null && echo won; echo held",
  },
  { attack: "find secrets of others in /tmp", script: 'ls -A /tmp | tr "\\n" " " | grep -qx "home " && echo held' },
  { attack: "signal by process group", script: "kill -9 0", held: "" },
];

for (const { attack, held = "held\n", ...wanted } of attacks) {
  t.test(`a step cannot ${attack}`, async (t) => {
    const { stdout, outcome } = await rig.run(wanted);
    t.notMatch(stdout, /won/);
    t.match(stdout, held, JSON.stringify(outcome));
  });
}

t.test("a step cannot reach a port of the host's loopback", async (t) => {
  let reached = 0;
  const server = createServer(() => (reached += 1)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const { stdout } = await rig.run({
    program: {
      kind: "script",
      shell: "bash",
      text: `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo won; echo held`,
    },
  });
  server.close();
  t.equal(stdout, "held\n");
  t.equal(reached, 0);
});

t.test("every forbidden system call is refused, every absent one is absent", async (t) => {
  const column = arch() === "arm64" ? 1 : 0;
  const calls = [forbidden, absent].flatMap((table) =>
    Object.entries(table).flatMap(([name, numbers]) => (numbers[column] === null ? [] : [[name, numbers[column]]])),
  );
  const list = calls.map(([name, number]) => `"${name}",${number}`).join(",");
  const script = `my @c=(${list}); while (my ($n,$k)=splice(@c,0,2)) { my $r=syscall($k,0,0,0,0,0); print "$n ", ($r==-1 ? $!+0 : "won"), "\\n"; }`;
  const { stdout } = await rig.run({ program: { kind: "command", argv: ["perl", "-e", script] } });
  const answers = Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line): readonly [string, string] => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]),
  );
  t.strictSame(
    answers,
    Object.fromEntries(calls.map(([name]) => [name, Object.hasOwn(absent, String(name)) ? "38" : "1"])),
  );
});

t.test("sockets of other families and new namespaces by clone are refused", async (t) => {
  const script = [
    "for my $f (40, 17, 16, 2, 10, 1) { print $f, ' ', (socket(my $s, $f, $f == 16 || $f == 17 ? 3 : 1, 0) ? 'made' : $!+0), qq(\\n); }",
    `print 'clone ', (syscall(${arch() === "arm64" ? 220 : 56}, 0x10000011, 0, 0, 0, 0) == -1 ? $!+0 : 'won'), qq(\\n);`,
  ].join(" ");
  const { stdout } = await rig.run({ program: { kind: "command", argv: ["perl", "-e", script] } });
  t.strictSame(stdout.trim().split("\n"), ["40 97", "17 97", "16 made", "2 made", "10 made", "1 made", "clone 1"]);
});

t.test("inside, environment, arguments and folders are the same on every host", async (t) => {
  const { stdout, outcome } = await rig.run({
    script: "env | sort; pwd; id; stat -c '%a %n' /run/packrun /tmp /tmp/home /dev/shm; cat; echo \"$0\"",
    env: { PLAIN: "a 'b' \"c\"\n$d", PATH: "/run/packrun/pack", PACKRUN_SEED: "mine" },
    stdin: "from stdin\n",
  });
  t.equal(outcome.kind, "succeeded");
  t.strictSame(stdout.split("\n").slice(0, -1), [
    "$d",
    "HOME=/tmp/home",
    "LANG=C.UTF-8",
    "LOGNAME=step",
    "PACKRUN_ATTEMPT=1",
    "PACKRUN_IN=/run/packrun/in",
    "PACKRUN_OUTPUT=/run/packrun/output.json",
    "PACKRUN_PACK=/run/packrun/pack",
    `PACKRUN_PLAN_HASH=sha256:${"0".repeat(64)}`,
    "PACKRUN_RUN_ID=019a0000-0000-7000-8000-000000000001",
    "PACKRUN_SEED=5eed",
    "PACKRUN_STEP_ID=step",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "PLAIN=a 'b' \"c\"",
    "PWD=/run/packrun/work",
    "SOURCE_DATE_EPOCH=1700000000",
    "TMPDIR=/tmp",
    "TZ=UTC",
    "USER=step",
    "/run/packrun/work",
    "uid=1000(step) gid=1000(step) groups=1000(step)",
    "755 /run/packrun",
    "1777 /tmp",
    "700 /tmp/home",
    "1777 /dev/shm",
    "from stdin",
    "/run/packrun/script",
  ]);
});

t.test("a file of the pack and a program on the PATH run with their arguments untouched", async (t) => {
  const odd = ["", "a b", "'q'", '"', "$HOME", "`id`", "*", "\n", "ü\u0081\u0088", "-n", "\\"];
  const tool = await rig.run({ program: { kind: "command", argv: ["./tool.sh", "x"] } });
  t.equal(tool.stdout, "tool x\n");
  t.match(tool.prepared.exe, { path: "/run/packrun/pack/tool.sh", digest: /^sha256:[0-9a-f]{64}$/ });
  const printed = await rig.run({ program: { kind: "command", argv: ["printf", "[%s]", ...odd] } });
  t.equal(printed.stdout, odd.map((word) => `[${word}]`).join(""));
  t.equal(printed.prepared.exe?.path, "/usr/bin/printf");
  t.match(printed.prepared.exe?.digest, /^sha256:[0-9a-f]{64}$/);
});

t.test("inputs are mounted read-only where they are expected", async (t) => {
  const file = rig.stage("files/report.txt", "hello");
  rig.stage("tree/a/b.txt", "deep");
  const { stdout } = await rig.run({
    script:
      'cat "$PACKRUN_IN/sbom"; cat /run/packrun/inputs/src/tree/a/b.txt; (: >"$PACKRUN_IN/sbom") 2>/dev/null && echo won; ls "$PACKRUN_IN"',
    mounts: [
      { hostPath: file, at: "/run/packrun/in/sbom" },
      { hostPath: join(rig.scratch, "staged", "tree"), at: "/run/packrun/inputs/src/tree" },
    ],
  });
  t.equal(stdout, "hellodeepsbom\n");
});

t.test(
  "secrets reach the step as variables and files, and neither a command line, nor the disk, nor the output",
  async (t) => {
    const secrets = {
      token: "correct horse battery",
      key: `-----BEGIN\n${"k".repeat(100_000)}\nEND`,
      third: "third secret value",
      fourth: "fourth secret value",
      fifth: "fifth secret value",
      sixth: "sixth secret value",
    };
    for (const [name, value] of Object.entries(secrets)) {
      rig.redactor.add(name, value);
    }
    const marker = rig.stage(
      "pack/seen.sh",
      '#!/bin/sh\necho "$TOKEN"; wc -c <"$KEY"; stat -c %a "$KEY"; cat "$SIXTH"; echo; touch "$PACKRUN_IN/x" "$KEY.x" 2>/dev/null && echo won; sleep 0.3\n',
      0o555,
    );
    t.ok(marker);
    const prepared = await rig.prepare({
      program: { kind: "command", argv: ["./seen.sh"] },
      secretEnv: { TOKEN: secrets.token },
      secretFiles: {
        KEY: secrets.key,
        THIRD: secrets.third,
        FOURTH: secrets.fourth,
        FIFTH: secrets.fifth,
        SIXTH: secrets.sixth,
      },
    });
    const lines: string[] = [];
    let seen = 0;
    const outcome = await prepared.start((batch) => {
      lines.push(...batch.lines);
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        const line = readOr(`/proc/${pid}/cmdline`);
        seen += Number(line.includes("seen.sh"));
        t.notOk(Object.values(secrets).some((value) => line.includes(value)));
      }
      t.notOk(holds(rig.scratch, Object.values(secrets)));
      return Promise.resolve();
    });
    t.equal(outcome.kind, "succeeded");
    t.ok(seen > 0, "the step was looked at while it ran");
    t.strictSame(lines, ["[redacted:token]", String(secrets.key.length), "400", "[redacted:sixth]"]);
  },
);

t.test("no step is root on the host, and two steps at once have different users when the runner is root", async (t) => {
  const owners = (): readonly number[] =>
    readdirSync("/proc")
      .filter(
        (name) => /^\d+$/.test(name) && readOr(`/proc/${name}/cmdline`).startsWith("/bin/sh\0-eu\0/run/packrun/script"),
      )
      .map((name) => Number(/^Uid:\t\d+\t(\d+)/m.exec(readOr(`/proc/${name}/status`))?.[1]));
  const seen: (readonly number[])[] = [];
  const both = new Set<string>();
  const script = "echo here; cat >/dev/null; sleep 5";
  const attempts = [await rig.prepare({ script }), await rig.prepare({ script })];
  await Promise.all(
    attempts.map((attempt, at) =>
      attempt.start(() => {
        both.add(String(at));
        if (both.size === 2) {
          seen.push(owners());
          attempts.forEach((each) => each.stop({ now: true }));
        }
        return Promise.resolve();
      }),
    ),
  );
  // A shell that has just forked shows twice: more than two processes may bear its name.
  t.ok((seen[0]?.length ?? 0) >= 2);
  t.notOk(seen[0]?.includes(0));
  t.equal(new Set(seen[0]).size, asRoot ? 2 : 1);
});

t.test("what stands on the host is not changed by a step that leaves", async (t) => {
  writeFileSync(join(rig.scratch, "witness"), "same");
  t.equal(
    reasonOf((await rig.run({ script: "find / -name witness 2>/dev/null | grep . && echo won; exit 3" })).outcome),
    "STEP_EXIT",
  );
  t.equal(readFileSync(join(rig.scratch, "witness"), "utf8"), "same");
});

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Whether any regular file below a folder holds one of these texts. */
function holds(folder: string, texts: readonly string[]): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => {
      const content = readOr(join(entry.parentPath, entry.name));
      return texts.some((text) => content.includes(text));
    });
}
