import { basename } from "node:path";
import { existsSync } from "node:fs";
import type { PublicKey } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AskPassword, Keyring } from "#port/keyring.ts";
import {
  changePolicy,
  firstRoot,
  grantKey,
  removeKey,
  type KeyGrant,
  type PolicyChange,
  type RootDraft,
} from "#trust/edit-root.ts";
import { mapToken, unmapToken, type TokenBearer } from "#trust/edit-tokens.ts";
import { removeWitness } from "#trust/edit-witnesses.ts";
import { holdersOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { keyFileFault } from "./file-fault.ts";
import { readBoundedText } from "./read-bounded.ts";
import type { Settings } from "./settings.ts";
import { signStatement } from "./sign-statement.ts";
import { withTrustLock } from "./state-lock.ts";
import {
  nextSidecarPath,
  readTrustFile,
  readVersionBefore,
  replaceTrustFile,
  writeNewFile,
  type TrustFile,
} from "./trust-file.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** What the trust commands work with. */
export type TrustTools = {
  readonly keyring: Keyring;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Edits wait for each other under this folder's lock; no lock is taken where the folder does not exist. */
  readonly stateFolder: string;
  /** Where the revocation list is looked for: beside the root that is looked at unless given. */
  readonly settings?: Pick<Settings, "revocationsFile" | "trustFile">;
  /** Waits between two looks at a lock that another process holds; 25 ms unless given. */
  readonly pause?: () => Promise<void>;
};

/** Where an edited trust root was written, and what it is now. */
export type WrittenRoot = { readonly file: string; readonly version: number; readonly trustDomain: string };

const YEAR_MS: number = 365 * 86_400_000;

/**
 * `trust init`: version 1, with these keys in role `root` and the other standard roles held by nobody. The principal of a
 * key is the name of its file without `.pub`. It is issued now and expires in a year. Faults: TRUST_FILE_ACCESS, KEY_*,
 * TRUST_EDIT_INVALID, TRUST_FILE_EXISTS.
 */
export async function trustInit(
  given: {
    readonly trustDomain: string;
    readonly rootKeys: readonly string[];
    readonly threshold?: number;
    readonly out: string;
  },
  tools: TrustTools,
): Promise<Result<WrittenRoot>> {
  const rootKeys = [];
  for (const path of given.rootKeys) {
    const key = await readKeyFile(path, tools.keyring);
    if (!key.ok) {
      return key;
    }
    rootKeys.push({ key: key.value, principal: basename(path).replace(/\.[a-z]+$/, "") });
  }
  const now = tools.now();
  const times = { issuedAt: timestampOf(now), expires: timestampOf(now + YEAR_MS) };
  const { trustDomain, threshold = 1, out } = given;
  const first = firstRoot({ trustDomain, rootKeys, threshold, ...times }, tools.keyring.sha256);
  const written = first.ok ? await writeNewFile(out, first.value.bytes) : first;
  return written.ok ? ok({ file: out, version: 1, trustDomain }) : written;
}

/** `trust add`: what is granted, to the key in which file. */
export type TrustAddition = Omit<KeyGrant, "key"> & {
  readonly file: string;
  readonly keyFile: string;
  /** Where the next version goes; in the place of `file` unless given. */
  readonly out?: string;
};

/**
 * `trust add`: edits a trust root into its next, unsigned version. In place, the old version stays beside it as
 * `<version>.trust-root.json` with its sidecars. A root that is only pinned needs no signatures, so for the development
 * root this is all there is to do. Faults: TRUST_FILE_ACCESS, TRUST_EDIT_*, TRUST_FILE_EXISTS (`out`), TRUST_BUSY.
 */
export function trustAdd(given: TrustAddition, tools: TrustTools): Promise<Result<WrittenRoot>> {
  const { keyFile, file, out, ...grant } = given;
  return editRoot({ file, out }, tools, async (root, now, { keyring }) => {
    const key = await readKeyFile(keyFile, keyring);
    return key.ok ? grantKey(root, { ...grant, key: key.value }, now, keyring.sha256) : key;
  });
}

/** Which trust root is edited, and where its next version goes; in its place unless given. */
export type Edited = { readonly file: string; readonly out?: string | undefined };

/** `trust remove`: the next, unsigned version without a key, an authority or a log. Faults as `trustAdd`. */
export function trustRemove(
  given: Edited & { readonly keyid: string },
  tools: TrustTools,
): Promise<Result<WrittenRoot>> {
  return editRoot(given, tools, async (root, now, { keyring: { sha256 } }) => {
    const witness = root.keys.has(given.keyid) ? undefined : removeWitness(root, given.keyid, now, sha256);
    return witness ?? removeKey(root, given.keyid, now, sha256);
  });
}

/** `trust token`: the next, unsigned version, which maps a token to a principal, or to nobody. Faults as `trustAdd`. */
export function trustToken(
  given: Edited & TokenBearer & { readonly principal?: string },
  tools: TrustTools,
): Promise<Result<WrittenRoot>> {
  const { iss, sub, principal } = given;
  return editRoot(given, tools, async (root, now, { keyring: { sha256 } }) =>
    principal === undefined
      ? unmapToken(root, { iss, sub }, now, sha256)
      : mapToken(root, { iss, sub, principal }, now, sha256),
  );
}

/** `trust policy`: the next, unsigned version with another policy. Faults as `trustAdd`. */
export function trustPolicy(given: Edited & PolicyChange, tools: TrustTools): Promise<Result<WrittenRoot>> {
  const { file, out, ...change } = given;
  return editRoot({ file, out }, tools, async (root, now, { keyring }) =>
    changePolicy(root, change, now, keyring.sha256),
  );
}

/** Writes the next version of a root under the lock. Faults: TRUST_FILE_ACCESS, TRUST_FILE_EXISTS, TRUST_BUSY, and those of the change. */
export async function editRoot(
  { file, out }: Edited,
  tools: TrustTools,
  change: (root: TrustRoot, now: Timestamp, tools: TrustTools) => Promise<Result<RootDraft>>,
): Promise<Result<WrittenRoot>> {
  return locked(tools, async () => {
    const present = await readTrustFile(file, tools.keyring.sha256);
    const next = present.ok ? await change(present.value.root, timestampOf(tools.now()), tools) : present;
    if (!present.ok || !next.ok) {
      return next as Result<never>;
    }
    const { bytes, root } = next.value;
    const written = await (out === undefined || out === file
      ? replaceTrustFile(present.value, bytes)
      : writeNewFile(out, bytes));
    const { version, trustDomain } = root.document;
    return written.ok ? ok({ file: out ?? file, version, trustDomain }) : written;
  });
}

/**
 * `trust sign`: one root key's consent to the present version, as `trust-root.json.<n>.sigstore.json`. The key must hold
 * role root in this version, or in the one before, whose threshold a step needs too. Faults: those of keys,
 * TRUST_FILE_ACCESS, TRUST_SIGNER_NOT_ROOT, TRUST_SIGNED_ALREADY, SIGNER_RESULT, TRUST_BUSY.
 */
export function trustSign(
  given: { readonly file: string; readonly keyFile: string; readonly password: AskPassword },
  tools: TrustTools,
): Promise<Result<{ readonly sidecar: string; readonly keyid: string }>> {
  return locked(tools, async () => {
    const { keyring } = tools;
    const signer = await keyring.open(given.keyFile, given.password);
    if (!signer.ok) {
      return signer;
    }
    const present = await readTrustFile(given.file, keyring.sha256);
    if (!present.ok) {
      return present;
    }
    const { keyid } = signer.value;
    const refused = await signerFault(keyid, present.value, keyring);
    if (refused !== undefined) {
      return refused;
    }
    const { root, path } = present.value;
    const { trustDomain, version } = root.document;
    const subjects = [{ name: basename(path), digest: root.digest }];
    const signed = await signStatement(
      signer.value,
      { predicate: trustRootPredicate, subjects, value: { trustDomain, version } },
      keyring,
    );
    const sidecar = await nextSidecarPath(path);
    const written = signed.ok ? await writeNewFile(sidecar, signed.value.sidecar) : signed;
    return written.ok ? ok({ sidecar, keyid }) : written;
  });
}

async function signerFault(keyid: string, present: TrustFile, keyring: Keyring): Promise<Result<never> | undefined> {
  const before = await readVersionBefore(present, keyring.sha256);
  const isRoot = [present.root, before].some((root) => root !== undefined && holdersOf(root, ["root"]).has(keyid));
  if (!isRoot) {
    return fail(faultOf(trustUseCodes, "TRUST_SIGNER_NOT_ROOT", { keyid }));
  }
  const signed = present.sidecars.find(({ bytes }) => {
    const envelope = readSidecar(bytes, "own");
    return envelope.ok && envelope.value.keyid === keyid;
  });
  return signed === undefined
    ? undefined
    : fail(faultOf(trustUseCodes, "TRUST_SIGNED_ALREADY", { keyid, file: signed.path }));
}

async function readKeyFile(path: string, keyring: Keyring): Promise<Result<PublicKey>> {
  try {
    return readPublicKey(await readBoundedText(path, DOCUMENT_LIMIT), keyring.sha256);
  } catch (error) {
    return keyFileFault(path, error);
  }
}

function locked<T>(tools: TrustTools, work: () => Promise<Result<T>>): Promise<Result<T>> {
  return existsSync(tools.stateFolder) ? withTrustLock(tools.stateFolder, work, tools.pause) : work();
}
