import type { Sha256 } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Doubts } from "#pack/doubts.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { compilePlan, lintPlan, type CompiledPlan } from "#plan/compile-plan.ts";
import { inputsLock } from "#plan/inputs-lock.ts";
import type { MissingPlace, ResolvedInputs } from "#plan/resolve-inputs.ts";
import type { KnownPack } from "#plan/recompile-plan.ts";
import type { SecretReference } from "#port/secrets.ts";
import { collectGivenInputs, type Given, type GivenReading, type InputArguments } from "./given-inputs.ts";
import type { InputFile } from "./input-files.ts";
import { compileBase, openPack, resolveGiven } from "./open-pack.ts";
import type { PackPorts } from "./pack-folder.ts";
import { allRefused, refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";

export type PlanRequest = InputArguments & {
  /** A folder, or the `pack.yaml` in it. */
  readonly pack: string;
  /** Gives the inputs otherwise than by arguments, when it is known what the pack asks for. */
  readonly given?: (pack: Pack) => Promise<Result<readonly Given[], PlanRefusal>>;
  /** Where a value that is missing would be given, if not by an argument. */
  readonly missing?: MissingPlace;
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
    return refusedBy(read.fault);
  }
  const { pack, doubts, place } = read.value;
  const given = await givenFor(request, pack, doubts);
  const { inputs, sources, files, unknown, diagnostics } = await resolveGiven(
    read.value,
    given,
    ports,
    request.missing,
  );
  const base = await compileBase(read.value, ports);
  const found = [...read.value.diagnostics, ...diagnostics];
  if (found.length + given.refusals.length > 0) {
    const isUnknown = (name: string): boolean => unknown.has(name) || !Object.hasOwn(pack.spec.inputs, name);
    found.push(...lintPlan({ ...base, inputs, isUnknown }));
    return allRefused(given.refusals, found, place.file, pack.source.text);
  }
  const compiled = compilePlan({ ...base, inputs });
  if (!compiled.ok) {
    return refusedFor(compiled.fault, place.file, pack.source.text);
  }
  return ok({
    compiled: compiled.value,
    ...(place.bytes.length > KEPT ? {} : { known: { digest: base.packDigest, pack } }),
    packFolder: place.folder,
    packListing: place.listing,
    inputFiles: files,
    sources,
    diagnostics: [],
  });
}

async function givenFor(request: PlanRequest, pack: Pack, doubts: Doubts): Promise<GivenReading> {
  const given = await request.given?.(pack);
  if (given === undefined) {
    return collectGivenInputs(request, pack, doubts);
  }
  return given.ok
    ? { given: given.value, refusals: [], isUnread: () => false }
    : { given: [], refusals: [given.fault], isUnread: () => true };
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

const NOTHING_GIVEN = { given: [], isUnread: () => false };

export type LintedPack = {
  readonly diagnostics: readonly Diagnostic[];
  readonly file: string;
  readonly text: string;
};

/** Everything that is wrong with a pack whatever its inputs will be. The fault is that of a folder that is no pack. */
export async function lintPack(pack: string, ports: PackPorts & { readonly cwd: string }): Promise<Result<LintedPack>> {
  const read = await openPack(pack, ports.cwd, ports);
  if (!read.ok) {
    return read;
  }
  const { place, pack: sound } = read.value;
  const { inputs, unknown, diagnostics } = await resolveGiven(read.value, NOTHING_GIVEN, ports);
  const isUnknown = (name: string): boolean => unknown.has(name) || !Object.hasOwn(inputs, name);
  const found = lintPlan({ ...(await compileBase(read.value, ports)), inputs, isUnknown });
  const ofDefaults = diagnostics.filter(({ code }) => code !== "INPUT_MISSING");
  const all = sortDiagnostics([...read.value.diagnostics, ...found, ...ofDefaults]);
  return ok({ diagnostics: all, file: place.file, text: sound.source.text });
}
