import type { Sha256 } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { ok, type Result } from "#fault/result.ts";
import { treeDigest, type FileEntry } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { readPack } from "#pack/read-pack.ts";
import { compilePlan, lintPlan, type CompiledPlan } from "#plan/compile-plan.ts";
import { inputsLock } from "#plan/inputs-lock.ts";
import { resolveInputs, type InputsRequest, type ResolvedInputs, type ValidateSchema } from "#plan/resolve-inputs.ts";
import type { KnownPack } from "#plan/recompile-plan.ts";
import type { SecretReference } from "#port/secrets.ts";
import { builtIns } from "#step/built-ins.ts";
import { readGivenInputs, type Given, type InputArguments } from "./given-inputs.ts";
import { readInputFiles, type InputFile } from "./input-files.ts";
import { readLintSources } from "./lint-sources.ts";
import { readPackFile, readPackFolder, type PackFolder, type PackPorts } from "./pack-folder.ts";
import { refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";

export type PlanRequest = InputArguments & {
  /** A folder, or the `pack.yaml` in it. */
  readonly pack: string;
  /** Gives the inputs otherwise than by arguments, when it is known what the pack asks for. */
  readonly given?: (pack: Pack) => Promise<Result<readonly Given[], PlanRefusal>>;
  /** Told the size of the pack's text, in bytes, before it is compiled. */
  readonly onText?: (size: number) => void;
};

/** The longest text, in bytes, whose reading is kept: a tree takes some fifty times its text. */
const KEPT = 128 * 1024;

/** A pack and its inputs as they were when they were planned. */
export type PlannedPack = {
  readonly compiled: CompiledPlan;
  /** What `pack.yaml` says, unless it is large: then it is read again rather than kept while steps run. */
  readonly known?: KnownPack;
  readonly packFolder: string;
  readonly packListing: readonly FileEntry[];
  /** File and directory inputs on this machine. */
  readonly inputFiles: readonly InputFile[];
  readonly sources: ResolvedInputs["sources"];
  /** Findings that are no errors. */
  readonly diagnostics: readonly Diagnostic[];
};

/** Reads a pack and its inputs and compiles the plan, or says all that is wrong with them. */
export async function planPack(request: PlanRequest, ports: PackPorts): Promise<Result<PlannedPack, PlanRefusal>> {
  const read = await openPack(request.pack, request.cwd, ports, request.onText);
  if (!read.ok) {
    return read;
  }
  const { pack, place } = read.value;
  const given = await (request.given?.(pack) ?? readGivenInputs(request, pack));
  if (!given.ok) {
    return given;
  }
  const resolved = await resolveGiven(read.value, given.value, ports);
  if (resolved.diagnostics.length > 0) {
    return refusedFor(resolved.diagnostics, place.file, pack.source.text);
  }
  const base = await compileBase(read.value, ports);
  const compiled = compilePlan({ ...base, inputs: resolved.resolved.inputs });
  if (!compiled.ok) {
    return refusedFor(compiled.fault, place.file, pack.source.text);
  }
  return ok({
    compiled: compiled.value,
    ...(place.bytes.length > KEPT ? {} : { known: { digest: base.packDigest, pack } }),
    packFolder: place.folder,
    packListing: place.listing,
    inputFiles: resolved.files,
    sources: resolved.resolved.sources,
    diagnostics: [],
  });
}

/** The bytes of `inputs.lock` for a planned pack. Secrets without a reference are not in it. */
export function lockInputs(
  { compiled, sources }: Pick<PlannedPack, "compiled" | "sources">,
  tenantId: TenantId,
  references: ReadonlyMap<string, SecretReference>,
  sha256: Sha256,
): Uint8Array {
  const providers = new Map([...references].map(([name, { provider }]) => [name, provider]));
  return inputsLock({ ...compiled, tenantId, sources, providers, sha256 });
}

export type LintedPack = {
  readonly diagnostics: readonly Diagnostic[];
  readonly file: string;
  readonly text: string;
};

/** Everything that is wrong with a pack whatever its inputs will be. The fault is that of a folder that is no pack. */
export async function lintPack(pack: string, ports: PackPorts & { readonly cwd: string }): Promise<Result<LintedPack>> {
  const read = await openPack(pack, ports.cwd, ports);
  if (!read.ok) {
    return read.fault.kind === "fault"
      ? { ok: false, fault: read.fault.fault }
      : ok({ diagnostics: read.fault.diagnostics, file: read.fault.file, text: read.fault.text ?? "" });
  }
  const { place } = read.value;
  const { resolved, diagnostics } = await resolveGiven(read.value, [], ports);
  const found = lintPlan({ ...(await compileBase(read.value, ports)), inputs: resolved.inputs });
  const ofDefaults = diagnostics.filter(({ code }) => code !== "INPUT_MISSING");
  const { text } = read.value.pack.source;
  return ok({ diagnostics: sortDiagnostics([...found, ...ofDefaults]), file: place.file, text });
}

type OpenPack = { readonly pack: Pack; readonly place: PackFolder };

async function openPack(
  pack: string,
  cwd: string,
  ports: PackPorts,
  onText?: PlanRequest["onText"],
): Promise<Result<OpenPack, PlanRefusal>> {
  const place = await readPackFolder(pack, cwd, ports);
  if (!place.ok) {
    return refusedBy(place.fault);
  }
  const { file, bytes, listing } = place.value;
  onText?.(bytes.length);
  const read = readPack(bytes, { file, files: listing });
  return read.ok ? ok({ pack: read.value, place: place.value }) : refusedFor(read.fault, file, decodeUtf8(bytes));
}

async function compileBase({ pack, place }: OpenPack, ports: PackPorts) {
  const { sha256 } = ports;
  const packDigest = treeDigest(place.listing, sha256);
  const sources = await readLintSources(pack, place, builtIns, ports);
  return { pack, packDigest, packFiles: place.listing, builtIns, sha256, sources };
}

type Resolved = {
  readonly resolved: ResolvedInputs;
  readonly files: readonly InputFile[];
  readonly diagnostics: readonly Diagnostic[];
};

async function resolveGiven({ pack, place }: OpenPack, given: readonly Given[], ports: PackPorts): Promise<Resolved> {
  const byName = new Map(given.map((each) => [each.name, each]));
  const read = await readInputFiles(pack, place.folder, byName, ports);
  const request: InputsRequest = {
    pack,
    given,
    files: read.digested,
    schemas: await readSchemas(pack, place, ports.sha256),
    validateSchema: await schemaValidator(pack),
  };
  const resolved = resolveInputs(request);
  return resolved.ok
    ? { resolved: resolved.value, files: read.files, diagnostics: read.diagnostics }
    : {
        resolved: { inputs: {}, sources: {} },
        files: read.files,
        diagnostics: sortDiagnostics([...read.diagnostics, ...resolved.fault]),
      };
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
