import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { lintPack, planPack } from "#app/plan-pack.ts";
import { planInputCodes } from "#app/plan-input-codes.ts";
import { inspectModule } from "#compose.ts";
import type { CodeTable } from "#fault/code-table.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { packCodes } from "#pack/codes.ts";
import { planCodes } from "#plan/codes.ts";
import { stepCodes } from "#step/codes.ts";
import { packAround } from "./example-pack.ts";

const cwd = mkdtempSync(join(tmpdir(), "packrun-examples-"));
t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const ports = { folders: folderReader(), sha256, inspectModule };

for (const folder of ["policies", "schemas"]) {
  mkdirSync(join(cwd, "release", folder), { recursive: true });
}
writeFileSync(join(cwd, "release/policies/licences.rego"), "package packrun\n");
writeFileSync(join(cwd, "release/schemas/report.json"), "{}");
writeFileSync(join(cwd, "app.tar"), "");
writeFileSync(join(cwd, "list.yaml"), "[beta, stable]\n");

/** Codes of these tables whose example needs more than a fragment of a pack or a command line, and is told in words. */
const TOLD: ReadonlySet<string> = new Set([
  "YAML_ENCODING",
  "YAML_TOO_LARGE",
  "YAML_TOO_DEEP",
  "YAML_TOO_MANY_NODES",
  "PACK_FILE_UNSAFE",
  "PLAN_TOO_DEEP",
  "POLICY_ENTRYPOINT",
  "POLICY_BUILTIN",
  "PLAN_DRIFT",
  "PLAN_HASH_MISMATCH",
  "PLAN_FILE",
  "INPUTS_LOCK_FILE",
]);
/** Examples that are right as a pack: what is wrong shows only while a step runs. */
const WHILE_RUNNING: ReadonlySet<string> = new Set(["EXPR_REFERENCE"]);

/** The codes of everything that `lint` says of a pack, or, when it says nothing, of what `plan` says without inputs. */
async function codesOf(example: string): Promise<readonly string[]> {
  writeFileSync(join(cwd, "release/pack.yaml"), packAround(example));
  const linted = await lintPack("release", { ...ports, cwd });
  if (!linted.ok) {
    return [linted.fault.code];
  }
  const found = [...new Set(linted.value.diagnostics.map(({ code }) => code))];
  return found.length > 0 ? found : planCommand(["-i", "artifact=app.tar"]);
}

async function planCommand(words: readonly string[]): Promise<readonly string[]> {
  const after = (option: string) => words.flatMap((word, at) => (words[at - 1] === option ? [word] : []));
  const [inputsFile] = after("--inputs");
  const request = { pack: "release", inputs: after("-i"), cwd, ...(inputsFile === undefined ? {} : { inputsFile }) };
  const planned = await planPack(request, ports);
  if (planned.ok) {
    return [];
  }
  const { fault } = planned;
  return fault.kind === "fault" ? [fault.fault.code] : [...new Set(fault.diagnostics.map(({ code }) => code))];
}

const entriesOf = (table: CodeTable): readonly (readonly [string, string])[] =>
  Object.entries(table).map(([code, { explanation }]) => [code, explanation.example]);
const entries = [packCodes, planCodes, planInputCodes].flatMap(entriesOf).filter(([code]) => !TOLD.has(code));
const isCommand = (example: string): boolean => example.startsWith("packrun plan ");

t.test("the pack that examples are placed into has nothing wrong with it", async (t) => {
  t.strictSame(await codesOf("title: nothing"), []);
});

t.test("the example of a code that a pack can give is a fragment that gives this code and no other", async (t) => {
  for (const [code, example] of entries.filter(([, text]) => !isCommand(text))) {
    t.strictSame(await codesOf(example), WHILE_RUNNING.has(code) ? [] : [code], `${code}: ${example}`);
  }
});

t.test("the example of a code that inputs can give is a command line that gives this code", async (t) => {
  writeFileSync(join(cwd, "release/pack.yaml"), packAround("title: nothing"));
  const commands = entries.filter(([, example]) => isCommand(example));
  t.ok(commands.length > 5);
  for (const [code, example] of commands) {
    const words = example.replace(/ +#.*$/, "").split(" ");
    t.equal(words[2], "./release");
    t.ok((await planCommand(words)).includes(code), `${code}: ${example}`);
  }
});

t.test("what an example gives a built-in gives its code, or is right until it runs", async (t) => {
  const later: string[] = [];
  for (const [code, example] of entriesOf(stepCodes).filter(([, text]) => text.startsWith("- "))) {
    const found = await codesOf(example);
    later.push(...(found.length === 0 ? [code] : []));
    t.strictSame(found, found.length === 0 ? [] : [code], `${code}: ${example}`);
  }
  t.strictSame(later.toSorted(), [
    "BUNDLE_FILE_MISSING",
    "RENDER_TEMPLATE_MISSING",
    "SBOM_DIRECTORY_MISSING",
    "SCHEMA_FILE_MISSING",
    "STEP_WITH_INVALID",
  ]);
});
