import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PublicKey } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Keyring } from "#port/keyring.ts";
import type { Signer } from "#port/signer.ts";
import { firstRoot, grantKey, STANDARD_ROLES, type RootDraft } from "#trust/edit-root.ts";
import { holdersOf } from "#trust/role.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { developmentKey } from "./development-key.ts";
import { fileFault } from "./file-fault.ts";
import { withTrustLock } from "./state-lock.ts";
import { readTrustFile, replaceTrustFile, writeAtomically, writeNewFile } from "./trust-file.ts";

const DEVELOPMENT_DOMAIN = "development";
const DEVELOPER = "developer";
/** Ten years: a development folder that stops working after a year teaches nobody anything. */
const LIFETIME_MS: number = 3650 * 86_400_000;

/** The key and the root that make a first run work without any set-up. */
export type DevelopmentTrust = {
  readonly keyFile: string;
  readonly trustFile: string;
  readonly root: TrustRoot;
  readonly rootBytes: Uint8Array;
  readonly signer: Signer;
  /** True when the key was made just now, which is to be said in one line. */
  readonly made: boolean;
};

/**
 * The development key and trust root of a state folder, made where they are missing. `developer` holds every standard
 * role and `roles`, those that the run's pack names in `approvals.*.from`; what users added to the root stays. Safe
 * against other processes that do the same.
 *
 * The requester of a run under it is `developer`, who may not approve it where the rule separates duties. A second
 * person is added with `packrun keys generate alice` and `packrun trust add alice.pub --principal alice --role approver`.
 */
export async function ensureDevelopmentTrust(
  stateFolder: string,
  roles: readonly string[],
  tools: { readonly keyring: Keyring; readonly now: () => number },
): Promise<Result<DevelopmentTrust>> {
  return withTrustLock(stateFolder, async () => {
    const key = await ensureKey(developmentKey({ stateFolder }), tools.keyring);
    return key.ok ? ensureRoot(join(stateFolder, "trust"), roles, key.value, tools) : key;
  });
}

type DevelopmentKey = { readonly keyFile: string; readonly signer: Signer; readonly made: boolean };

/** Made under another name first: a process that dies here leaves no half key under the real one. */
async function ensureKey(keyFile: string, keyring: Keyring): Promise<Result<DevelopmentKey>> {
  const folder = dirname(keyFile);
  const made = !existsSync(keyFile);
  try {
    if (made) {
      const draft = join(folder, `.dev-${randomBytes(6).toString("hex")}`);
      const pair = await keyring.writePair(draft, "ecdsa-p256-sha256");
      if (!pair.ok) {
        return pair;
      }
      await rename(pair.value.publicFile, join(folder, "dev.pub"));
      await rename(pair.value.privateFile, keyFile);
    }
    const signer = await keyring.open(keyFile, () => Promise.resolve(undefined));
    if (signer.ok && !existsSync(join(folder, "dev.pub"))) {
      await writeAtomically(join(folder, "dev.pub"), encodeUtf8(signer.value.publicKey));
    }
    return signer.ok ? ok({ keyFile, signer: signer.value, made }) : signer;
  } catch (error) {
    return fileFault(keyFile, error);
  }
}

async function ensureRoot(
  folder: string,
  roles: readonly string[],
  key: DevelopmentKey,
  tools: { readonly keyring: Keyring; readonly now: () => number },
): Promise<Result<DevelopmentTrust>> {
  const trustFile = join(folder, "trust-root.json");
  const { sha256 } = tools.keyring;
  const publicKey = readPublicKey(key.signer.publicKey, sha256);
  if (!publicKey.ok) {
    return publicKey;
  }
  if (!existsSync(trustFile)) {
    const first = firstDevelopmentRoot(publicKey.value, tools);
    const written = first.ok ? await writeNewFile(trustFile, first.value) : first;
    if (!written.ok) {
      return written;
    }
  }
  const wanted = [...new Set([...STANDARD_ROLES, ...roles])];
  const root = await ensureRoles(trustFile, wanted, publicKey.value, tools);
  return root.ok ? ok({ ...key, trustFile, root: root.value.root, rootBytes: root.value.bytes }) : root;
}

function firstDevelopmentRoot(
  key: PublicKey,
  tools: { readonly keyring: Keyring; readonly now: () => number },
): Result<Uint8Array> {
  const now = tools.now();
  const first = firstRoot(
    {
      trustDomain: DEVELOPMENT_DOMAIN,
      rootKeys: [{ key, principal: DEVELOPER }],
      threshold: 1,
      issuedAt: timestampOf(now),
      expires: timestampOf(now + LIFETIME_MS),
    },
    tools.keyring.sha256,
  );
  return first.ok ? ok(first.value.bytes) : first;
}

async function ensureRoles(
  trustFile: string,
  wanted: readonly string[],
  key: PublicKey,
  tools: { readonly keyring: Keyring; readonly now: () => number },
): Promise<Result<RootDraft>> {
  const { sha256 } = tools.keyring;
  const present = await readTrustFile(trustFile, sha256);
  if (!present.ok) {
    return present;
  }
  const { root } = present.value;
  const missing = wanted.filter((role) => !holdersOf(root, [role]).has(key.keyid));
  if (missing.length === 0) {
    return present;
  }
  const grant = { key, principal: DEVELOPER, roles: missing };
  const next = grantKey(root, grant, timestampOf(tools.now()), sha256);
  if (!next.ok) {
    return next;
  }
  const replaced = await replaceTrustFile(present.value, next.value.bytes);
  return replaced.ok ? next : replaced;
}
