import { dirname, resolve } from "node:path";
import { isJsonObject, type Json } from "#canon/json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { NO_DOUBTS, type Doubts } from "#pack/doubts.ts";
import type { InputRule } from "#pack/pack.ts";
import { MAX_PACK_FILE } from "#pack/pack-files.ts";
import { packSource } from "#pack/pack-source.ts";
import { readYaml, type YamlReading } from "#pack/read-yaml.ts";
import type { GivenInput } from "#plan/resolve-inputs.ts";
import { NAME } from "#plan/plan.ts";
import { planInputCodes } from "./plan-input-codes.ts";
import { IN_ARGUMENTS, refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";
import { readBounded } from "./read-bounded.ts";

/** How the inputs of a plan are given. */
export type InputArguments = {
  /** `name=value`, `name=@FILE`, or `name=PATH` for file and directory inputs. */
  readonly inputs: readonly string[];
  /** A YAML or JSON file with one object. */
  readonly inputsFile?: string;
  readonly cwd: string;
};

/** A value that was given, with the folder that a path in it is relative to. */
export type Given = GivenInput & { readonly folder: string };

const MAX_BYTES = 8 * 1024 * 1024;

/** What is known of the inputs of a pack, wherever it is. */
export type TypedInputs = {
  readonly spec: { readonly inputs: Readonly<Record<string, Pick<InputRule, "type">>> };
};

/** What was given, and why something that was given could not be read. */
export type GivenReading = {
  readonly given: readonly Given[];
  readonly refusals: readonly PlanRefusal[];
  /** Whether what could not be read was, or may have been, for the input of this name. */
  readonly isUnread: (name: string) => boolean;
};

/** Reads what was given for the inputs of a pack. Which value counts, and whether it fits, is decided elsewhere. */
export async function readGivenInputs(
  args: InputArguments,
  pack: TypedInputs,
): Promise<Result<readonly Given[], PlanRefusal>> {
  const { given, refusals } = await collectGivenInputs(args, pack, NO_DOUBTS);
  const [refusal] = refusals;
  return refusal === undefined ? ok(given) : fail(refusal);
}

/** The same, but everything that can be read. What was given for an input in doubt is not looked at. */
export async function collectGivenInputs(
  args: InputArguments,
  pack: TypedInputs,
  doubts: Doubts,
): Promise<GivenReading> {
  const fromFile = args.inputsFile === undefined ? ok([]) : await readInputsFile(args.inputsFile, args.cwd);
  const given: Given[] = fromFile.ok ? [...fromFile.value] : [];
  const refusals: PlanRefusal[] = fromFile.ok ? [] : [fromFile.fault];
  const unread = new Set<string>();
  let isAnyUnread = !fromFile.ok;
  for (const text of args.inputs) {
    const name = text.slice(0, Math.max(0, text.indexOf("=")));
    const isDoubtful = NAME.test(name) && (doubts.touch(["spec", "inputs", name]) || doubts.mayBe(name));
    const read = isDoubtful ? undefined : await readArgument(text, pack, args.cwd);
    if (read?.ok === true) {
      given.push(read.value);
    } else if (read !== undefined) {
      refusals.push(read.fault);
      unread.add(name);
      isAnyUnread ||= !NAME.test(name);
    }
  }
  return { given, refusals, isUnread: (name) => isAnyUnread || unread.has(name) };
}

async function readArgument(text: string, pack: TypedInputs, cwd: string): Promise<Result<Given, PlanRefusal>> {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (!NAME.test(name)) {
    return refusedBy(faultOf(planInputCodes, "INPUT_ARGUMENT"));
  }
  const value = text.slice(equals + 1);
  const base = { name, source: "cli", at: { file: IN_ARGUMENTS }, folder: cwd } as const;
  const rule = Object.hasOwn(pack.spec.inputs, name) ? pack.spec.inputs[name] : undefined;
  if (rule?.type === "file" || rule?.type === "directory") {
    return ok({ ...base, given: { text: value.startsWith("@") ? value.slice(1) : value } });
  }
  if (!value.startsWith("@") || value.startsWith("@@")) {
    return ok({ ...base, given: { text: value.startsWith("@@") ? value.slice(1) : value } });
  }
  const content = await readValueFile(name, resolve(cwd, value.slice(1)));
  return content.ok ? ok({ ...base, source: "file", given: { text: content.value } }) : content;
}

/** The text of a file, without the line feed at its end. */
async function readValueFile(name: string, path: string): Promise<Result<string, PlanRefusal>> {
  const refuse = (problem: string): Result<never, PlanRefusal> =>
    refusedBy(faultOf(planInputCodes, "INPUT_VALUE_FILE", { name, problem }));
  const bytes = await readBounded(path, MAX_BYTES).catch(systemProblem);
  if (typeof bytes === "string") {
    return refuse(`cannot be read: ${bytes}`);
  }
  const text = decodeUtf8(bytes);
  return text === undefined ? refuse("is not valid UTF-8") : ok(text.replace(/\r?\n$/, ""));
}

async function readInputsFile(file: string, cwd: string): Promise<Result<readonly Given[], PlanRefusal>> {
  const path = resolve(cwd, file);
  const bytes = await readBounded(path, MAX_PACK_FILE).catch(systemProblem);
  if (typeof bytes === "string") {
    const hint =
      "check the path, which is relative to the folder that the command is given in, and the rights of the file, which is at most 8 MiB";
    return refusedBy(faultOf(planInputCodes, "INPUTS_FILE", { file, problem: bytes }, { hint }));
  }
  const reading = readYaml(bytes, file);
  if (!reading.sound || reading.diagnostics.length > 0) {
    return refusedFor(withoutText(reading.diagnostics), file, undefined);
  }
  const { value } = reading;
  if (!isJsonObject(value)) {
    return refusedBy(faultOf(planInputCodes, "INPUTS_FILE", { file, problem: "it holds no object" }));
  }
  return ok(Object.entries(value).map(([name, member]) => givenInFile(name, member, file, dirname(path), reading)));
}

function givenInFile(name: string, value: Json, file: string, folder: string, reading: YamlReading): Given {
  const range = packSource(file, reading.text, reading.lines, reading.root).range([name], "key");
  return { name, source: "file", given: { value }, at: { file, range }, folder };
}

/** The messages of the YAML reader may quote the text; here that could be a value. */
function withoutText(found: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.map(({ message, ...rest }) => ({ ...rest, message: message.replaceAll(/"[^"]*"/g, "…") }));
}
