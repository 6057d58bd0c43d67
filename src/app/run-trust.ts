import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { holdersOf } from "#trust/role.ts";
import type { SignedRevocations } from "#trust/check-revocations.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { appCodes } from "./codes.ts";
import { ensureDevelopmentTrust } from "./development-trust.ts";
import { knownKeyid } from "./known-keyid.ts";
import { readRootFile } from "./read-root-file.ts";
import { heldRevocations, type RevocationPlace } from "./revocation-standing.ts";
import { admitRoot } from "./trust-memory.ts";
import type { Workplace } from "./workplace.ts";

/** Whom a run believes, and with whose keys it signs. */
export type RunTrust = {
  readonly root: TrustRoot;
  readonly rootBytes: Uint8Array;
  /** The root as its file says it now: a run may wait for days, and people come and go meanwhile. */
  readonly currentRoot: () => Promise<Result<TrustRoot>>;
  /** What is revoked now, as the list of this place says it; undefined where there is none and none is asked for. */
  readonly currentRevocations: (root: TrustRoot) => Promise<Result<SignedRevocations | undefined>>;
  /** Signs approval requests and the attestation. */
  readonly attestor: Signer;
  /** Who is at work here: the principal of the configured requester's key, else of the attestor's. */
  readonly principal: string;
  /** Opens the requester's key, which may ask for its password: `what` is to be signed. Faults: KEY_MISSING, those of the keyring. */
  readonly openRequester: (what: KeyUse) => Promise<Result<Signer>>;
  /** True when nothing is configured and the development trust root is used; `made` when this call made it. */
  readonly development: { readonly made: boolean } | undefined;
};

/** What a run is requested with. */
export type RequestTrust = RunTrust & {
  /** Signs the run request; `principal` is whom it speaks for. */
  readonly requester: Signer;
  /** Whose token asked for the run, where one did: then the attestor signs the request. */
  readonly token?: { readonly issuer: string; readonly subject: string };
};

/** What a key is to sign, and how to come by one. */
export type KeyUse = { readonly what: string; readonly hint?: string };

/**
 * The same with the key that requests a run, the configured one unless `as` names another file. Faults also: KEY_MISSING,
 * REQUESTER_KEY, those of the keyring.
 */
export async function openRequestTrust(
  workplace: Workplace,
  as: string | undefined,
  roles: readonly string[],
): Promise<Result<RequestTrust>> {
  const trust = await openRunTrust(workplace, roles);
  if (!trust.ok) {
    return trust;
  }
  const requester =
    as === undefined
      ? await trust.value.openRequester(REQUESTER)
      : await workplace.keyring.open(as, workplace.password);
  if (!requester.ok) {
    return requester;
  }
  const { keyid } = requester.value;
  const principal = trust.value.root.keys.get(keyid)?.principal;
  return principal === undefined
    ? fail(faultOf(appCodes, "REQUESTER_KEY", { keyid }))
    : ok({ ...trust.value, requester: requester.value, principal });
}

/**
 * Opens the configured trust root and the attestor's key, or the development ones; `roles` are those that the pack's
 * approval rules name. The requester's key stays closed: it signs run requests, and whatever else asks for it by name.
 * Faults: KEY_MISSING, ATTESTOR_KEY, those of the root and of the keyring.
 */
export async function openRunTrust(workplace: Workplace, roles: readonly string[]): Promise<Result<RunTrust>> {
  const { settings, sha256 } = workplace;
  if (settings.trustFile === undefined) {
    return developmentTrust(workplace, roles);
  }
  const { trustFile } = settings;
  const pinned = await readRoot(trustFile, sha256);
  if (!pinned.ok) {
    return pinned;
  }
  const admitted = await admitRoot(pinned.value.root, revocationPlace(workplace));
  if (!admitted.ok) {
    return admitted;
  }
  const followed = revocationPlace(following(workplace));
  const currentRoot = async (): Promise<Result<TrustRoot>> => {
    const read = await readRoot(trustFile, sha256);
    if (!read.ok) {
      return read;
    }
    const { root } = read.value;
    const usable = await admitRoot(root, followed);
    return usable.ok ? ok(root) : usable;
  };
  const attestor = await openKey(workplace, settings.attestorKey, ATTESTOR);
  return attestor.ok
    ? withPrincipal(workplace, {
        ...pinned.value,
        currentRoot,
        currentRevocations: revocationsOf(workplace),
        attestor: attestor.value,
        openRequester: (use) => openKey(workplace, settings.requesterKey, use),
      })
    : attestor;
}

