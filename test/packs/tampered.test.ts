import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { passingFolder } from "../app/passing-folder.ts";
import { MAIN } from "../cli/command-line.ts";
import { answerOf, type Answer, codesOf, ended, missing, pythonVerifier, scriptVerifier } from "./compare-verifiers.ts";
import { askPackrun } from "./tampered/ask-packrun.ts";
import { askPython } from "./tampered/ask-python.ts";
import { dataFiles } from "./tampered/make.ts";
import { argumentsOf, findingsOf, readInputs, siteOf, writeSite } from "./tampered/tampered-input.ts";

const HERE = join(import.meta.dirname, "tampered");
const EXIT_CODES = { verified: 0, failed: 7, stale: 11 };
/** A million instances or files need a large bundle; the others are reasons that a ledger tells, no findings. */
const NO_FINDINGS: ReadonlySet<string> = new Set([
  "BUNDLE_TOO_MANY",
  "INSTANCES_TOO_MANY",
  "WHEN_FALSE",
  "UPSTREAM_FAILED",
  "RUN_STOPPING",
  "RUN_CANCELLED",
  "RUN_WALL_CLOCK",
  "PLAN_DRIFT",
]);
const python = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };

const scratch = passingFolder("tampered");
const inputs = readInputs().map(([name, entry], index) => {
  const site = siteOf(entry);
  const folder = join(scratch, String(index));
  writeSite(site, folder);
  return { name, entry, folder, args: argumentsOf(entry, site) };
});
const asked = missing === undefined ? askPython(inputs, 2) : Promise.resolve([]);
const answers: ReturnType<typeof answerOf>[] = [];
for (const { folder, args } of inputs) {
  const { code, stdout } = await askPackrun(folder, args);
  answers.push(answerOf({ code, stdout }));
}

t.test("the data files are what their maker makes", async (t) => {
  const made = dataFiles();
  for (const [path, bytes] of made) {
    t.ok(readFileSync(join(HERE, path)).equals(bytes), path);
  }
  const size = [...made.values()].reduce((sum, { length }) => sum + length, 0);
  t.ok(size < 1_600_000, `${made.size} files of ${size} bytes`);
});

t.test("every input gets the verdict, checks and codes of the specification", async (t) => {
  t.ok(inputs.filter(({ entry }) => entry.verdict !== "verified").length > 90);
  for (const [index, { name, entry }] of inputs.entries()) {
    const { exitCode, verdict, checks = [] } = answers[index] ?? {};
    const said = { exitCode, verdict, findings: codesOf({ exitCode: 0, checks }).toSorted() };
    const findings = findingsOf(entry).toSorted();
    t.strictSame(said, { exitCode: EXIT_CODES[entry.verdict], verdict: entry.verdict, findings }, name);
  }
});

t.test("every code of the specification's checks is the answer to some input", async (t) => {
  const said = new Set(inputs.flatMap(({ entry }) => findingsOf(entry).map((finding) => finding.split(" ")[1])));
  const spec = readFileSync(join(import.meta.dirname, "../../SPEC.md"), "utf8");
  const checks = spec.slice(spec.indexOf("### 10.2"), spec.indexOf("### 10.8"));
  const codes = new Set(checks.match(/`[A-Z]+(?:_[A-Z]+)+`/g)?.map((code) => code.slice(1, -1)));
  t.ok(codes.size > 60);
  const unsaid = [...codes].filter((code) => !said.has(code) && !NO_FINDINGS.has(code));
  // Anchors lie outside of bundles, and have tests of their own.
  t.strictSame(
    unsaid.filter((code) => !code.startsWith("ANCHOR_")),
    [],
  );
});

t.test("the verifier in Python says the same of every input", python, async (t) => {
  const others = await asked;
  for (const [index, { name }] of inputs.entries()) {
    const { code = -1, stdout = "", stderr = "" } = others[index] ?? {};
    t.strictSame(answerOf({ code, stdout }), answers[index], name, { stderr });
  }
});

t.test("what was used before is remembered by packrun, and only there", async (t) => {
  for (const { name, entry, args } of inputs) {
    const { remembered } = entry;
    if (remembered !== undefined) {
      const folder = join(scratch, name);
      mkdirSync(join(folder, ".packrun"), { recursive: true });
      writeSite(siteOf(entry), folder);
      const before = argumentsOf({ ...entry, args: remembered.args }, siteOf(entry));
      const first = answerOf(await askPackrun(folder, before));
      t.match(first, { exitCode: 0, verdict: "verified" }, `${name}, before`);
      const again = answerOf(await askPackrun(folder, args));
      t.match(again, { exitCode: 7, verdict: "failed" }, name);
      const finding = `${remembered.code === "TRUST_ROOT_ROLLBACK" ? "trust-root" : "revocation"} fail`;
      t.strictSame(again.checks.filter(isFailure), [`${finding} ${remembered.code}`], name);
      const others = ({ checks }: Answer) => checks.filter((check) => !/^(?:trust-root|revocation) /.test(check));
      t.strictSame(others(again), others(first), `${name}: every other check is there as before`);
    }
  }
});

const isFailure = (check: string): boolean => check.split(" ")[1] === "fail";

/** One of each kind of answer, asked by the very commands that people use. */
const SAMPLE = [
  "allowed/archive",
  "binding/another-plan-was-approved",
  "envelope/approval-member-twice-escaped",
  "files/link",
  "order/behind-the-gate-before-the-decision",
  "quorum/same-person-with-two-keys",
  "revoked/by-a-stale-list",
  "root/none",
  "tar/pax-header",
  "windows/attestor-no-more",
];

t.test("the commands themselves give these answers", python, async (t) => {
  for (const name of SAMPLE) {
    const at = inputs.findIndex((input) => input.name === name);
    const { folder = "", args = [] } = inputs[at] ?? {};
    const placed = args.map((arg, at) =>
      at === 0 || /^--(?:trust|revocations)$/.test(args[at - 1] ?? "") ? join(folder, arg) : arg,
    );
    const packrun = [`--conditions=@packrun/source`, MAIN, "verify", ...placed];
    const all = await Promise.all([
      scriptVerifier(...placed),
      pythonVerifier(...placed),
      ended(process.execPath, packrun, { PACKRUN_STORE: join(folder, ".packrun"), HOME: folder }),
    ]);
    for (const [index, one] of all.entries()) {
      t.strictSame(answerOf(one), answers[at], `${name}, ${["script", "Python", "packrun"][index]}`, {
        stderr: one.stderr,
      });
    }
  }
});
