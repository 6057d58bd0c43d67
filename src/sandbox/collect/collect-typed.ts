import { readFileSync, statSync } from "node:fs";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { pathBelow } from "#canon/json-depth.ts";
import { readJson } from "#canon/strict-json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { TypedOutput, ValueType } from "#plan/plan.ts";
import type { Value } from "#run/value.ts";
import { faultOfBreak, outputFault, type Collecting } from "./collecting.ts";
import { scanFor } from "./scanned-bytes.ts";

/** Typed outputs stand in the ledger as they are; what is larger belongs into a file. */
const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;

/** What a step wrote to `$PACKRUN_OUTPUT`: an object, or why it is none. */
export type TypedOutputs =
  | { readonly kind: "object"; readonly members: Readonly<Record<string, unknown>> }
  | { readonly kind: "nothing" }
  | { readonly kind: "bad"; readonly problem: string }
  | { readonly kind: "tooLarge" };

/** The file was made by us and bound into the sandbox as a file, so the step cannot have replaced it. */
export function readTypedOutputs(path: string): TypedOutputs {
  const { size } = statSync(path);
  if (size === 0) {
    return { kind: "nothing" };
  }
  if (size > MAX_BYTES) {
    return { kind: "tooLarge" };
  }
  const read = readJson(readFileSync(path), "$PACKRUN_OUTPUT");
  if (!read.ok) {
    return { kind: "bad", problem: read.fault.message };
  }
  if (!isJsonObject(read.value)) {
    return { kind: "bad", problem: "$PACKRUN_OUTPUT holds no JSON object" };
  }
  return pathBelow(MAX_DEPTH, read.value) === undefined
    ? { kind: "object", members: read.value }
    : { kind: "bad", problem: "it is nested too deep" };
}

/**
 * Takes one declared value out of it. It goes into the ledger, where no secret stands: with `mayContainSecrets` texts are
 * redacted there, but numbers cannot be, so one that holds a secret is refused all the same.
 */
export async function collectTyped(
  collecting: Collecting,
  name: string,
  rule: TypedOutput,
  written: TypedOutputs,
): Promise<Result<Value>> {
  const { redactor } = collecting;
  if (written.kind === "tooLarge") {
    return fail(outputFault(redactor, "STEP_OUTPUT_TOO_LARGE", { name, problem: "$PACKRUN_OUTPUT passes 1 MiB" }));
  }
  if (written.kind === "bad") {
    return fail(outputFault(redactor, "STEP_OUTPUT_TYPE", { name, problem: written.problem }));
  }
  if (written.kind === "nothing" || !Object.hasOwn(written.members, name)) {
    const problem = `$PACKRUN_OUTPUT has no member ${name}`;
    return fail(outputFault(redactor, "STEP_OUTPUT_MISSING", { name, problem }));
  }
  const value = written.members[name] as Json;
  const problem = (await typeProblem(rule, value)) ?? undefined;
  if (problem !== undefined) {
    return fail(outputFault(redactor, "STEP_OUTPUT_TYPE", { name, problem }));
  }
  try {
    scanFor(redactor.scanner(), canonicalBytes(rule.mayContainSecrets === true ? numbersOf(value) : value));
  } catch (error) {
    return fail(faultOfBreak(redactor, name, error));
  }
  return ok({ type: rule.type, value });
}

function numbersOf(value: Json): readonly number[] {
  if (typeof value === "number") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

async function typeProblem(rule: TypedOutput, value: Json): Promise<string | undefined> {
  if (!isOfType(rule.type, value)) {
    return `it is not of type ${rule.type}`;
  }
  if (!isCanonical(value)) {
    return "it holds a number or text that JSON cannot carry";
  }
  return rule.schema === undefined ? undefined : schemaProblem(rule.schema, value);
}

function isOfType(type: ValueType, value: unknown): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
  }
}

function isCanonical(value: Json): boolean {
  try {
    canonicalBytes(value);
    return true;
  } catch {
    return false;
  }
}

/** The validator takes 30 ms to load and few packs have schemas, so it comes when it is needed. */
async function schemaProblem(schema: Json, value: Json): Promise<string | undefined> {
  const { validateOutput } = await import("#plan/validate-schema.ts");
  const verdict = validateOutput(schema, value);
  switch (verdict.kind) {
    case "valid":
      return undefined;
    case "invalid":
      return `its schema refuses it: ${verdict.problem}`;
    case "badSchema":
      return `its schema cannot be used: ${verdict.problem}`;
  }
}
