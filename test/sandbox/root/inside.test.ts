import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { marked } from "../red-team/marked-processes.ts";
import { openRig } from "../sandbox-rig.ts";
import { entriesBelow } from "../entries-below.ts";

const rig = openRig(t);
const asRoot = process.getuid?.() === 0;

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
      '#!/bin/sh\necho "$TOKEN"; wc -c <"$KEY"; stat -c %a "$KEY"; cat "$SIXTH"; echo; touch "$PACKRUN_IN/x" "$KEY.x" 2>/dev/null && echo won; until [ -e "$PACKRUN_PACK/go" ]; do sleep 0.02; done\n',
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
      rig.stage("pack/go", "");
      return Promise.resolve();
    });
    t.equal(outcome.kind, "succeeded");
    t.ok(seen > 0, "the step was looked at while it ran");
    t.strictSame(lines, ["[redacted:token]", String(secrets.key.length), "400", "[redacted:sixth]"]);
  },
);

t.test("no step is root on the host, and two steps at once have different users when the runner is root", async (t) => {
  const mark = randomUUID();
  const owners = (): readonly number[] =>
    marked(mark).map((pid) => Number(/^Uid:\t\d+\t(\d+)/m.exec(readOr(`/proc/${pid}/status`))?.[1] ?? -1));
  let seen: readonly number[] = [];
  const both = new Set<string>();
  const wanted = { script: "echo here; cat >/dev/null; sleep 4021", env: { RED_TEAM: mark } };
  const attempts = [await rig.prepare(wanted), await rig.prepare(wanted)];
  await Promise.all(
    attempts.map((attempt, at) =>
      attempt.start(() => {
        both.add(String(at));
        if (both.size === 2) {
          seen = owners();
          attempts.forEach((each) => each.stop({ now: true }));
        }
        return Promise.resolve();
      }),
    ),
  );
  const users = new Set(seen.filter((uid) => uid >= 0));
  t.ok(seen.length >= 2);
  t.notOk(users.has(0));
  t.equal(users.size, asRoot ? 2 : 1);
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
  return entriesBelow(folder)
    .filter((entry) => entry.isFile())
    .some((entry) => {
      const content = readOr(join(entry.parentPath, entry.name));
      return texts.some((text) => content.includes(text));
    });
}
