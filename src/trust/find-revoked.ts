import type { Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { plainLine } from "./plain-line.ts";
import { revocationCodes } from "./revocation-codes.ts";
import { revocationName, type Revocation, type Revocations } from "./revocation-list.ts";

/** What a list is asked about; what is absent is not looked for. */
export type Revocable = {
  readonly run?: string;
  readonly plan?: Digest;
  readonly pack?: { readonly name: string; readonly version: string; readonly digest: Digest };
  readonly key?: string;
  /** Of the signed payload, never of the envelope: ECDSA signatures are malleable. */
  readonly payload?: Digest;
};

const CODES = {
  run: "REVOKED_RUN",
  plan: "REVOKED_PLAN",
  pack: "REVOKED_PACK",
  key: "REVOKED_KEY",
  payload: "REVOKED_PAYLOAD",
} as const;
export type RevokedCode = (typeof CODES)[keyof typeof CODES];

/**
 * The first of these that the list revokes, in the order run, plan, pack (digest, then name and version), key, payload.
 * `revokedAt` is told and sets no bound: without a trusted timestamp nothing proves that a signature is older. No list
 * revokes nothing; whether there must be one is the trust root's to say.
 */
export function findRevoked(list: Revocations | undefined, what: Revocable): Fault<RevokedCode> | undefined {
  const { run, plan, pack, key, payload } = what;
  const asked: readonly (readonly [Revocation["kind"], string | undefined])[] = [
    ["run", run],
    ["plan", plan],
    ["pack", pack?.digest],
    ["pack", pack === undefined ? undefined : `${pack.name}@${pack.version}`],
    ["key", key],
    ["payload", payload],
  ];
  for (const [kind, value] of asked) {
    const entry = value === undefined ? undefined : list?.byName.get(revocationName(kind, value));
    if (entry !== undefined) {
      const { reason, revokedAt } = entry;
      return faultOf(revocationCodes, CODES[kind], { value: entry.value, reason: plainLine(reason), revokedAt });
    }
  }
  return undefined;
}
