import { canonicalBytes } from "#canon/canonical-json.ts";
import { people, type Name } from "./people.ts";
import { time } from "./release.ts";
import { digest, signed, statementOf, type Members, type Signing } from "./signed-file.ts";

import { same, type Files, type Edit } from "./change.ts";
import { principalOf } from "./people.ts";

/** Who holds what in the trust root of the originals. */
const ROLES: Readonly<Record<string, { readonly people: readonly Name[]; readonly gates?: readonly string[] }>> = {
  root: { people: ["root", "root-2"] },
  requester: { people: ["requester", "approver-1"] },
  "run-attestor": { people: ["attestor", "attestor-2", "bearer"] },
  approver: { people: ["approver-1", "approver-1b", "approver-2", "requester", "newcomer", "leaver"] },
  "approver-security": { people: ["guard"], gates: ["deploy-*"] },
  revoker: { people: ["revoker"] },
};

export type Root = Members & {
  readonly keys: Readonly<Record<string, Members>>;
  readonly roles: Readonly<Record<string, Members>>;
};

const root: Root = {
  schema: "packrun.trust-root/v1",
  trustDomain: "acme-prod",
  version: 3,
  issuedAt: time(-10 * 86_400_000),
  expires: "2028-01-01T00:00:00.000Z",
  keys: Object.fromEntries(
    Object.values(people)
      .filter(({ name }) => !name.startsWith("stranger"))
      .map(({ name, alg, pem, keyid }) => [
        keyid,
        {
          alg,
          pem,
          principal: principalOf(name as Name),
          validFrom: name === "newcomer" ? time(7_200_000) : time(-10 * 86_400_000),
          validUntil: name === "leaver" ? time(7_200_000) : "2027-01-01T00:00:00.000Z",
        },
      ]),
  ),
  roles: Object.fromEntries(
    Object.entries(ROLES).map(([role, { people: names, ...bounds }]) => [
      role,
      { keyids: names.map((name) => people[name].keyid), threshold: 1, ...bounds },
    ]),
  ),
};

/** A trust root that departs from that of the originals. */
export const rootBytes = (edit: Edit<Root, unknown> = same): Buffer => Buffer.from(canonicalBytes(edit(root)));

export type ListEntry = { readonly kind: string; readonly value: string };

/** A revocation list that the site's root takes, but for the changes. */
export function revocations(
  entries: readonly ListEntry[],
  more: Members = {},
  signing: Signing = {},
  claim: Members = {},
): Files {
  const list = {
    schema: "packrun.revocations/v1",
    trustDomain: "acme-prod",
    sequence: 4,
    issuedAt: time(86_400_000 - 3_600_000),
    nextUpdate: time(8 * 86_400_000),
    previousDigest: digest("the list before"),
    entries: entries.map(({ kind, value }) => ({ kind, value, reason: "lost", revokedAt: time(0) })),
    ...more,
  };
  const bytes = canonicalBytes(Object.fromEntries(Object.entries(list).filter(([, value]) => value !== undefined)));
  const predicate = { trustDomain: list.trustDomain, sequence: list.sequence, ...claim };
  const statement = statementOf("revocation-list/v1", [{ name: "revocations.json", digest: digest(bytes) }], predicate);
  return new Map<string, Uint8Array>([
    ["revocations.json", bytes],
    ["revocations.json.sigstore.json", signed(statement, "revoker", signing).sidecar],
  ]);
}
