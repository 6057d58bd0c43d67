import type { PublicKey } from "#attest/public-key.ts";
import { rawKeyOf } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { concatBytes } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { array, literal, object, string, timestamp, type Infer } from "#canon/shape.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";

/** One certificate in PEM (RFC 7468, section 5), lines ending in a newline. What it holds is read by whoever proves. */
const CERTIFICATE: RegExp =
  /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{1,76}={0,2}\n)+-----END CERTIFICATE-----\n$/;
/** The origin of a log: one word, as it stands in the first line of its checkpoints (C2SP tlog-checkpoint). */
const ORIGIN: RegExp = /^[!-*,-~]{1,255}$/;

/** The most authorities and the most logs of a root, and certificates of an authority. */
const MOST_AUTHORITIES = 64;
const MOST_CERTIFICATES = 8;

const text = string({ min: 1 });

/** An authority whose timestamps (RFC 3161) are believed when their time lies in its window. */
const timestampAuthorityShape = object(
  {
    name: text,
    /** The certificate that signs timestamps first, then its issuers, a self-signed root last. */
    certificates: array(string({ pattern: CERTIFICATE, expected: "one certificate in PEM" }), {
      min: 2,
      max: MOST_CERTIFICATES,
    }),
    validFrom: timestamp(),
    validUntil: timestamp(),
  },
  { url: text },
);
export type TimestampAuthority = Infer<typeof timestampAuthorityShape>;

/** A transparency log whose checkpoints are believed. */
const transparencyLogShape = object(
  {
    origin: string({ pattern: ORIGIN, expected: "the origin of its checkpoints, one word without +" }),
    alg: text,
    pem: text,
    validFrom: timestamp(),
    validUntil: timestamp(),
  },
  { url: text },
);
type LogEntry = Infer<typeof transparencyLogShape>;

export const timestampAuthoritiesShape = array(timestampAuthorityShape, { max: MOST_AUTHORITIES });
export const transparencyLogsShape = array(transparencyLogShape, { max: MOST_AUTHORITIES });

/** Kinds of anchors: an RFC 3161 timestamp, an entry of a transparency log (Rekor). */
export type AnchorKind = "tsa" | "rekor";
/** `required`: evidence counts only with these. */
export const anchorPolicyShape = object({ required: array(literal("tsa", "rekor"), { max: 2 }) });

/** A log of the trust root. It is believed from `validFrom` until right before `validUntil`. */
export type TrustedLog = {
  readonly origin: string;
  readonly key: PublicKey;
  /** 32 bytes by which entries name their log. */
  readonly logId: Uint8Array;
  readonly validFrom: Timestamp;
  readonly validUntil: Timestamp;
};

/** Holds authorities to their rules. Fault: TRUST_ROOT_TIME. */
export function checkAuthorities(authorities: readonly TimestampAuthority[]): Result<void> {
  const never = authorities.find(({ validFrom, validUntil }) => validFrom >= validUntil);
  return never === undefined ? ok(undefined) : atNoTime(`timestamp authority ${never.name}`);
}

/** Reads the logs of a root. Faults: KEY_ALGORITHM, TRUST_ROOT_LOG, TRUST_ROOT_TIME. */
export function readLogs(entries: readonly LogEntry[], sha256: Sha256): Result<readonly TrustedLog[]> {
  const logs: TrustedLog[] = [];
  for (const entry of entries) {
    const { origin, alg, pem, validFrom, validUntil } = entry;
    const key = readPublicKey(pem, sha256);
    if (!key.ok) {
      return key.fault.code === "KEY_ALGORITHM"
        ? key
        : fail(faultOf(trustCodes, "TRUST_ROOT_LOG", { origin, problem: key.fault.message }));
    }
    if (key.value.alg !== alg) {
      const problem = `its key is declared as ${alg} but is ${key.value.alg}`;
      return fail(faultOf(trustCodes, "TRUST_ROOT_LOG", { origin, problem }));
    }
    if (validFrom >= validUntil) {
      return atNoTime(`transparency log ${origin}`);
    }
    logs.push({ origin, key: key.value, logId: logIdOf(origin, key.value, sha256), validFrom, validUntil });
  }
  return ok(logs);
}

/**
 * How entries and checkpoints name their log (C2SP signed-note, "Signature types", not cut to four bytes): SHA-256 of
 * origin, newline, 1 and the 32 bytes of an Ed25519 key; of an ECDSA key, of its SubjectPublicKeyInfo.
 */
function logIdOf(origin: string, key: PublicKey, sha256: Sha256): Uint8Array {
  return key.alg === "ed25519"
    ? sha256(concatBytes(encodeUtf8(`${origin}\n`), Uint8Array.of(1), rawKeyOf(key.alg, key.spkiDer)))
    : sha256(key.spkiDer);
}

function atNoTime(what: string): Result<never> {
  return fail(faultOf(trustCodes, "TRUST_ROOT_TIME", { problem: `${what} is valid at no time` }));
}
