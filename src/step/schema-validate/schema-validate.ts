import { canonicalBytes } from "#canon/canonical-json.ts";
import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { anything, either, object, record, type Infer } from "#canon/shape.ts";
import { readJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { WithRefusal } from "#plan/built-in-rule.ts";
import { MAX_READ_BYTES, type LintSources } from "#plan/lint-sources.ts";
import { isCel, type Sandbox } from "#plan/plan.ts";
import type { BuiltIn, BuiltInRequest, Produced } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import { builtIn } from "../define-built-in.ts";
import { fileSourceShape, oneChunk, readSource, sourceName, type FileSource } from "../read-source.ts";
import { manifestPath } from "../reference.ts";
import type { SchemaReply } from "../schema-job.ts";
import { validateApart } from "../validate-apart.ts";

const MAX_DOCUMENT = 16 * 1024 * 1024;
const MEDIA_TYPE = "application/json";
const INLINE = "the schema of the step";

const inlineShape = record(/^/, anything(), "a keyword of JSON Schema");
/** No schema has `type: file`, and no reference has another type. */
const schemaShape = either([fileSourceShape, inlineShape], (value) =>
  isInline(value) ? inlineShape : fileSourceShape,
);
const withShape = object({ document: fileSourceShape, schema: schemaShape });
type With = Infer<typeof withShape>;

/** Holds a JSON document to a JSON Schema; what it gives is the document, which then has the form that the schema says. */
export const schemaValidate: BuiltIn = builtIn({
  name: "schema.validate",
  withShape,
  packFiles: ["document", "schema"],
  readFiles: ["schema"],
  holdsToSchemas: true,
  outputs: { document: { file: "document.json", mediaType: MEDIA_TYPE } },
  refusals,
  produce: validate,
});

function isInline(value: unknown): value is JsonObject {
  return isJsonObject(value) && value["type"] !== "file";
}

/** A schema of the pack is compiled when the plan is made. */
function refusals(
  { schema }: JsonObject,
  _sandbox: Sandbox,
  { files, validateSchema }: LintSources,
): readonly WithRefusal[] {
  const known = schema === undefined ? undefined : schemaOf(schema, files);
  if (known === undefined || validateSchema === undefined) {
    return [];
  }
  const file = typeof schema === "string" ? schema : INLINE;
  const verdict = known.ok ? validateSchema(known.value, null) : ({ kind: "badSchema", problem: known.fault } as const);
  return verdict.kind === "badSchema"
    ? [{ fault: faultOf(stepCodes, "SCHEMA_INVALID", { file, problem: verdict.problem }), member: "schema" }]
    : [];
}

/** The schema, or why it is none; undefined while it is not known. */
function schemaOf(schema: Json, files: LintSources["files"]): Result<Json, string> | undefined {
  if (typeof schema !== "string") {
    return isInline(schema) && !holdsExpression(schema) ? ok(schema) : undefined;
  }
  const bytes = files.get(manifestPath(schema));
  if (bytes?.ok !== true) {
    return bytes;
  }
  const read = readJson(bytes.value, schema);
  return read.ok ? ok(read.value as Json) : fail(read.fault.message);
}

function holdsExpression(value: Json): boolean {
  return (
    isCel(value) ||
    (typeof value === "object" &&
      value !== null &&
      Object.values(value as JsonObject).some((each) => holdsExpression(each)))
  );
}

async function validate(given: With, request: BuiltInRequest): Promise<Result<readonly Produced[]>> {
  const { schema } = given;
  const schemaBytes = isInline(schema)
    ? ok(canonicalBytes(schema))
    : await read("schema", schema, MAX_READ_BYTES, request);
  const document = schemaBytes.ok ? await read("document", given.document, MAX_DOCUMENT, request) : schemaBytes;
  if (!schemaBytes.ok || !document.ok) {
    return schemaBytes.ok ? (document as Result<never>) : schemaBytes;
  }
  const reply = await validateApart({ schema: schemaBytes.value, document: document.value }, request.signal);
  const held = holdToReply(reply, sourceName(given.document), isInline(schema) ? INLINE : sourceName(schema));
  if (!held.ok) {
    return held;
  }
  const kept = await request.artifacts.put(request.tenantId, oneChunk(document.value));
  return kept.ok ? ok([{ name: "document", ...kept.value, mediaType: MEDIA_TYPE }]) : kept;
}

async function read(
  what: "schema" | "document",
  source: FileSource,
  limit: number,
  request: BuiltInRequest,
): Promise<Result<Uint8Array>> {
  const bytes = await readSource(source, limit, request);
  if (bytes.ok) {
    return bytes;
  }
  const file = sourceName(source);
  return bytes.fault === "missing"
    ? fail(faultOf(stepCodes, "SCHEMA_FILE_MISSING", { what, file }))
    : fail(faultOf(stepCodes, "SCHEMA_FILE_TOO_LARGE", { what, file, limit }));
}

function holdToReply(reply: SchemaReply, document: string, schema: string): Result<void> {
  switch (reply.kind) {
    case "valid":
      return ok(undefined);
    case "invalid":
      return fail(faultOf(stepCodes, "SCHEMA_MISMATCH", { file: document, problem: reply.problem }));
    case "badSchema":
      return fail(faultOf(stepCodes, "SCHEMA_INVALID", { file: schema, problem: reply.problem }));
    case "badDocument":
      return fail(faultOf(stepCodes, "SCHEMA_DOCUMENT_SYNTAX", { file: document, problem: reply.problem }));
    case "unfinished":
      return fail(faultOf(stepCodes, "SCHEMA_UNFINISHED", { file: document, problem: reply.problem }));
  }
}
