import { existsSync } from "node:fs";
import { basename } from "node:path";
import { revocationListPredicate } from "#attest/revocation-claim.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { millisecondsOf, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import type { SignedRevocations } from "#trust/check-revocations.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { checkKeyWindow } from "#trust/freshness.ts";
import {
  readRevocations,
  revocationName,
  type Revocation,
  type Revocations,
  type RevocationsDocument,
} from "#trust/revocation-list.ts";
import { standingOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { newRevocation, type RevocationOrder } from "./revocation-order.ts";
import { replaceRevocations } from "./revocation-files.ts";
import { checkNoneMissed, lookAtRevocations, type RevocationPlace } from "./revocation-standing.ts";
import { revokeCodes } from "./revoke-codes.ts";
import { signStatement } from "./sign-statement.ts";
import { siteRoot } from "./site-root.ts";
import { withTrustLock } from "./state-lock.ts";
import { admitUnderLock } from "./trust-memory.ts";

/** What is to be revoked, or nothing when a list is only renewed. */
export type RevokeOrder = {
  readonly entry?: RevocationOrder;
  /** When the list has to be renewed; as the trust root's policy bounds its age unless given, else in 30 days. */
  readonly nextUpdate?: Timestamp;
  readonly signer: Signer;
  readonly listFile: string;
};

export type RevokedList = {
  readonly file: string;
  readonly trustDomain: string;
  readonly sequence: number;
  readonly entries: number;
  readonly nextUpdate: Timestamp;
};

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = 720;
/** 9999-12-31: a later moment has no timestamp. */
const LAST_MS = 253_402_214_400_000;

/**
 * `revoke`: writes the next snapshot of a place's revocation list, signed, with the entry in it; without an entry the same
 * ones anew. A place without a list gets its first. The list before it must hold; only its time may be over. It stays
 * beside the new one. Faults: TRUST_FILE, those of `readTrustRoot` and of lists, REVOKE_*, REVOKED_ALREADY, SIGNER_RESULT,
 * TRUST_BUSY, TRUST_FILE_ACCESS.
 */
export async function revoke(order: RevokeOrder, place: RevocationPlace): Promise<Result<RevokedList>> {
  const at = timestampOf(place.now());
  const entry = order.entry === undefined ? ok(undefined) : newRevocation(order.entry, at);
  const root = entry.ok ? await siteRoot(place) : entry;
  if (!entry.ok || !root.ok) {
    return root as Result<never>;
  }
  const { stateFolder } = place.settings;
  const work = (): Promise<Result<Revocations>> => continueList(order, entry.value, root.value, place);
  const written = existsSync(stateFolder) ? await withTrustLock(stateFolder, work) : await work();
  if (!written.ok) {
    return written;
  }
  const { trustDomain, sequence, nextUpdate, entries } = written.value.document;
  return ok({ file: order.listFile, trustDomain, sequence, entries: entries.length, nextUpdate });
}

/** Under the lock from looking at the present list to remembering the next one: of several who revoke, each continues the last. */
async function continueList(
  order: RevokeOrder,
  entry: Revocation | undefined,
  root: TrustRoot,
  place: RevocationPlace,
): Promise<Result<Revocations>> {
  const before = await admittedList(order.listFile, root, place);
  const written = before.ok ? await writeNext(order, entry, root, before.value, place) : before;
  const remembered = written.ok ? await admitUnderLock(place.settings.stateFolder, written.value) : written;
  return remembered.ok ? written : remembered;
}

/** The list to continue, if there is one: never one that is older than what was used here, nor a new one for one that is lost. */
async function admittedList(
  file: string,
  root: TrustRoot,
  place: RevocationPlace,
): Promise<Result<SignedRevocations | undefined>> {
  const present = await presentList(file, root, place);
  if (!present.ok) {
    return present;
  }
  if (present.value !== undefined) {
    const admitted = await admitUnderLock(place.settings.stateFolder, present.value);
    return admitted.ok ? present : admitted;
  }
  const { revocationsFile: _, ...settings } = place.settings;
  return checkNoneMissed(root, { ...place, settings });
}

async function presentList(
  file: string,
  root: TrustRoot,
  place: RevocationPlace,
): Promise<Result<SignedRevocations | undefined>> {
  const seen = await lookAtRevocations(file, root, place);
  return seen.ok ? (seen.value?.signed ?? ok(undefined)) : seen;
}

async function writeNext(
  order: RevokeOrder,
  entry: Revocation | undefined,
  root: TrustRoot,
  before: SignedRevocations | undefined,
  place: RevocationPlace,
): Promise<Result<Revocations>> {
  const at = timestampOf(place.now());
  const unfit = signerFault(order.signer.keyid, root, before, at);
  if (unfit !== undefined) {
    return unfit;
  }
  const next = nextList(root, before, entry, { at, given: order.nextUpdate });
  return next.ok ? signAndWrite(order, next.value, place) : next;
}

function signerFault(
  keyid: string,
  root: TrustRoot,
  before: Revocations | undefined,
  at: Timestamp,
): Result<never> | undefined {
  const { trustDomain } = root.document;
  const key = root.keys.get(keyid);
  const held = key !== undefined && standingOf(root, keyid, ["revoker"], {}).kind === "held";
  const window = key === undefined ? ok(undefined) : checkKeyWindow(key, at);
  const revoked = findRevoked(before, { key: keyid });
  const problem = held
    ? window.ok
      ? revoked?.message
      : window.fault.message
    : "it does not hold role revoker without bounds";
  return problem === undefined
    ? undefined
    : fail(faultOf(revokeCodes, "REVOKE_SIGNER", { keyid, trustDomain, problem }));
}

function nextList(
  root: TrustRoot,
  before: Revocations | undefined,
  entry: Revocation | undefined,
  time: { readonly at: Timestamp; readonly given: Timestamp | undefined },
): Result<RevocationsDocument> {
  const known = entry === undefined ? undefined : before?.byName.get(revocationName(entry.kind, entry.value));
  if (known !== undefined) {
    const { kind, value, revokedAt } = known;
    return fail(faultOf(revokeCodes, "REVOKED_ALREADY", { kind, value, revokedAt }));
  }
  const { at } = time;
  const { trustDomain, policy } = root.document;
  const now = millisecondsOf(at) ?? 0;
  const hours = policy?.revocation?.maxAgeHours ?? DEFAULT_HOURS;
  const nextUpdate = time.given ?? timestampOf(Math.min(now + hours * HOUR_MS, LAST_MS));
  if (nextUpdate <= at) {
    return fail(faultOf(revokeCodes, "REVOKE_TIME", { nextUpdate, at }));
  }
  const sequence = before === undefined ? 1 : before.document.sequence + 1;
  const entries = [...(before?.document.entries ?? []), ...(entry === undefined ? [] : [entry])];
  return ok({
    schema: "packrun.revocations/v1",
    trustDomain,
    sequence,
    issuedAt: at,
    nextUpdate,
    ...(before === undefined ? {} : { previousDigest: before.digest }),
    entries: entries.toSorted((a, b) => compareUtf8(nameOf(a), nameOf(b))),
  });
}

function nameOf({ kind, value }: Revocation): string {
  return revocationName(kind, value);
}

async function signAndWrite(
  { signer, listFile }: RevokeOrder,
  document: RevocationsDocument,
  { sha256, verifySignature }: RevocationPlace,
): Promise<Result<Revocations>> {
  const list = canonicalBytes(document);
  const read = readRevocations(list, sha256);
  if (!read.ok) {
    return read;
  }
  const { trustDomain, sequence } = document;
  const draft = {
    predicate: revocationListPredicate,
    subjects: [{ name: basename(listFile), digest: read.value.digest }],
    value: { trustDomain, sequence },
  };
  const signed = await signStatement(signer, draft, { sha256, verifySignature });
  if (!signed.ok) {
    return signed;
  }
  const written = await replaceRevocations(listFile, sequence, { list, sidecar: signed.value.sidecar });
  return written.ok ? read : written;
}
