import { KEYID } from "#attest/public-key.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { runIdShape, trustDomainShape } from "#canon/id-shape.ts";
import {
  array,
  describeMisfit,
  digest,
  integer,
  literal,
  misfitsOf,
  object,
  string,
  tagged,
  timestamp,
  type Infer,
} from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { PACK_NAME, SEM_VER } from "./pack-version.ts";
import { revocationCodes } from "./revocation-codes.ts";

/** A pack by its digest, or by name and version: `acme/promote@1.4.0`. */
export const REVOKED_PACK_NAME: RegExp = new RegExp(
  `^(?:sha256:[0-9a-f]{64}|${PACK_NAME.source.slice(1, -1)}@${SEM_VER.source.slice(1, -1)})$`,
);

const reason = string({ min: 1, max: 4096, expected: "a reason of at most 4,096 letters" });
const rest = { reason, revokedAt: timestamp() };
const entryShape = tagged("kind", {
  pack: object({
    kind: literal("pack"),
    value: string({ pattern: REVOKED_PACK_NAME, expected: "a pack digest, or NAME@VERSION" }),
    ...rest,
  }),
  plan: object({ kind: literal("plan"), value: digest(), ...rest }),
  key: object({
    kind: literal("key"),
    value: string({ pattern: KEYID, expected: "an OpenSSH fingerprint" }),
    ...rest,
  }),
  payload: object({ kind: literal("payload"), value: digest(), ...rest }),
  run: object({ kind: literal("run"), value: runIdShape, ...rest }),
});
export type Revocation = Infer<typeof entryShape>;

export const REVOCABLE_KINDS: readonly Revocation["kind"][] = ["pack", "plan", "key", "payload", "run"];

/** `revocations.json`: a full snapshot of what is revoked in a trust domain. */
export const revocationsShape = object(
  {
    schema: literal("packrun.revocations/v1"),
    trustDomain: trustDomainShape,
    sequence: integer({ min: 1 }),
    issuedAt: timestamp(),
    nextUpdate: timestamp(),
    entries: array(entryShape),
  },
  { previousDigest: digest() },
);
export type RevocationsDocument = Infer<typeof revocationsShape>;

/** A snapshot that keeps its rules; whether somebody signed it is another question. */
export type Revocations = {
  readonly document: RevocationsDocument;
  /** Of the file's bytes. */
  readonly digest: Digest;
  /** By kind and value, with a space between them. */
  readonly byName: ReadonlyMap<string, Revocation>;
};

export function revocationName(kind: Revocation["kind"], value: string): string {
  return `${kind} ${value}`;
}

/** Reads `revocations.json`. Faults: REVOCATIONS_SYNTAX, REVOCATIONS_SHAPE. */
export function readRevocations(bytes: Uint8Array, sha256: Sha256): Result<Revocations> {
  const read = readCanonicalJson(bytes, "revocations.json");
  if (!read.ok) {
    return fail(faultOf(revocationCodes, "REVOCATIONS_SYNTAX", { problem: read.fault.message }));
  }
  const [misfit] = misfitsOf(revocationsShape, read.value);
  if (misfit !== undefined) {
    return wrongShape(describeMisfit(misfit));
  }
  const document = read.value as RevocationsDocument;
  const { issuedAt, nextUpdate, sequence, previousDigest, entries } = document;
  if (nextUpdate <= issuedAt) {
    return wrongShape("nextUpdate is not later than issuedAt");
  }
  if ((sequence === 1) !== (previousDigest === undefined)) {
    return wrongShape("previousDigest is absent in the first list, and in no other");
  }
  const byName = new Map(entries.map((entry) => [revocationName(entry.kind, entry.value), entry]));
  return byName.size === entries.length
    ? ok({ document, digest: digestOf(bytes, sha256), byName })
    : wrongShape("an entry stands twice");
}

function wrongShape(problem: string): Result<never> {
  return fail(faultOf(revocationCodes, "REVOCATIONS_SHAPE", { problem }));
}
