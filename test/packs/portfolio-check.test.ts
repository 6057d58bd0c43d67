import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { answerOf, Place } from "../cli/place.ts";

const pack = join(import.meta.dirname, "../../packs/portfolio-check");
const example = join(pack, "example");
const place = new Place(t);

type Report = {
  readonly projects: readonly {
    readonly project: string;
    readonly passed: number;
    readonly findings: readonly { readonly check: string; readonly finding: string }[];
  }[];
  readonly failed: number;
  readonly findings: number;
};

function reportAt(path: string): Report {
  return JSON.parse(readFileSync(path, "utf8")) as Report;
}

t.test("the plan shows a map whose items a step finds, and five checks in each", async (t) => {
  const simulated = await place.packrun("simulate", pack, "-i", `portfolio=${example}`);
  t.equal(simulated.code, 0, simulated.err);
  t.match(simulated.out, "a map of up to 100 items known at run time, at most 4 at a time: project in");
  for (const check of ["licence", "secrets", "size", "readme", "shell"]) {
    t.match(simulated.out, `  projects[*]::${check}\n`);
  }
});

t.test("the example has no finding, and its evidence verifies", async (t) => {
  const args = ["run", pack, "-i", `portfolio=${example}`, "-o", "good", "--evidence", "evidence", "--json"];
  const ran = await place.packrun(...args);
  t.equal(ran.code, 0, ran.err);
  t.strictSame(
    answerOf(ran).steps.filter(({ status }) => status !== "succeeded"),
    [],
  );
  t.strictSame(readdirSync(place.here("good")).toSorted(), ["page", "report", "summary", "text"]);
  const projects = ["clock", "garden", "weather"].map((project) => ({ project, passed: 5, findings: [] }));
  t.strictSame(reportAt(place.here("good/report")), { projects, failed: 0, findings: 0 });
  t.equal(readFileSync(place.here("good/summary"), "utf8"), '{"projects": 3, "findings": 0, "clean": "succeeded"}\n');
  const verified = await place.packrun("verify", "evidence", "--trust", ".packrun/trust/trust-root.json");
  t.equal(verified.code, 0, verified.out);
});

t.test("what a check finds denies the run, and stands in every report", async (t) => {
  cpSync(example, place.here("portfolio"), { recursive: true });
  const odd = 'a "b" & <c> \\';
  const key = ["AKIA", "ABCDEFGHIJKLMNOP"].join("");
  place.write(`portfolio/${odd}/co:n.txt`, `first\nkey ${key}\n`);
  place.write(`portfolio/${odd}/x y.sh`, "if then\n");
  place.write("portfolio/clock/README.md", "clock\n");
  place.write("portfolio/clock/big.bin", new Uint8Array(3000));
  place.write("portfolio/.hidden/LICENSE", "no project");
  const args = ["-i", "portfolio=portfolio", "-i", "maxFileKiB=2", "-o", "bad", "--json"];
  const ran = await place.packrun("run", pack, ...args);
  t.equal(ran.code, 5, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "POLICY_DENIED" });
  const finding = (check: string, text: string) => ({ check, finding: text });
  t.strictSame(reportAt(place.here("bad/report")), {
    projects: [
      {
        project: odd,
        passed: 1,
        findings: [
          finding("licence", "no licence file"),
          finding("readme", "no README.md"),
          finding("secrets", "co:n.txt:2 looks like a secret"),
          finding("shell", "x y.sh cannot be read by sh"),
        ],
      },
      {
        project: "clock",
        passed: 3,
        findings: [
          finding("readme", "README.md does not begin with a title"),
          finding("readme", 'README.md has no heading "Usage"'),
          finding("size", "big.bin has 3000 bytes"),
        ],
      },
      { project: "garden", passed: 5, findings: [] },
      { project: "weather", passed: 5, findings: [] },
    ],
    failed: 2,
    findings: 7,
  });
  const page = readFileSync(place.here("bad/page"), "utf8");
  t.match(page, "<p>7 findings in 2 of 4 projects.</p>");
  t.match(page, '<td>a "b" &amp; &lt;c&gt; \\</td><td>secrets</td><td>co:n.txt:2 looks like a secret</td>');
  t.match(readFileSync(place.here("bad/text"), "utf8"), "- **size**: big.bin has 3000 bytes\n");
  t.equal(readFileSync(place.here("bad/summary"), "utf8"), '{"projects": 4, "findings": 7, "clean": "failed"}\n');
  t.notOk(JSON.stringify(place.ledger()).includes(key), "where a secret is stands there, what it is does not");
});

