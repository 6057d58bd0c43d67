import type { Json } from "#canon/json.ts";
import { diagnosticOf } from "#fault/code-table.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { FaultData } from "#fault/fault.ts";
import type { Range } from "#fault/place.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { NO_DOUBTS, type Doubts } from "#pack/doubts.ts";
import type { InputRule, Pack } from "#pack/pack.ts";
import { planCodes, type PlanCode } from "./codes.ts";
import { inputWords, isOfType, misshape, readInputText } from "./input-value.ts";
import type { PlanInput } from "./plan.ts";

export type InputSource = "cli" | "file" | "api" | "default";

/** A value for an input, as text to be read by the input's type or as a JSON value, and where it was given. */
export type GivenInput = {
  readonly name: string;
  readonly source: Exclude<InputSource, "default">;
  readonly given: { readonly text: string } | { readonly value: Json };
  readonly at: { readonly file: string; readonly range?: Range };
};

/** What digesting the file or directory of an input gave. */
export type InputFile = Extract<PlanInput, { readonly type: "file" | "directory" }>;

/** Holds a value to a JSON Schema: what is wrong with it, in words that repeat nothing of the value. */
export type ValidateSchema = (
  schema: Json,
  value: Json,
) => { readonly kind: "valid" } | { readonly kind: "invalid" | "badSchema"; readonly problem: string };

/** Where a value would be given, and how. */
export type MissingPlace = (name: string) => { readonly file: string; readonly hint: string };

export type InputsRequest = {
  readonly pack: Pack;
  /** What is wrong with the pack, of which `pack` is the rest: nothing is said about an input in doubt. */
  readonly doubts?: Doubts;
  readonly given: readonly GivenInput[];
  /** Inputs for which something was given that could not be read, as was reported; none unless said otherwise. */
  readonly isUnread?: (name: string) => boolean;
  /** Where values are given, for what is said of one that is missing; where the pack declares the input unless given. */
  readonly missing?: MissingPlace | undefined;
  /** By input name: every file and directory input that was given or has a default. */
  readonly files: ReadonlyMap<string, InputFile>;
  /** Schemas that the pack keeps in files, by path. */
  readonly schemas: ReadonlyMap<string, Json>;
  readonly validateSchema: ValidateSchema;
};

/** The inputs as far as they are right, and what is wrong with the others. */
export type ResolvedInputs = {
  /** Inputs that have a value, by name. */
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly sources: Readonly<Record<string, InputSource>>;
  /** Sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** Inputs of which the right value is not known; none without diagnostics. */
  readonly unknown: ReadonlySet<string>;
};

type Report = (code: PlanCode, data: FaultData, at: GivenInput["at"], hint?: string) => void;

/**
 * Gives every input of the pack its value, and says all that is wrong. The command line and the API go before a file, a
 * file before the default. No message repeats what was given. Codes: INPUT_*.
 */
export function resolveInputs(request: InputsRequest): ResolvedInputs {
  const { pack, files, isUnread = () => false } = request;
  const found: Diagnostic[] = [];
  const unknown = new Set<string>();
  const report: Report = (code, data, at, hint) => {
    found.push(diagnosticOf(planCodes, code, data, hint === undefined ? at : { ...at, hint }));
    unknown.add(String(data["name"]));
  };
  const chosen = chooseGiven(request, report);
  const isMisnamed = found.some(({ code }) => code === "INPUT_UNKNOWN");
  const inputs: Record<string, PlanInput> = {};
  const sources: Record<string, InputSource> = {};
  for (const [name, rule] of Object.entries(pack.spec.inputs)) {
    const given = chosen.get(name);
    const input = resolveInput(name, rule, given, request, report);
    const isFile = rule.type === "file" || rule.type === "directory";
    if (input !== undefined) {
      inputs[name] = input;
      sources[name] = given?.source ?? "default";
    }
    // What was given under an unknown name was meant for one of those that were not given.
    const isOther = given === undefined && (isMisnamed || isUnread(name));
    if (isOther || (isFile && !files.has(name) && (given ?? rule.default) !== undefined)) {
      unknown.add(name);
    }
  }
  return { inputs, sources, unknown, diagnostics: sortDiagnostics(found) };
}

