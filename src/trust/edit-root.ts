import type { PublicKey } from "#attest/public-key.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { millisecondsOf, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AnchorKind } from "./anchor-authority.ts";
import { trustCodes } from "./codes.ts";
import { readTrustRoot } from "./read-trust-root.ts";
import { SCOPES, type RoleEntry, type ScopeName, type TrustRoot, type TrustRootDocument } from "./trust-root.ts";

/** The roles that every trust root has, held by nobody at first but `root`. */
export const STANDARD_ROLES = ["root", "pack-publisher", "approver", "requester", "run-attestor", "revoker"] as const;

/** A version of a trust root as it is written: unsigned. */
export type RootDraft = { readonly bytes: Uint8Array; readonly root: TrustRoot };

export type FirstRoot = {
  readonly trustDomain: string;
  readonly rootKeys: readonly { readonly key: PublicKey; readonly principal: string }[];
  readonly threshold: number;
  readonly issuedAt: Timestamp;
  readonly expires: Timestamp;
};

/** One key, whose it is, and what it may do. Times and bounds that are absent stay as they are, or take the root's. */
export type KeyGrant = {
  readonly key: PublicKey;
  readonly principal: string;
  readonly roles: readonly string[];
  readonly validFrom?: Timestamp;
  readonly validUntil?: Timestamp;
} & { readonly [Name in ScopeName]?: readonly string[] };

/** Version 1 of a trust root. Fault: TRUST_EDIT_INVALID. */
export function firstRoot(given: FirstRoot, sha256: Sha256): Result<RootDraft> {
  const { trustDomain, rootKeys, threshold, issuedAt, expires } = given;
  const keys = Object.fromEntries(
    rootKeys.map(({ key, principal }) => [
      key.keyid,
      { alg: key.alg, pem: key.pem, principal, validFrom: issuedAt, validUntil: expires },
    ]),
  );
  const nobody: RoleEntry = { keyids: [], threshold: 1 };
  const roles = Object.fromEntries(STANDARD_ROLES.map((role) => [role, nobody]));
  const root = { keyids: rootKeys.map(({ key }) => key.keyid).toSorted(compareUtf8), threshold };
  return draft(
    {
      schema: "packrun.trust-root/v1",
      trustDomain,
      version: 1,
      issuedAt,
      expires,
      keys,
      roles: { ...roles, root },
      tokens: [],
      timestampAuthorities: [],
      transparencyLogs: [],
      policy: {},
    },
    sha256,
  );
}

/**
 * The next version, in which this key has these roles too. It is issued now and lives as long as the old one did.
 * Faults: TRUST_EDIT_PRINCIPAL (the key is somebody else's), TRUST_EDIT_SCOPE (the role has other bounds, which would
 * change for all of its holders), TRUST_EDIT_INVALID.
 */
export function grantKey(root: TrustRoot, grant: KeyGrant, now: Timestamp, sha256: Sha256): Result<RootDraft> {
  const { document } = root;
  const { key, principal } = grant;
  const known = root.keys.get(key.keyid);
  if (known !== undefined && known.principal !== principal) {
    return fail(faultOf(trustCodes, "TRUST_EDIT_PRINCIPAL", { keyid: key.keyid, principal: known.principal }));
  }
  const roles = grantRoles(document, grant);
  if (!roles.ok) {
    return roles;
  }
  const next = renewed(document, now);
  const window = windowOf(next, {
    validFrom: grant.validFrom ?? known?.validFrom,
    validUntil: grant.validUntil ?? known?.validUntil,
  });
  const keys = { ...document.keys, [key.keyid]: { alg: key.alg, pem: key.pem, principal, ...window } };
  return draft({ ...document, ...next, keys, roles: roles.value }, sha256);
}

type Window = { readonly validFrom: Timestamp; readonly validUntil: Timestamp };

/** A window ends with the root that it comes into unless it is said; one that begins no earlier lasts as long as that root. */
export function windowOf(
  { issuedAt, expires }: Pick<TrustRootDocument, "issuedAt" | "expires">,
  given: { readonly [Name in keyof Window]: Timestamp | undefined },
): Window {
  const { validFrom = issuedAt } = given;
  const lifetime = milliseconds(expires) - milliseconds(issuedAt);
  const usual = validFrom < expires ? expires : timestampOf(milliseconds(validFrom) + lifetime);
  return { validFrom, validUntil: given.validUntil ?? usual };
}

/**
 * The next version, without this key: neither among the keys nor in any role. What it signed is trusted no more. Faults:
 * TRUST_EDIT_KEY (there is no such key), TRUST_EDIT_INVALID (the root role could not reach its threshold).
 */
export function removeKey({ document }: TrustRoot, keyid: string, now: Timestamp, sha256: Sha256): Result<RootDraft> {
  if (!Object.hasOwn(document.keys, keyid)) {
    return fail(faultOf(trustCodes, "TRUST_EDIT_KEY", { keyid }));
  }
  const keys = Object.fromEntries(Object.entries(document.keys).filter(([name]) => name !== keyid));
  const roles = Object.fromEntries(
    Object.entries(document.roles).map(([name, role]) => [
      name,
      { ...role, keyids: role.keyids.filter((holder) => holder !== keyid) },
    ]),
  );
  return draft({ ...document, ...renewed(document, now), keys, roles }, sha256);
}