t.test("the summary is there when nothing else is", async (t) => {
  place.write("empty/file", "no project");
  const ran = await place.packrun("run", pack, "-i", "portfolio=empty", "-o", "none", "--json");
  t.equal(ran.code, 1, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "STEP_EXIT" });
  t.notOk(existsSync(place.here("none/report")));
  t.equal(readFileSync(place.here("none/summary"), "utf8"), '{"projects": 0, "findings": null, "clean": "skipped"}\n');
});

t.test("each check says what it looks for and nothing else", async (t) => {
  const findings = (check: string, files: Readonly<Record<string, string>>): readonly string[] => {
    const work = t.testdir({ portfolio: { it: files } });
    const outputs = join(work, "outputs.json");
    const env = {
      PATH: "/usr/bin:/bin",
      PACKRUN_PACK: pack,
      PACKRUN_OUTPUT: outputs,
      PORTFOLIO: join(work, "portfolio"),
      PROJECT: "it",
      HEADINGS: "Usage\nLicence",
      MAX_FILE_KIB: "1",
      MAX_PROJECT_KIB: "2",
    };
    const ended = spawnSync(join(pack, "bin", `check-${check}`), { cwd: work, env, encoding: "utf8" });
    t.equal(ended.status, 0, ended.stderr);
    const { rows } = JSON.parse(readFileSync(outputs, "utf8")) as { rows: string };
    return rows
      .trimEnd()
      .split("\n")
      .map((row) => row.split("\t")[2] ?? "");
  };
  t.strictSame(findings("licence", { COPYING: "GNU General Public License" }), [""]);
  t.strictSame(findings("licence", { LICENSE: "" }), ["no licence file"]);
  t.strictSame(findings("licence", { LICENSE: "mine" }), ["LICENSE is no licence that is known here"]);
  const harmless = 'password = "$PASSWORD"\ntoken: "<your token>"\nsecret = read()\nMAKIAVELLI\n';
  t.strictSame(findings("secrets", { "a.txt": harmless }), [""]);
  const kind = "EC PRIVATE KEY";
  const hidden = `x\n-----BEGIN ${kind}-----\napi_key = '0123456789ab'\n`;
  t.strictSame(findings("secrets", { "a.txt": hidden, "b.bin": `\0${hidden}` }), [
    "a.txt:2 looks like a secret",
    "a.txt:3 looks like a secret",
  ]);
  const text = "x".repeat(1024);
  t.strictSame(findings("size", { a: text, b: text }), [""]);
  t.strictSame(findings("size", { a: text, b: `${text}x` }), [
    "b has 1025 bytes",
    "all files together have 2049 bytes",
  ]);
  t.strictSame(findings("readme", { "README.md": "# it\n\n## usage\n\n## Licence\n" }), [""]);
  t.strictSame(findings("readme", { "README.md": "it\n### Usage\n## Licence\n" }), [
    "README.md does not begin with a title",
    'README.md has no heading "Usage"',
  ]);
  const arrays = "a=(1 2)\n";
  t.strictSame(findings("shell", { a: `#!/bin/bash\n${arrays}`, b: "#!/usr/bin/env python3\nif x:\n", c: "\0\0" }), [
    "",
  ]);
  t.strictSame(findings("shell", { "a.sh": arrays, b: "#!/usr/bin/env bash\nfi\n" }), [
    "a.sh cannot be read by sh",
    "b cannot be read by bash",
  ]);
});
