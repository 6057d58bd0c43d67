import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { answerOf, codesOf, missing, type Answer } from "./compare-verifiers.ts";
import { askScript } from "./offline/ask-script.ts";
import { argumentsOf, FOLDER, isPackBundle, readExpected } from "./offline/expected.ts";
import { offlineBundles } from "./offline/make.ts";
import { askPackrun } from "./tampered/ask-packrun.ts";
import { askPython } from "./tampered/ask-python.ts";

const EXIT_CODES = { verified: 0, failed: 7, stale: 11 };
const python = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };

const scratch = mkdtempSync(join(tmpdir(), "packrun-offline-"));
t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
const samples = readExpected().map(([name, entry]) => ({ name, entry, args: argumentsOf(entry) }));
const asked =
  missing === undefined ? askPython(samples.map(({ args }) => ({ folder: FOLDER, args }))) : Promise.resolve([]);

/** What a verifier said of a sample has the verdict and the code that are expected of it. */
function holds({ entry: { verdict, code } }: (typeof samples)[number], answer: Answer): boolean {
  const codes = codesOf(answer).map((found) => found.split(" ")[1]);
  const told = code === undefined ? codes.length === 0 : codes.includes(code);
  return answer.verdict === verdict && answer.exitCode === EXIT_CODES[verdict] && told;
}

const answers: Answer[] = [];
for (const [index, { args }] of samples.entries()) {
  const store = join(scratch, String(index));
  answers.push(answerOf(await askPackrun("/", args, { store })));
}

t.test("the committed samples are what their maker makes", async (t) => {
  const made = await offlineBundles();
  const there = globSync("**", { cwd: FOLDER }).filter((path) => statSync(join(FOLDER, path)).isFile());
  t.strictSame(there.toSorted(), [...made.keys(), "README.md"].toSorted());
  const other = [...made].filter(([path, bytes]) => !readFileSync(join(FOLDER, path)).equals(bytes));
  t.strictSame(
    other.map(([path]) => path),
    [],
    "node --run offline-bundles",
  );
  const size = [...made.values()].reduce((sum, { length }) => sum + length, 0);
  t.ok(size < 5_000_000, `${made.size} files of ${size} bytes`);
});

t.test("there are good samples and tampered ones of both kinds", async (t) => {
  const count = (pack: boolean, verified: boolean): number =>
    samples.filter(({ entry }) => isPackBundle(entry) === pack && (entry.verdict === "verified") === verified).length;
  t.ok(count(true, true) >= 3, "good packs");
  t.ok(count(false, true) >= 2, "good evidence");
  t.ok(count(true, false) >= 20, "tampered packs");
  t.ok(count(false, false) >= 20, "tampered evidence");
});

t.test("packrun says what is expected", async (t) => {
  for (const [index, sample] of samples.entries()) {
    const answer = answers[index] ?? { exitCode: -1, checks: [] };
    t.ok(holds(sample, answer), sample.name, { answer });
  }
});

t.test("packrun bundle verify says the same of pack bundles", async (t) => {
  for (const [index, { name, entry, args }] of samples.entries()) {
    if (isPackBundle(entry) && !args.includes("--plan-hash")) {
      const said = await askPackrun("/", args, { store: join(scratch, name), command: ["bundle", "verify"] });
      t.strictSame(answerOf(said), answers[index], name);
    }
  }
});

t.test("the verifier in Python says the same", python, async (t) => {
  const others = await asked;
  for (const [index, { name }] of samples.entries()) {
    const { code = -1, stdout = "", stderr = "" } = others[index] ?? {};
    t.strictSame(answerOf({ code, stdout }), answers[index], name, { stderr });
  }
});

t.test("the verifier in one script says the same", async (t) => {
  const others = await askScript(samples.map(({ args }) => args));
  for (const [index, { name }] of samples.entries()) {
    t.strictSame(answerOf(others[index] ?? { code: -1, stdout: "" }), answers[index], name);
  }
});
