import { digestOfHex, type Digest } from "#canon/digest.ts";
import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { misfitsOf, type Misfit } from "#canon/shape.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import type { PackPath, RunStep } from "#pack/pack.ts";
import type { BuiltInRule } from "./built-in-rule.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { below, compileMembers, compileString } from "./compile-value.ts";
import type { Place } from "./expression-reader.ts";
import { checkOutputSchemas, outputSchemaPathsOf } from "./output-schemas.ts";
import { isCel, type OutputRule, type RunNode, type Sandbox, type TextTemplate } from "./plan.ts";
import { literalText } from "./template-text.ts";

type Action = Pick<RunNode, "command" | "script" | "shell" | "uses" | "with" | "files">;
type RunPart = Omit<RunNode, "id" | "kind" | "parent" | "needs" | "continueOnError" | "when">;

/** The part of a plan node that only run nodes have. */
export function compileRun(step: RunStep, place: Place, desk: CompileDesk): RunPart {
  const { env, inputs, stdin, timeoutMs, retry, idempotent, sandbox } = step;
  checkOutputSchemas(step, place, desk);
  return {
    ...compileAction(step, place, desk),
    env: mapMembers(env, (value, name) =>
      typeof value === "string" ? textAt(value, below(below(place, "env"), name), desk) : value,
    ),
    inputs: mapMembers(
      inputs,
      (value, name) => compileString(value, "reference", below(below(place, "inputs"), name), desk.reader).value,
    ),
    ...(stdin === undefined ? {} : { stdin: textAt(stdin, below(place, "stdin"), desk) }),
    outputs: runOutputs(step, desk) ?? {},
    timeoutMs,
    retry,
    idempotent,
    ...(sandbox === undefined ? {} : { sandbox }),
  };
}

/** What a run step offers to later steps: its own outputs, or those of the built-in that it uses, undefined when there is none. */
export function runOutputs(
  { action, outputs }: RunStep,
  { builtIns }: Pick<CompileDesk, "builtIns">,
): Readonly<Record<string, OutputRule>> | undefined {
  return action.type === "uses" ? builtIns.get(action.uses)?.outputs : outputs;
}

function compileAction(step: RunStep, place: Place, desk: CompileDesk): Action {
  const { action } = step;
  switch (action.type) {
    case "command": {
      const [program = "", ...rest] = action.command;
      const at = below(below(place, "run"), "command");
      const argv = rest.map((part, index) => textAt(part, below(at, index + 1), desk));
      const named = literalText(program);
      return { command: [named, ...argv], ...filesOf(named.startsWith("./") ? [named.slice(2)] : [], step, desk) };
    }
    case "script":
      return { script: literalText(action.script), shell: action.shell, ...filesOf([], step, desk) };
    case "uses":
      return compileUses(step, action, place, desk);
  }
}

/** Files that a step is held to: those given, and the schemas of its outputs. */
function filesOf(paths: readonly string[], step: RunStep, desk: CompileDesk): Pick<Action, "files"> {
  const files = pinned([...paths, ...outputSchemaPathsOf(step)], desk);
  return files.length === 0 ? {} : { files };
}

/** The text of a place that takes text; wrong ones are among the findings and stand for nothing. */
export function textAt(text: string, place: Place, desk: CompileDesk): TextTemplate {
  const { value } = compileString(text, "text", place, desk.reader);
  return typeof value === "string" || isCel(value) ? value : "";
}

