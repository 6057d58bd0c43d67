import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { anything, object, record, string, type Infer } from "#canon/shape.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { WithRefusal } from "#plan/built-in-rule.ts";
import { MAX_READ_BYTES, type LintSources } from "#plan/lint-sources.ts";
import { isCel, type Sandbox } from "#plan/plan.ts";
import type { BuiltIn, BuiltInRequest, Produced } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import { builtIn } from "../define-built-in.ts";
import { MEDIA_TYPE, MEDIA_TYPE_WORDS } from "../media-type.ts";
import { fileSourceShape, oneChunk, readSource, sourceName } from "../read-source.ts";
import { manifestPath } from "../reference.ts";
import { placeProblems, readTemplate, renderTemplate, type Template } from "./render-template.ts";

/** The largest result, in bytes: it is made in memory. */
const MAX_RENDERED = 64 * 1024 * 1024;

const withShape = object(
  {
    template: fileSourceShape,
    values: record(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, anything(), "a name of letters, digits and _"),
  },
  { mediaType: string({ pattern: MEDIA_TYPE, expected: MEDIA_TYPE_WORDS }) },
);
type With = Infer<typeof withShape>;

/** Makes a file of a template: text with paths into `values`. It can neither decide nor compute anything. */
export const fileRender: BuiltIn = builtIn({
  name: "file.render",
  withShape,
  packFiles: ["template"],
  readFiles: ["template"],
  outputs: { file: { file: "file" } },
  refusals,
  produce: render,
});

/** A template of the pack is held to the values, as far as they are known. */
function refusals(given: JsonObject, _sandbox: Sandbox, { files }: LintSources): readonly WithRefusal[] {
  const { template: path, values = {} } = given;
  const bytes = typeof path === "string" ? files.get(manifestPath(path)) : undefined;
  if (typeof path !== "string" || bytes === undefined) {
    return [];
  }
  const faults = bytes.ok
    ? lint(path, bytes.value, values)
    : [faultOf(stepCodes, "RENDER_TEMPLATE", { file: path, line: 1, problem: bytes.fault })];
  return faults.map((fault) => ({ fault, member: "template" }));
}

function lint(file: string, bytes: Uint8Array, values: Json): readonly Fault[] {
  const template = templateOf(file, bytes);
  if (!template.ok) {
    return template.fault;
  }
  return isJsonObject(values) || isCel(values)
    ? placeProblems(template.value, values).map((problem) => faultOf(stepCodes, "RENDER_VALUE", { file, ...problem }))
    : [];
}

function templateOf(file: string, bytes: Uint8Array): Result<Template, readonly [Fault, ...Fault[]]> {
  const text = decodeUtf8(bytes);
  const read = text === undefined ? fail([{ line: 1, problem: "it is not valid UTF-8" }]) : readTemplate(text);
  if (read.ok) {
    return read;
  }
  const [first, ...rest] = read.fault.map((problem) => faultOf(stepCodes, "RENDER_TEMPLATE", { file, ...problem }));
  if (first === undefined) {
    throw new Error("a template was refused without a reason");
  }
  return fail([first, ...rest]);
}

async function render(given: With, request: BuiltInRequest): Promise<Result<readonly Produced[]>> {
  const { mediaType, values } = given;
  const file = sourceName(given.template);
  const bytes = await readSource(given.template, MAX_READ_BYTES, request);
  if (!bytes.ok) {
    return bytes.fault === "missing"
      ? fail(faultOf(stepCodes, "RENDER_TEMPLATE_MISSING", { file }))
      : fail(faultOf(stepCodes, "RENDER_TOO_LARGE", { what: file, limit: MAX_READ_BYTES }));
  }
  const template = templateOf(file, bytes.value);
  if (!template.ok) {
    return fail(template.fault[0]);
  }
  const limit = Math.min(MAX_RENDERED, request.sandbox.limits.artifactBytes);
  const tooLarge = fail(faultOf(stepCodes, "RENDER_TOO_LARGE", { what: `what is made of ${file}`, limit }));
  const text = renderTemplate(template.value, values, limit);
  if (!text.ok) {
    return text.fault === "tooLarge" ? tooLarge : fail(faultOf(stepCodes, "RENDER_VALUE", { file, ...text.fault }));
  }
  const made = encodeUtf8(text.value);
  if (made.length > limit) {
    return tooLarge;
  }
  request.signal.throwIfAborted();
  const kept = await request.artifacts.put(request.tenantId, oneChunk(made));
  return kept.ok ? ok([{ name: "file", ...kept.value, ...(mediaType === undefined ? {} : { mediaType }) }]) : kept;
}
