import { KEYID, type PublicKey } from "#attest/public-key.ts";
import type { Digest } from "#canon/digest.ts";
import { trustDomainShape } from "#canon/id-shape.ts";
import { array, boolean, integer, literal, object, record, string, timestamp, type Infer } from "#canon/shape.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import {
  anchorPolicyShape,
  timestampAuthoritiesShape,
  transparencyLogsShape,
  type TrustedLog,
} from "./anchor-authority.ts";
import { PACK_NAME, SEM_VER } from "./pack-version.ts";

const text = string({ min: 1 });
const keyid = string({ pattern: KEYID, expected: "an OpenSSH fingerprint" });

/** A person or a machine; one principal may hold several keys. */
const PRINCIPAL: RegExp = /^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/;
const ROLE: RegExp = /^[a-z][A-Za-z0-9_-]{0,62}$/;
/** Exact text, or a beginning and `*`: `acme/*`, `*`. */
const pattern = string({ pattern: /^[^*\s]*\*?$/, min: 1, expected: "a name, or a beginning and *" });
const principal = string({ pattern: PRINCIPAL, expected: "a principal such as alice or approver-1" });

const keyShape = object({
  /** A closed list, read by hand, so that others are refused by their name. */
  alg: text,
  pem: text,
  principal,
  validFrom: timestamp(),
  validUntil: timestamp(),
});

const roleShape = object(
  { keyids: array(keyid), threshold: integer({ min: 1 }) },
  { packs: array(pattern), tenants: array(pattern), gates: array(pattern) },
);
export type RoleEntry = Infer<typeof roleShape>;
/** Where a role holds. A member that is absent sets no bound. */
export const SCOPES = ["packs", "tenants", "gates"] as const;
export type ScopeName = (typeof SCOPES)[number];

/** `trust-root.json`: which keys hold which roles, and whose timestamps and logs are believed; the only source of trust. */
export const trustRootShape = object(
  {
    schema: literal("packrun.trust-root/v1"),
    trustDomain: trustDomainShape,
    version: integer({ min: 1 }),
    issuedAt: timestamp(),
    expires: timestamp(),
    keys: record(KEYID, keyShape, "an OpenSSH fingerprint"),
    roles: record(ROLE, roleShape, "the name of a role"),
  },
  {
    tokens: array(object({ iss: text, sub: text, principal })),
    timestampAuthorities: timestampAuthoritiesShape,
    transparencyLogs: transparencyLogsShape,
    policy: object(
      {},
      {
        revocation: object({ required: boolean(), maxAgeHours: integer({ min: 1 }), minSequence: integer({ min: 0 }) }),
        minVersion: record(PACK_NAME, string({ pattern: SEM_VER, expected: "a SemVer version" }), "a pack name"),
        anchor: anchorPolicyShape,
      },
    ),
  },
);
export type TrustRootDocument = Infer<typeof trustRootShape>;

/** A key of the trust root. It is valid from `validFrom` until right before `validUntil`. */
export type TrustedKey = {
  readonly key: PublicKey;
  readonly principal: string;
  readonly validFrom: Timestamp;
  readonly validUntil: Timestamp;
};

/** A trust root that keeps all its rules. Made only by `readTrustRoot`. */
export type TrustRoot = {
  readonly document: TrustRootDocument;
  /** Of the file's bytes. */
  readonly digest: Digest;
  /** By keyid, in the order of the file. */
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Transparency logs, in the order of the file. */
  readonly logs: readonly TrustedLog[];
};

/** Everyone whom the trust root knows: principals of keys and of tokens. */
export function isPrincipal(root: TrustRoot, name: string): boolean {
  const { tokens = [] } = root.document;
  return (
    tokens.some((token) => token.principal === name) || [...root.keys.values()].some((key) => key.principal === name)
  );
}
