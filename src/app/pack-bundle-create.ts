import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { ChangedFile, checkContent, piecesOf, type Piece } from "#bundle/assemble.ts";
import { PUBLISHER_ROLE } from "#layout/publisher.ts";
import { packManifest } from "#layout/oci.ts";
import type { Digest } from "#canon/digest.ts";
import { millisecondsOf, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "#trust/codes.ts";
import { standingOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { appCodes } from "./codes.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { signPackBundle, type BundleToSign } from "./pack-bundle-sign.ts";
import { readStretch } from "./read-stretch.ts";
import {
  heldRevocations,
  missingRevocations,
  type HeldRevocations,
  type RevocationPlace,
} from "./revocation-standing.ts";
import { siteRoot } from "./site-root.ts";
import { writeArchive } from "./write-archive.ts";

export type PackBundleOrder = BundleToSign & {
  /** The archive to write, in place of one that is there. */
  readonly out: string;
  /** When the bundle is said to be made; the time of its revocation list unless given, so that no clock is in its bytes. */
  readonly createdAt?: Timestamp;
};

export type CreatedPackBundle = {
  readonly file: string;
  readonly size: number;
  readonly name: string;
  readonly version: string;
  readonly packDigest: Digest;
  /** Of the image manifest: what the publisher signs. */
  readonly manifestDigest: Digest;
  readonly trustDomain: string;
  readonly planHash: Digest | null;
  readonly createdAt: Timestamp;
};

/**
 * Writes a signed pack bundle. The same pack, list, inputs and Ed25519 key give the same bytes on every machine; with ECDSA
 * only the signatures differ. The file appears whole or not at all. Faults: those of `siteRoot` and
 * `heldRevocations`, REVOCATIONS_MISSING, ROLE_NOT_HELD, ROLE_SCOPE, those of `checkContent` and `signPackBundle`,
 * INPUT_CHANGED, USER_FILE_WRITE, PACK_BUNDLE_WRITE.
 */
export async function createPackBundle(
  order: PackBundleOrder,
  place: RevocationPlace,
): Promise<Result<CreatedPackBundle>> {
  const trust = await trustOf(order, place);
  if (!trust.ok) {
    return trust;
  }
  const content = checkContent(order.pack);
  if (!content.ok) {
    return content;
  }
  const { root, revocations } = trust.value;
  const { trustDomain } = root.document;
  const createdAt = order.createdAt ?? revocations.list.document.issuedAt;
  const manifest = packManifest(order.pack, place.sha256);
  const files = await signPackBundle(order, { root, createdAt, manifest, revocations }, place);
  if (!files.ok) {
    return files;
  }
  const written = await writeBundle(piecesOf(order.pack, manifest, files.value, place.sha256), order);
  if (!written.ok) {
    return written;
  }
  const { name, version, packDigest } = order.pack;
  const about = { name, version, packDigest, manifestDigest: manifest.digest, trustDomain, createdAt };
  return ok({ file: order.out, size: written.value, ...about, planHash: order.planned?.planHash ?? null });
}

/** `--created-at`, else `SOURCE_DATE_EPOCH` (https://reproducible-builds.org/specs/source-date-epoch). Fault: PACK_BUNDLE_TIME. */
export function createdAtOf(given: string | undefined, epoch: string | undefined): Result<Timestamp | undefined> {
  if (given !== undefined) {
    const at = millisecondsOf(given);
    const expected = "a UTC time with milliseconds, as 2026-01-05T08:00:00.000Z";
    return at === undefined ? wrongTime("--created-at", expected) : ok(timestampOf(at));
  }
  if (epoch === undefined || epoch === "") {
    return ok(undefined);
  }
  return /^[0-9]{1,11}$/.test(epoch)
    ? ok(timestampOf(Number(epoch) * 1000))
    : wrongTime("SOURCE_DATE_EPOCH", "whole seconds since 1970");
}

function wrongTime(option: string, expected: string): Result<never> {
  return fail(faultOf(packBundleUseCodes, "PACK_BUNDLE_TIME", { option, expected }));
}

type PublishingTrust = { readonly root: TrustRoot; readonly revocations: HeldRevocations };

/** The trust root and the list of this place; refused here is a key whose bundles nobody would take. */
async function trustOf({ pack, signer }: PackBundleOrder, place: RevocationPlace): Promise<Result<PublishingTrust>> {
  const root = await siteRoot(place);
  if (!root.ok) {
    return root;
  }
  const held = await heldRevocations(root.value, place);
  if (!held.ok) {
    return held;
  }
  if (held.value?.files.sidecar === undefined) {
    return missingRevocations(root.value, "a pack bundle carries one", place.settings, false);
  }
  const standing = standingOf(root.value, signer.keyid, [PUBLISHER_ROLE], { pack: pack.name });
  const principal = root.value.keys.get(signer.keyid)?.principal ?? "nobody";
  const data = { principal, keyid: signer.keyid, roles: PUBLISHER_ROLE };
  switch (standing.kind) {
    case "held":
      return ok({ root: root.value, revocations: held.value });
    case "outOfScope":
      return fail(faultOf(trustCodes, "ROLE_SCOPE", { ...data, role: standing.role, bound: standing.bound }));
    case "none":
      return fail(faultOf(trustCodes, "ROLE_NOT_HELD", data));
  }
}

async function writeBundle(pieces: readonly Piece[], { folder, out }: PackBundleOrder): Promise<Result<number>> {
  try {
    return await writeArchive(pieces, (file) => readPackFile(folder, file), out);
  } catch (error) {
    if (error instanceof ChangedFile) {
      return fail(faultOf(appCodes, "INPUT_CHANGED", { what: `${error.file} of the pack` }));
    }
    throw error;
  }
}

/** What cannot be read any more was changed since it was listed. */
async function* readPackFile(folder: string, file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(join(folder, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) {
    throw new ChangedFile(file);
  }
  try {
    const { size } = await handle.stat();
    yield* readStretch(handle, 0, size);
  } finally {
    await handle.close();
  }
}
