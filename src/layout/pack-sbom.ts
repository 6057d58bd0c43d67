import { array, describeMisfit, literal, misfitsOf, object, string, tagged, type Infer } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import type { Predicate } from "#attest/statement.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { layoutCodes } from "./codes.ts";
import type { PackContent } from "./pack-content.ts";
import { TOOL_USES, type PackTool } from "./pack-tools.ts";

const text = string({ min: 1 });
export const PACK_REF = "pack";
export const DIGEST_PROPERTY = "packrun:packDigest";
export const TOOL_PROPERTY = "packrun:tool";

const toolProperties = array(object({ name: literal(TOOL_PROPERTY), value: literal(...TOOL_USES) }), {
  min: 1,
  max: TOOL_USES.length,
});
/** Required: without it no run gets to its end. What only lies in the pack may be needed or not. */
const required = literal("required");

/**
 * CycloneDX 1.6, as packrun writes it of a pack: each file with its SHA-256, then each tool that is no file of the pack,
 * closed at every level.
 */
export const sbomShape = object({
  $schema: literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: literal("CycloneDX"),
  specVersion: literal("1.6"),
  version: literal(1),
  serialNumber: string({ pattern: /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ }),
  metadata: object({
    component: object({
      type: literal("application"),
      name: text,
      version: text,
      "bom-ref": literal(PACK_REF),
      properties: array(object({ name: literal(DIGEST_PROPERTY), value: text }), { min: 1, max: 1 }),
    }),
  }),
  components: array(
    tagged("type", {
      file: object(
        {
          type: literal("file"),
          name: text,
          "bom-ref": text,
          hashes: array(object({ alg: literal("SHA-256"), content: text }), { min: 1, max: 1 }),
        },
        { scope: required, properties: toolProperties },
      ),
      application: object({
        type: literal("application"),
        name: text,
        "bom-ref": text,
        scope: required,
        properties: toolProperties,
      }),
    }),
    { min: 1 },
  ),
  dependencies: array(object({ ref: text })),
});
export type PackSbom = Infer<typeof sbomShape>;

/** The predicate that other tools know SBOMs by, and make attestations of; its value is the document itself. */
export const sbomPredicate: Predicate<PackSbom> = {
  type: "https://cyclonedx.org/bom",
  shape: sbomShape,
  maxSubjects: 1,
  takesOlder: true,
};

/** Fault: PACK_SBOM_INVALID. */
export function readSbom(bytes: Uint8Array): Result<PackSbom> {
  const read = readCanonicalJson(bytes, "SBOM");
  if (!read.ok) {
    return fail(faultOf(layoutCodes, "PACK_SBOM_INVALID", { problem: read.fault.message }));
  }
  const [misfit] = misfitsOf(sbomShape, read.value);
  return misfit === undefined
    ? ok(read.value as PackSbom)
    : fail(faultOf(layoutCodes, "PACK_SBOM_INVALID", { problem: describeMisfit(misfit) }));
}

/** Whether the SBOM names this pack, all of its files with their digests, and no others. Fault: PACK_SBOM_MISMATCH. */
export function checkSbom(sbom: PackSbom, { name, version, packDigest, listing }: PackContent): Result<void> {
  const { component } = sbom.metadata;
  const stated = component.properties[0]?.value;
  if (component.name !== name || component.version !== version || stated !== packDigest) {
    return mismatch("it is of another pack");
  }
  const left = new Map(listing.map((file) => [file.path, file.sha256]));
  for (const component of sbom.components) {
    if (component.type !== "file") {
      continue;
    }
    const { name: path, hashes } = component;
    const sha256 = left.get(path);
    if (sha256 === undefined) {
      return mismatch(`"${path}" is listed twice or is not in the pack`);
    }
    if (hashes[0]?.content !== sha256) {
      return mismatch(`"${path}" has another digest`);
    }
    left.delete(path);
  }
  const [missing] = left.keys();
  return missing === undefined ? ok(undefined) : mismatch(`"${missing}" is not listed`);
}

/** Whether the SBOM names these tools, for what they are used, and no others. Fault: PACK_SBOM_TOOLS. */
export function checkSbomTools(sbom: PackSbom, tools: readonly PackTool[]): Result<void> {
  const left = new Map(tools.map((tool) => [keyOf(tool.inPack, tool.name), tool]));
  for (const { type, name, properties } of sbom.components) {
    const key = keyOf(type === "file", name);
    const tool = left.get(key);
    left.delete(key);
    const uses = properties?.map(({ value }) => value).join();
    if (uses !== tool?.uses.join()) {
      return wrongTool(
        `"${name}" is ${tool === undefined ? "no tool of its steps, or listed twice" : "not marked as its steps use it"}`,
      );
    }
  }
  const [missing] = left.values();
  return missing === undefined ? ok(undefined) : wrongTool(`"${missing.name}" is not listed`);
}

function keyOf(inPack: boolean, name: string): string {
  return `${inPack ? "file" : "tool"}:${name}`;
}

function wrongTool(problem: string): Result<never> {
  return fail(faultOf(layoutCodes, "PACK_SBOM_TOOLS", { problem }));
}

function mismatch(problem: string): Result<never> {
  return fail(faultOf(layoutCodes, "PACK_SBOM_MISMATCH", { problem }));
}
