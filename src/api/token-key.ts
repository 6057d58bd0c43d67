import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type CryptoKey,
  type JWK,
} from "jose";
import { makeFolder } from "#app/make-folder.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode } from "#fault/system-problem.ts";

/** The key of the local issuer, and where those who check its tokens find its public half. */
export type TokenKey = {
  readonly key: CryptoKey;
  readonly kid: string;
  readonly jwksFile: string;
  /** True when it was made just now. */
  readonly made: boolean;
};

const ALGORITHM = "ES256";

/** The folder of what a server keeps for itself: its issuer's key, its key set, its loopback token. */
export function serverFolder(stateFolder: string): string {
  return join(stateFolder, "server");
}

/**
 * Opens the local issuer's key (ECDSA P-256), made where it is missing; several processes agree on one. STORE_UNAVAILABLE,
 * STORE_FULL.
 */
export async function ensureTokenKey(folder: string): Promise<Result<TokenKey>> {
  try {
    return ok(await openOrMake(folder));
  } catch (error) {
    return fail(mediumFault(error));
  }
}

async function openOrMake(folder: string): Promise<TokenKey> {
  const file = join(folder, "issuer.key");
  await makeFolder(folder, 0o700);
  const held = await readIfThere(file);
  const made = held === undefined && (await writeOnce(file, await newKey(), 0o600));
  const pem = held ?? (await readFile(file, "utf8"));
  const key = await importPKCS8(pem, ALGORITHM, { extractable: true });
  const jwk = await publicJwk(key);
  const jwksFile = join(folder, "jwks.json");
  await replaceFile(jwksFile, `${JSON.stringify({ keys: [jwk] })}\n`);
  return { key, kid: jwk.kid, jwksFile, made };
}

async function newKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return exportPKCS8(privateKey);
}

async function publicJwk(key: CryptoKey): Promise<JWK & { readonly kid: string }> {
  const { kty = "EC", crv = "", x = "", y = "" } = await exportJWK(key);
  const bare = { kty, crv, x, y };
  return { ...bare, kid: await calculateJwkThumbprint(bare), alg: ALGORITHM, use: "sig" };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** Writes a new file whole; false when another process was first, whose file stands. */
export async function writeOnce(file: string, text: string, mode: number): Promise<boolean> {
  const draft = await writeDraft(file, text, mode);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  if ((await readIfThere(file)) !== text) {
    await rename(await writeDraft(file, text, 0o644), file);
  }
}

async function writeDraft(file: string, text: string, mode: number): Promise<string> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  await using handle = await open(draft, "wx", mode);
  await handle.writeFile(text);
  await handle.sync();
  return draft;
}
