import { randomBytes } from "node:crypto";
import { link, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SIDECAR_SUFFIX } from "#attest/sidecar.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RootSteps, RootVersion } from "#trust/follow-root.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { fileFault, systemCode } from "./file-fault.ts";
import { readBounded } from "./read-bounded.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** A trust root as it lies on this machine, with its sidecars in order of their names. */
export type TrustFile = {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly root: TrustRoot;
  readonly sidecars: readonly { readonly path: string; readonly bytes: Uint8Array }[];
};

/** Reads a trust root and the sidecars beside it. Faults: TRUST_FILE_ACCESS and those of `readTrustRoot`. */
export async function readTrustFile(path: string, sha256: Sha256): Promise<Result<TrustFile>> {
  try {
    const bytes = await readBounded(path, DOCUMENT_LIMIT);
    const root = readTrustRoot(bytes, sha256, path);
    if (!root.ok) {
      return root;
    }
    const sidecars = [];
    for (const name of await sidecarNames(path)) {
      const sidecar = join(dirname(path), name);
      sidecars.push({ path: sidecar, bytes: await readBounded(sidecar, DOCUMENT_LIMIT) });
    }
    return ok({ path, bytes, root: root.value, sidecars });
  } catch (error) {
    return fileFault(path, error);
  }
}

/** What lies beside a trust root that shows how it follows an earlier one: the versions kept there, up to a gap. */
export async function readSteps(path: string, last: TrustRoot, root: TrustRoot, sha256: Sha256): Promise<RootSteps> {
  const between: RootVersion[] = [];
  for (let version = last.document.version + 1; version < root.document.version; version += 1) {
    const kept = await readTrustFile(keptPath(path, version), sha256);
    if (!kept.ok) {
      break;
    }
    between.push(versionOf(kept.value));
  }
  const own = await readTrustFile(path, sha256);
  return { between, sidecars: own.ok ? versionOf(own.value).sidecars : [] };
}

function versionOf({ bytes, sidecars }: TrustFile): RootVersion {
  return { bytes, sidecars: sidecars.map((sidecar) => sidecar.bytes) };
}

/** The version before, kept beside the present one when that was edited into it. */
export async function readVersionBefore(of: TrustFile, sha256: Sha256): Promise<TrustRoot | undefined> {
  try {
    const read = readTrustRoot(
      await readBounded(keptPath(of.path, of.root.document.version - 1), DOCUMENT_LIMIT),
      sha256,
    );
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts the next version in the place of the present one. That stays beside it as `<version>.trust-root.json`, with its
 * sidecars. A crash leaves the old version or the new one, never half of either.
 */
export async function replaceTrustFile(old: TrustFile, bytes: Uint8Array): Promise<Result<void>> {
  const { path } = old;
  const kept = keptPath(path, old.root.document.version);
  try {
    await writeAtomically(kept, old.bytes);
    for (const sidecar of old.sidecars) {
      await rename(sidecar.path, kept + sidecar.path.slice(path.length));
    }
    await writeAtomically(path, bytes);
    return ok(undefined);
  } catch (error) {
    return fileFault(path, error);
  }
}

/** Writes a file that must not be there yet, whole or not at all. Fault: TRUST_FILE_EXISTS, TRUST_FILE_ACCESS. */
export async function writeNewFile(path: string, bytes: Uint8Array, mode = 0o644): Promise<Result<void>> {
  const draft = draftPath(path);
  try {
    await writeDurably(draft, bytes, mode);
    await link(draft, path);
    await syncFolder(path);
    return ok(undefined);
  } catch (error) {
    return systemCode(error) === "EEXIST"
      ? fail(faultOf(trustUseCodes, "TRUST_FILE_EXISTS", { file: path }))
      : fileFault(path, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a file over what may be there, by rename. Throws what the system says. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const draft = draftPath(path);
  await writeDurably(draft, bytes, 0o644);
  await rename(draft, path);
  await syncFolder(path);
}

/** The name of the next sidecar of a file: `trust-root.json.<n>.sigstore.json`, counted from 1. */
export async function nextSidecarPath(path: string): Promise<string> {
  const numbers = (await sidecarNames(path)).map((name) => Number(name.slice(basename(path).length + 1).split(".")[0]));
  return `${path}.${Math.max(0, ...numbers) + 1}${SIDECAR_SUFFIX}`;
}

async function sidecarNames(path: string): Promise<readonly string[]> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  return names
    .filter((name) => name.startsWith(start) && /^[1-9]\d{0,5}\.sigstore\.json$/.test(name.slice(start.length)))
    .toSorted((a, b) => Number.parseInt(a.slice(start.length), 10) - Number.parseInt(b.slice(start.length), 10));
}

function keptPath(path: string, version: number): string {
  return join(dirname(path), `${version}.${basename(path)}`);
}

function draftPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
}

async function writeDurably(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, "wx", mode);
  await file.writeFile(bytes);
  await file.sync();
}

async function syncFolder(of: string): Promise<void> {
  await using folder = await open(dirname(of), "r");
  await folder.sync();
}