/**
 * The workplace of a process that stays: the root that `--trust` names is pinned as it is now, and what that file holds later
 * has to follow it. A root that cannot be used is told by whatever needs it.
 */
export async function pinNamedRoot(workplace: Workplace): Promise<Workplace> {
  const { trustFile, namesTrust } = workplace.settings;
  if (trustFile !== undefined && namesTrust === true) {
    const pinned = await readRoot(trustFile, workplace.sha256);
    await (pinned.ok ? admitRoot(pinned.value.root, revocationPlace(workplace)) : undefined);
  }
  return following(workplace);
}

function following(workplace: Workplace): Workplace {
  const { namesTrust: _, ...settings } = workplace.settings;
  return { ...workplace, settings };
}

/** Where this workplace looks for its revocation list, and with what it checks it. */
export function revocationPlace({ settings, verifySignature, sha256, clock }: Workplace): RevocationPlace {
  return { settings, verifySignature, sha256, now: clock.now };
}

function revocationsOf(workplace: Workplace): RunTrust["currentRevocations"] {
  return async (root) => {
    const held = await heldRevocations(root, revocationPlace(workplace));
    return held.ok ? ok(held.value?.list) : held;
  };
}

type PinnedRoot = Pick<RunTrust, "root" | "rootBytes">;

async function readRoot(file: string, sha256: Sha256): Promise<Result<PinnedRoot>> {
  const rootBytes = await readRootFile(file);
  if (!rootBytes.ok) {
    return rootBytes;
  }
  const root = readTrustRoot(rootBytes.value, sha256, file);
  return root.ok ? ok({ root: root.value, rootBytes: rootBytes.value }) : root;
}

async function developmentTrust(workplace: Workplace, roles: readonly string[]): Promise<Result<RunTrust>> {
  const { settings, keyring, clock, sha256 } = workplace;
  const development = await ensureDevelopmentTrust(settings.stateFolder, roles, { keyring, now: clock.now });
  if (!development.ok) {
    return development;
  }
  const { root, rootBytes, signer, made, trustFile } = development.value;
  const open = (path: string | undefined): Promise<Result<Signer>> =>
    path === undefined ? Promise.resolve(ok(signer)) : workplace.keyring.open(path, workplace.password);
  const attestor = await open(settings.attestorKey);
  if (!attestor.ok) {
    return attestor;
  }
  const currentRoot = async (): Promise<Result<TrustRoot>> => {
    const read = await readRoot(trustFile, sha256);
    return read.ok ? ok(read.value.root) : read;
  };
  const currentRevocations = revocationsOf(workplace);
  const trust = await withPrincipal(
    workplace,
    {
      root,
      rootBytes,
      currentRoot,
      currentRevocations,
      attestor: attestor.value,
      openRequester: () => open(settings.requesterKey),
    },
    signer.keyid,
  );
  return trust.ok ? ok({ ...trust.value, development: { made } }) : trust;
}

/** `own`: the key that requests where none is configured. */
async function withPrincipal(
  workplace: Workplace,
  given: Omit<RunTrust, "principal" | "development">,
  own?: string,
): Promise<Result<RunTrust>> {
  const { keyid } = given.attestor;
  const attests = given.root.keys.get(keyid);
  if (attests === undefined || !holdersOf(given.root, [ATTESTOR_ROLE]).has(keyid)) {
    return fail(faultOf(appCodes, "ATTESTOR_KEY", { keyid }));
  }
  const { requesterKey } = workplace.settings;
  const requester = requesterKey === undefined ? own : await knownKeyid(requesterKey, workplace.keyring);
  const { principal } = given.root.keys.get(requester ?? keyid) ?? attests;
  return ok({ ...given, principal, development: undefined });
}

const ATTESTOR_ROLE = "run-attestor";
const REQUESTER: KeyUse = { what: "the run request" };
const ATTESTOR: KeyUse = {
  what: "approval requests and the attestation",
  hint: "set attestor.key in packrun.config.yaml, to a key that holds the role run-attestor",
};

async function openKey(workplace: Workplace, path: string | undefined, use: KeyUse): Promise<Result<Signer>> {
  const { what, ...hint } = use;
  return path === undefined
    ? fail(faultOf(appCodes, "KEY_MISSING", { what }, hint))
    : workplace.keyring.open(path, workplace.password);
}
