import type { JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import { hasExpression } from "./expression-text.ts";
import type { Findings } from "./findings.ts";
import type { FileEntry } from "./pack-files.ts";
import { packPath } from "./scalar-shapes.ts";
import { listOf, membersOf, objectOf, textOf, type StepView } from "./step-view.ts";

type Check = {
  readonly modes: ReadonlyMap<string, FileEntry["mode"]>;
  readonly paths: readonly string[];
  readonly findings: Findings;
};

/** Every file of the pack that the pack itself names must be in its folder; programs must be executable. */
export function checkFiles(
  views: readonly StepView[],
  spec: JsonObject,
  files: readonly FileEntry[],
  findings: Findings,
): void {
  const modes = new Map(files.map(({ path, mode }) => [path, mode]));
  const check = { modes, paths: [...modes.keys()], findings };
  for (const [name, input] of membersOf(spec["inputs"])) {
    requireFile(textOf(objectOf(input)["schema"]), ["spec", "inputs", name, "schema"], check);
  }
  for (const [id, policy] of membersOf(spec["policies"])) {
    requireFile(textOf(objectOf(policy)["module"]), ["spec", "policies", id, "module"], check);
  }
  for (const { raw, kind, body, path } of views) {
    if (kind === "run") {
      checkProgram(textOf(listOf(body["command"])[0]), [...path, "run", "command", 0], check);
      checkOutputs(raw, path, check);
      if (body["uses"] === "bundle.ingest") {
        const source = textOf(objectOf(body["with"])["source"]);
        if (source !== undefined && !hasExpression(source)) {
          requireFile(source, [...path, "run", "with", "source"], check);
        }
      }
    }
  }
}

function checkOutputs(raw: JsonObject, path: readonly PathPart[], check: Check): void {
  for (const [name, output] of membersOf(raw["outputs"])) {
    const schema = objectOf(output)["schema"];
    if (typeof schema === "string") {
      requireFile(schema, [...path, "outputs", name, "schema"], check);
    }
  }
}

/** `./x` is a file of the pack; a plain name or an absolute path is looked up in the sandbox when the step runs. */
function checkProgram(program: string | undefined, path: readonly PathPart[], check: Check): void {
  if (program === undefined || hasExpression(program)) {
    return;
  }
  if (program.startsWith("./")) {
    const mode = requireFile(program, path, check);
    if (mode === "644") {
      const problem = "is not executable";
      const hint = `run chmod +x ${program.slice(2)}`;
      check.findings.add("PACK_FILE_MISSING", { path: program, problem }, { path, part: "value" }, { hint });
    }
  } else if (program === "" || (program.includes("/") && !program.startsWith("/"))) {
    const hint = program === "" ? "name a program" : `write ./${program} for a file of the pack`;
    const problem = `${JSON.stringify(program)} names no program`;
    check.findings.add("PACK_VALUE", { problem }, { path, part: "value" }, { hint });
  }
}

function requireFile(
  text: string | undefined,
  path: readonly PathPart[],
  { modes, paths, findings }: Check,
): FileEntry["mode"] | undefined {
  if (text === undefined) {
    return undefined;
  }
  const inner = packPath(text);
  const mode = inner === undefined ? undefined : modes.get(inner);
  if (mode === undefined) {
    const { hint } = inner === undefined ? {} : findings.didYouMean(inner, paths);
    findings.add("PACK_FILE_MISSING", { path: text, problem: "is not in the pack" }, { path, part: "value" }, { hint });
  }
  return mode;
}