function compileUses(
  step: RunStep,
  action: { readonly uses: string; readonly with: JsonObject },
  place: Place,
  desk: CompileDesk,
): Action {
  const run = below(place, "run");
  const given = compileMembers(action.with, below(run, "with"), desk.reader);
  const rule = desk.builtIns.get(action.uses);
  if (rule === undefined) {
    const near = desk.findings.nearest(action.uses, desk.builtIns.keys());
    const hint = near === undefined ? `there are: ${[...desk.builtIns.keys()].join(", ")}` : `did you mean "${near}"?`;
    const problem = `there is no built-in "${action.uses}"`;
    desk.findings.add("PACK_VALUE", { problem }, { path: [...run.path(), "uses"], part: "value" }, hint);
    return { uses: action.uses, with: given };
  }
  if (Object.keys(step.outputs).length > 0) {
    const problem = `the outputs of ${action.uses} are ${Object.keys(rule.outputs).join(", ")}; others cannot be declared`;
    desk.findings.add("PACK_VALUE", { problem }, { path: [...place.path(), "outputs"], part: "key" }, "remove it");
  }
  checkWith(given, rule, step.sandbox ?? desk.sandbox, [...run.path(), "with"], desk);
  const named = rule.packFiles.flatMap((member) => (typeof given[member] === "string" ? [given[member]] : []));
  const files = pinned(named.map(withoutDot), desk);
  return { uses: action.uses, with: given, ...(files.length === 0 ? {} : { files }) };
}

/** Holds `with` to the built-in's shape, as far as it is known. */
function checkWith(
  given: JsonObject,
  rule: BuiltInRule,
  sandbox: Sandbox,
  path: PackPath,
  { findings, packFiles, sources, doubts }: CompileDesk,
): void {
  for (const misfit of misfitsOf(rule.withShape, given).filter((each) => !isPending(given, each))) {
    reportMisfit(misfit, path, findings);
  }
  for (const { fault, member } of doubts.touch(["spec", "sandbox"]) ? [] : rule.refusals(given, sandbox, sources)) {
    const at =
      member === undefined ? { path, part: "key" as const } : { path: [...path, member], part: "value" as const };
    findings.addFault(fault, at);
  }
  for (const member of rule.packFiles) {
    const file = given[member];
    if (typeof file === "string" && !packFiles.has(withoutDot(file))) {
      const data = { path: file, problem: "is not in the pack" };
      findings.add("PACK_FILE_MISSING", data, { path: [...path, member], part: "value" });
    }
  }
}

function reportMisfit(misfit: Misfit, path: PackPath, findings: CompileDesk["findings"]): void {
  const at = [...path, ...misfit.path];
  switch (misfit.problem) {
    case "unknown": {
      const near = findings.nearest(misfit.found, misfit.known ?? []);
      const hint = near === undefined ? undefined : `did you mean "${near}"?`;
      findings.add("PACK_UNKNOWN_FIELD", { name: misfit.found }, { path: [...at, misfit.found], part: "key" }, hint);
      return;
    }
    case "missing":
      findings.add("PACK_MISSING_FIELD", { name: misfit.found }, { path: at, part: "key" });
      return;
    case "type":
      findings.add("PACK_TYPE", { expected: misfit.expected, found: misfit.found }, { path: at, part: "value" });
      return;
    case "value": {
      const problem = `expected ${misfit.expected}, found ${misfit.found}`;
      findings.add("PACK_VALUE", { problem }, { path: at, part: "value" });
    }
  }
}

/** Whether a misfit lies in a value that is known only when the step starts. */
function isPending(given: Json, { path }: Misfit): boolean {
  let at: Json | undefined = given;
  for (const part of path) {
    if (isCel(at)) {
      return true;
    }
    at = Array.isArray(at) ? (at as readonly Json[])[Number(part)] : isJsonObject(at) ? at[String(part)] : undefined;
  }
  return isCel(at);
}

function withoutDot(path: string): string {
  return path.startsWith("./") ? path.slice(2) : path;
}

/** The digests of files of the pack, sorted by path; what is not in the pack was reported. */
function pinned(
  paths: readonly string[],
  { packFiles }: CompileDesk,
): readonly { readonly path: string; readonly digest: Digest }[] {
  return [...new Set(paths)].sort(compareUtf8).flatMap((path) => {
    const sha256 = packFiles.get(path);
    return sha256 === undefined ? [] : [{ path, digest: digestOfHex(sha256) }];
  });
}

function mapMembers<T, U>(
  members: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value, name)]));
}
