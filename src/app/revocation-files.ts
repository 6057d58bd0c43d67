import { basename, dirname, join } from "node:path";
import { SIDECAR_SUFFIX } from "#attest/sidecar.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { fileFault, systemCode } from "./file-fault.ts";
import { readBounded } from "./read-bounded.ts";
import type { Settings } from "./settings.ts";
import { writeAtomically } from "./trust-file.ts";

/** Where the revocation list of this place is, or would be: as configured, else beside the trust root. */
export function revocationsPath(settings: Pick<Settings, "revocationsFile" | "trustFile" | "stateFolder">): string {
  const { revocationsFile, trustFile, stateFolder } = settings;
  return (
    revocationsFile ??
    join(trustFile === undefined ? join(stateFolder, "trust") : dirname(trustFile), "revocations.json")
  );
}

/**
 * Puts a snapshot in the place of the one before. It is kept under its sequence first, as
 * `<sequence>.revocations.json` with its sidecar: whoever reads between the two renames finds the right sidecar there, and a
 * crash leaves the list before or this one. Fault: TRUST_FILE_ACCESS.
 */
export async function replaceRevocations(
  path: string,
  sequence: number,
  { list, sidecar }: Required<RevocationFiles>,
): Promise<Result<void>> {
  const kept = keptPath(path, sequence);
  try {
    await writeAtomically(kept, list);
    await writeAtomically(kept + SIDECAR_SUFFIX, sidecar);
    await writeAtomically(path, list);
    await writeAtomically(path + SIDECAR_SUFFIX, sidecar);
    return ok(undefined);
  } catch (error) {
    return fileFault(path, error);
  }
}

/** The sidecar that was kept with the snapshot of this sequence. Fault: TRUST_FILE_ACCESS. */
export function readKeptSidecar(path: string, sequence: number): Promise<Result<Uint8Array | undefined>> {
  return readIfThere(keptPath(path, sequence) + SIDECAR_SUFFIX);
}

function keptPath(path: string, sequence: number): string {
  return join(dirname(path), `${sequence}.${basename(path)}`);
}

/** A list and its sidecar as they lie there; undefined where there is no list. Fault: TRUST_FILE_ACCESS. */
export async function readRevocationFiles(path: string): Promise<Result<RevocationFiles | undefined>> {
  const list = await readIfThere(path);
  if (!list.ok || list.value === undefined) {
    return list.ok ? ok(undefined) : list;
  }
  const sidecar = await readIfThere(path + SIDECAR_SUFFIX);
  if (!sidecar.ok) {
    return sidecar;
  }
  return ok(sidecar.value === undefined ? { list: list.value } : { list: list.value, sidecar: sidecar.value });
}

async function readIfThere(path: string): Promise<Result<Uint8Array | undefined>> {
  try {
    return ok(await readBounded(path, DOCUMENT_LIMIT));
  } catch (error) {
    return systemCode(error) === "ENOENT" ? ok(undefined) : fileFault(path, error);
  }
}
