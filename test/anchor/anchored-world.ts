import { canonicalBytes } from "#canon/canonical-json.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { must, rootBytes, sha256 } from "../app/sealed-world.ts";
import type { LocalLog } from "./local-log.ts";
import type { LocalAuthority } from "./local-authority.ts";

const DAY = 86_400_000;
const now = Date.now();

/** Half a year on: every key of `anchoringRoot` is out of its window, the root itself is still fresh. */
export const MUCH_LATER: Timestamp = timestampOf(now + 180 * DAY);

export type AnchoringRoot = {
  readonly authorities?: readonly object[];
  readonly logs?: readonly object[];
  readonly required?: readonly string[];
};

/** A root of the test's keys, which are valid for one more day, with whom it believes. */
export function anchoringRoot({ authorities = [], logs = [], required }: AnchoringRoot): Uint8Array {
  const plain = rootBytes({ validUntil: now + DAY, expires: now + 365 * DAY });
  const document = JSON.parse(Buffer.from(plain).toString()) as object;
  const policy = required === undefined ? {} : { policy: { anchor: { required } } };
  return canonicalBytes({ ...document, timestampAuthorities: authorities, transparencyLogs: logs, ...policy });
}

export function readRoot(given: AnchoringRoot): TrustRoot {
  return must(readTrustRoot(anchoringRoot(given), sha256));
}

/** An authority as the trust root names it. */
export function entryOf({ certificates }: Pick<LocalAuthority, "certificates">, more: object = {}): object {
  const window = { validFrom: timestampOf(now - DAY), validUntil: timestampOf(now + DAY) };
  return { name: "clock", certificates, ...window, ...more };
}

/** A log as the trust root names it. */
export function logOf({ origin, publicKey }: Pick<LocalLog, "origin" | "publicKey">, more: object = {}): object {
  const window = { validFrom: "2026-01-01T00:00:00.000Z", validUntil: timestampOf(now + DAY) };
  return { origin, alg: "ed25519", pem: publicKey, ...window, ...more };
}