/** What a root asks for beside signatures; members that are absent stay as they are. */
export type PolicyChange = {
  /** `none` takes all bounds on lists away. */
  readonly revocations?: "required" | "optional" | "none";
  readonly maxAgeHours?: number;
  readonly minSequence?: number;
  readonly minVersion?: Readonly<Record<string, string>>;
  readonly rootThreshold?: number;
  /** The kinds of anchors that evidence must have. */
  readonly anchors?: readonly AnchorKind[];
};

/** A week: as long as a list may be old where nobody says otherwise. */
const MAX_AGE_HOURS = 168;

/** The next version, with this policy. Fault: TRUST_EDIT_INVALID. */
export function changePolicy(
  { document }: TrustRoot,
  change: PolicyChange,
  now: Timestamp,
  sha256: Sha256,
): Result<RootDraft> {
  const { revocation, minVersion, anchor } = document.policy ?? {};
  const { revocations, maxAgeHours, minSequence, rootThreshold, anchors = anchor?.required ?? [] } = change;
  const bounds = {
    required: revocations === undefined ? (revocation?.required ?? false) : revocations === "required",
    maxAgeHours: maxAgeHours ?? revocation?.maxAgeHours ?? MAX_AGE_HOURS,
    minSequence: minSequence ?? revocation?.minSequence ?? 0,
  };
  const asked = [revocations, maxAgeHours, minSequence, revocation].some((each) => each !== undefined);
  const versions = { ...minVersion, ...change.minVersion };
  const policy = {
    ...(asked && revocations !== "none" ? { revocation: bounds } : {}),
    ...(Object.keys(versions).length === 0 ? {} : { minVersion: versions }),
    ...(anchors.length === 0 ? {} : { anchor: { required: anchors } }),
  };
  const root = document.roles["root"] ?? { keyids: [], threshold: 1 };
  const roles = { ...document.roles, root: { ...root, threshold: rootThreshold ?? root.threshold } };
  return draft({ ...document, ...renewed(document, now), roles, policy }, sha256);
}

/** The next version is issued now and lives as long as the one before did. */
export function renewed(
  { version, issuedAt, expires }: TrustRootDocument,
  now: Timestamp,
): Pick<TrustRootDocument, "version" | "issuedAt" | "expires"> {
  const lifetime = milliseconds(expires) - milliseconds(issuedAt);
  return { version: version + 1, issuedAt: now, expires: timestampOf(milliseconds(now) + lifetime) };
}

function grantRoles(document: TrustRootDocument, grant: KeyGrant): Result<TrustRootDocument["roles"]> {
  const roles: Record<string, RoleEntry> = { ...document.roles };
  for (const role of grant.roles) {
    const old: RoleEntry = Object.hasOwn(roles, role)
      ? (roles[role] ?? { keyids: [], threshold: 1 })
      : { keyids: [], threshold: 1 };
    const bound = old.keyids.length === 0 ? undefined : SCOPES.find((name) => differs(grant[name], old[name]));
    if (bound !== undefined) {
      return fail(faultOf(trustCodes, "TRUST_EDIT_SCOPE", { role, bound, present: show(old[bound]) }));
    }
    const keyids = [...new Set([...old.keyids, grant.key.keyid])].toSorted(compareUtf8);
    roles[role] = { ...old, ...bounds(grant), keyids };
  }
  return ok(roles);
}

function bounds(grant: KeyGrant): { readonly [Name in ScopeName]?: readonly string[] } {
  return Object.fromEntries(
    SCOPES.filter((name) => grant[name] !== undefined).map((name) => [name, grant[name]?.toSorted(compareUtf8)]),
  );
}

function differs(given: readonly string[] | undefined, present: readonly string[] | undefined): boolean {
  return given !== undefined && show(given) !== show(present);
}

function show(bound: readonly string[] | undefined): string {
  return bound === undefined ? "everything" : bound.toSorted(compareUtf8).join(", ");
}

/** Nothing is written that would not be read again. Fault: TRUST_EDIT_INVALID. */
export function draft(document: TrustRootDocument | FirstDocument, sha256: Sha256): Result<RootDraft> {
  const bytes = canonicalBytes(document);
  const root = readTrustRoot(bytes, sha256);
  if (root.ok) {
    return ok({ bytes, root: root.value });
  }
  const { code, message: problem } = root.fault;
  const hint =
    code === "TRUST_ROOT_TIME"
      ? { hint: "give a --valid-until that is later than --valid-from; nothing was written" }
      : {};
  return fail(faultOf(trustCodes, "TRUST_EDIT_INVALID", { problem }, hint));
}

/** A first version before it is read: the trust domain is not checked yet. */
type FirstDocument = Omit<TrustRootDocument, "trustDomain"> & { readonly trustDomain: string };

function milliseconds(time: Timestamp): number {
  return millisecondsOf(time) ?? 0;
}