/** The value that counts for each name. */
function chooseGiven(
  { pack, given, doubts = NO_DOUBTS }: InputsRequest,
  report: Report,
): ReadonlyMap<string, GivenInput> {
  const { inputs } = pack.spec;
  const chosen = new Map<string, GivenInput>();
  for (const each of given) {
    const before = chosen.get(each.name);
    if (!Object.hasOwn(inputs, each.name)) {
      if (doubts.touch(["spec", "inputs", each.name]) || doubts.mayBe(each.name)) {
        continue;
      }
      const near = nearestName(each.name, Object.keys(inputs));
      const hint = near === undefined ? undefined : `did you mean "${near}"?`;
      report("INPUT_UNKNOWN", { name: each.name }, each.at, hint);
    } else if (before !== undefined && before.source === each.source && before.at.file === each.at.file) {
      report("INPUT_GIVEN_TWICE", { name: each.name }, each.at);
    } else if (before === undefined || before.source === "file") {
      chosen.set(each.name, each);
    }
  }
  return chosen;
}

function resolveInput(
  name: string,
  rule: InputRule,
  given: GivenInput | undefined,
  request: InputsRequest,
  report: Report,
): PlanInput | undefined {
  const { pack, files, isUnread = () => false } = request;
  const { file } = pack.source;
  const declared = (member?: string): GivenInput["at"] => {
    const path = ["spec", "inputs", name, ...(member === undefined ? [] : [member])];
    return { file, range: pack.source.range(path, member === undefined ? "key" : "value") };
  };
  if (given === undefined && rule.default === undefined) {
    if (rule.required && !isUnread(name)) {
      const place = request.missing?.(name);
      report("INPUT_MISSING", { name }, place === undefined ? declared() : { file: place.file }, place?.hint);
    }
    checkSchema({ name, rule, schemaAt: () => declared("schema") }, request, report);
    return undefined;
  }
  if (rule.type === "file" || rule.type === "directory") {
    // Absent when it could not be read, which whoever tried has reported.
    return files.get(name);
  }
  const at = given === undefined ? declared("default") : given.at;
  const read = readValue(rule.type, given?.given ?? { value: rule.default ?? null });
  if (!read.ok) {
    report("INPUT_TYPE", { name, expected: read.fault }, at, writtenHint(name, rule.type, given?.given));
    return undefined;
  }
  checkSchema({ name, rule, given: { value: read.value, at }, schemaAt: () => declared("schema") }, request, report);
  return { type: rule.type, value: read.value };
}

type ValueRule = Exclude<InputRule["type"], "file" | "directory">;

/** The value, or what it should be, in words. */
function readValue(type: ValueRule, given: GivenInput["given"]): Result<Json, string> {
  const value = "text" in given ? readInputText(type, given.text) : ok(given.value);
  if (!value.ok || !isOfType(type, value.value)) {
    return fail(inputWords(type));
  }
  const wrong = misshape(value.value);
  return wrong === undefined ? ok(value.value) : fail(wrong);
}

/** What is given as a value has its type by how it is written. The value itself may be a secret. */
function writtenHint(name: string, type: ValueRule, given: GivenInput["given"] | undefined): string | undefined {
  if (given === undefined || "text" in given || isOfType(type, given.value)) {
    return undefined;
  }
  if (type === "string") {
    return `in YAML and JSON a text stands in quotes: ${name}: "…"`;
  }
  return typeof given.value === "string" ? `in YAML and JSON ${inputWords(type)} stands without quotes` : undefined;
}

type SchemaCase = {
  readonly name: string;
  readonly rule: InputRule;
  /** Absent when the input has no value: then only the schema itself is looked at. */
  readonly given?: { readonly value: Json; readonly at: GivenInput["at"] };
  readonly schemaAt: () => GivenInput["at"];
};

function checkSchema(
  { name, rule, given, schemaAt }: SchemaCase,
  { schemas, validateSchema }: InputsRequest,
  report: Report,
): void {
  const schema: Json | undefined = typeof rule.schema === "string" ? schemas.get(rule.schema) : rule.schema;
  if (rule.schema === undefined) {
    return;
  }
  const verdict =
    schema === undefined
      ? ({ kind: "badSchema", problem: "its file could not be read as JSON" } as const)
      : validateSchema(schema, given?.value ?? null);
  if (verdict.kind === "badSchema") {
    report("INPUT_SCHEMA_INVALID", { name, problem: verdict.problem }, schemaAt());
  } else if (verdict.kind === "invalid" && given !== undefined) {
    report("INPUT_SCHEMA", { name, problem: verdict.problem }, given.at);
  }
}
