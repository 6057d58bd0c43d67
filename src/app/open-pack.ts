import type { Sha256 } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import { ok, type Result } from "#fault/result.ts";
import { sortDiagnostics } from "#fault/diagnostic.ts";
import { treeDigest } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { inspectPack, type PackReading } from "#pack/read-pack.ts";
import type { LintRequest } from "#plan/compile-plan.ts";
import { resolveInputs, type MissingPlace, type ResolvedInputs, type ValidateSchema } from "#plan/resolve-inputs.ts";
import { builtIns } from "#step/built-ins.ts";
import type { GivenReading } from "./given-inputs.ts";
import { readInputFiles, type InputFile } from "./input-files.ts";
import { readLintSources } from "./lint-sources.ts";
import { readPackFile, readPackFolder, type PackFolder, type PackPorts } from "./pack-folder.ts";

/** A pack's folder and what its `pack.yaml` says, right or wrong. */
export type OpenPack = PackReading & { readonly place: PackFolder };

/** Faults: those of `readPackFolder`. `onText` is told the size of the text, in bytes, before it is read. */
export async function openPack(
  pack: string,
  cwd: string,
  ports: PackPorts,
  onText?: (size: number) => void,
): Promise<Result<OpenPack>> {
  const place = await readPackFolder(pack, cwd, ports);
  if (!place.ok) {
    return place;
  }
  const { file, bytes, listing } = place.value;
  onText?.(bytes.length);
  return ok({ ...inspectPack(bytes, { file, files: listing }), place: place.value });
}

/** What a pack is compiled from, and checked with, beside its inputs. */
export async function compileBase(
  { pack, doubts, place }: OpenPack,
  ports: PackPorts,
): Promise<Omit<LintRequest, "inputs" | "isUnknown">> {
  const { sha256 } = ports;
  const packDigest = treeDigest(place.listing, sha256);
  const sources = await readLintSources(pack, place, builtIns, ports);
  return { pack, doubts, packDigest, packFiles: place.listing, builtIns, sha256, sources };
}

export type ResolvedGiven = ResolvedInputs & { readonly files: readonly InputFile[] };

/** Holds what was given, and the defaults, to what the pack says of its inputs. */
export async function resolveGiven(
  { pack, doubts, place }: OpenPack,
  { given, isUnread }: Pick<GivenReading, "given" | "isUnread">,
  ports: PackPorts,
  missing?: MissingPlace,
): Promise<ResolvedGiven> {
  const byName = new Map(given.map((each) => [each.name, each]));
  const { files, digested, diagnostics } = await readInputFiles(pack, place.folder, byName, ports);
  const inputs = resolveInputs({
    pack,
    doubts,
    given,
    isUnread,
    missing,
    files: digested,
    schemas: await readSchemas(pack, place, ports.sha256),
    validateSchema: await schemaValidator(pack),
  });
  return { ...inputs, files, diagnostics: sortDiagnostics([...diagnostics, ...inputs.diagnostics]) };
}

/** Schemas of inputs that stand in files of the pack; what cannot be read as JSON is left out. */
async function readSchemas(pack: Pack, place: PackFolder, sha256: Sha256): Promise<ReadonlyMap<string, Json>> {
  const schemas = new Map<string, Json>();
  for (const { schema } of Object.values(pack.spec.inputs)) {
    if (typeof schema === "string" && !schemas.has(schema)) {
      const bytes = await readPackFile(place.folder, schema, place.listing, sha256);
      const read = bytes.ok ? readJson(bytes.value, schema) : bytes;
      if (read.ok) {
        schemas.set(schema, read.value as Json);
      }
    }
  }
  return schemas;
}

/** The schema validator takes a while to load, and few packs need it. */
async function schemaValidator({ spec }: Pack): Promise<ValidateSchema> {
  if (Object.values(spec.inputs).some(({ schema }) => schema !== undefined)) {
    return (await import("#plan/validate-schema.ts")).validateSchema;
  }
  return () => ({ kind: "valid" });
}
