import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import type { AnchorKind } from "#trust/anchor-authority.ts";
import { consentingPrincipals } from "#trust/next-root.ts";
import { holdersOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { TrustTools } from "./trust-edit.ts";
import { readTrustFile } from "./trust-file.ts";

/** A trust root as people want to see it. */
export type TrustShow = {
  readonly trustDomain: string;
  readonly version: number;
  readonly issuedAt: Timestamp;
  readonly expires: Timestamp;
  readonly digest: string;
  readonly expired: boolean;
  readonly keys: readonly {
    readonly keyid: string;
    readonly algorithm: string;
    readonly principal: string;
    readonly roles: readonly string[];
    readonly validFrom: Timestamp;
    readonly validUntil: Timestamp;
    readonly window: "open" | "not yet" | "over";
  }[];
  readonly roles: TrustRoot["document"]["roles"];
  /** Whom bearers of tokens stand for. */
  readonly tokens: NonNullable<TrustRoot["document"]["tokens"]>;
  /** Whose timestamps and log entries are believed, when. */
  readonly witnesses: readonly {
    readonly kind: AnchorKind;
    readonly name: string;
    readonly validFrom: Timestamp;
    readonly validUntil: Timestamp;
    readonly url?: string;
  }[];
  /** Principals whose root keys, as this version knows them, signed it, and how many it asks for. */
  readonly consent: { readonly principals: readonly string[]; readonly required: number; readonly sidecars: number };
};

/** `trust show`. Faults: TRUST_FILE_ACCESS and those of `readTrustRoot`. */
export async function trustShow(file: string, tools: TrustTools): Promise<Result<TrustShow>> {
  const { keyring } = tools;
  const read = await readTrustFile(file, keyring.sha256);
  if (!read.ok) {
    return read;
  }
  const { root, sidecars } = read.value;
  const at = timestampOf(tools.now());
  const consenting = await consentingPrincipals(
    root,
    root,
    sidecars.map(({ bytes }) => bytes),
    { ...keyring, at },
  );
  const { trustDomain, version, issuedAt, expires, roles, tokens = [] } = root.document;
  const keys = [...root.keys].map(([keyid, { key, principal, validFrom, validUntil }]) => ({
    keyid,
    algorithm: key.alg,
    principal,
    roles: Object.keys(roles).filter((role) => holdersOf(root, [role]).has(keyid)),
    validFrom,
    validUntil,
    window: at < validFrom ? ("not yet" as const) : at < validUntil ? ("open" as const) : ("over" as const),
  }));
  const required = roles["root"]?.threshold ?? 0;
  const consent = { principals: [...consenting].toSorted(), required, sidecars: sidecars.length };
  return ok({
    trustDomain,
    version,
    issuedAt,
    expires,
    digest: root.digest,
    expired: at >= expires,
    keys,
    roles,
    tokens,
    witnesses: witnessesOf(root),
    consent,
  });
}

function witnessesOf({ document }: TrustRoot): TrustShow["witnesses"] {
  const { timestampAuthorities = [], transparencyLogs = [] } = document;
  return [
    ...timestampAuthorities.map((authority) => ({ kind: "tsa" as const, ...shownOf(authority.name, authority) })),
    ...transparencyLogs.map((log) => ({ kind: "rekor" as const, ...shownOf(log.origin, log) })),
  ];
}

type Witness = TrustShow["witnesses"][number];

function shownOf(
  name: string,
  { validFrom, validUntil, url }: Pick<Witness, "validFrom" | "validUntil" | "url">,
): Omit<Witness, "kind"> {
  return { name, validFrom, validUntil, ...(url === undefined ? {} : { url }) };
}
