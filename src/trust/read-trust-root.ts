import { readPublicKey } from "#attest/read-public-key.ts";
import { attestCodes } from "#attest/codes.ts";
import { digestOf, type Sha256 } from "#canon/digest.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { checkAuthorities, readLogs } from "./anchor-authority.ts";
import { trustCodes } from "./codes.ts";
import {
  trustRootShape,
  type RoleEntry,
  type TrustedKey,
  type TrustRoot,
  type TrustRootDocument,
} from "./trust-root.ts";

type KeyEntry = TrustRootDocument["keys"][string];

/**
 * Reads `trust-root.json` and holds it to its rules: canonical bytes, closed shape, keyids that belong to their keys,
 * roles over known keys, a root role that can reach its threshold. Faults: TRUST_ROOT_SYNTAX, TRUST_ROOT_SHAPE,
 * TRUST_ROOT_TIME, TRUST_ROOT_KEY, KEY_ALGORITHM, TRUST_ROOT_ROLE, TRUST_ROOT_TOKEN, TRUST_ROOT_LOG. Expiry is not a fault here:
 * `checkRootExpiry` answers it for a moment. `file`: how messages name it, where that is known.
 */
export function readTrustRoot(bytes: Uint8Array, sha256: Sha256, file = "it"): Result<TrustRoot> {
  const read = readCanonicalJson(bytes, file);
  if (!read.ok) {
    return refuse("TRUST_ROOT_SYNTAX", { problem: read.fault.message });
  }
  const [misfit] = misfitsOf(trustRootShape, read.value);
  if (misfit !== undefined) {
    return refuse("TRUST_ROOT_SHAPE", { problem: describeMisfit(misfit) });
  }
  const document = read.value as TrustRootDocument;
  if (document.expires <= document.issuedAt) {
    return refuse("TRUST_ROOT_TIME", { problem: "expires is not later than issuedAt" });
  }
  const keys = readKeys(document, sha256);
  if (!keys.ok) {
    return keys;
  }
  const broken = roleFault(document, keys.value) ?? tokenFault(document);
  if (broken !== undefined) {
    return broken;
  }
  const { timestampAuthorities = [], transparencyLogs = [] } = document;
  const authorities = checkAuthorities(timestampAuthorities);
  const logs = authorities.ok ? readLogs(transparencyLogs, sha256) : authorities;
  return logs.ok ? ok({ document, digest: digestOf(bytes, sha256), keys: keys.value, logs: logs.value }) : logs;
}

function readKeys(document: TrustRootDocument, sha256: Sha256): Result<ReadonlyMap<string, TrustedKey>> {
  const keys = new Map<string, TrustedKey>();
  for (const [keyid, entry] of Object.entries(document.keys)) {
    const read = readKey(keyid, entry, sha256);
    if (!read.ok) {
      return read;
    }
    keys.set(keyid, read.value);
  }
  return ok(keys);
}

function readKey(keyid: string, entry: KeyEntry, sha256: Sha256): Result<TrustedKey> {
  const { alg, pem, principal, validFrom, validUntil } = entry;
  if (alg !== "ecdsa-p256-sha256" && alg !== "ed25519") {
    return fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: alg }));
  }
  const key = readPublicKey(pem, sha256);
  if (!key.ok) {
    return key.fault.code === "KEY_ALGORITHM" ? key : refuse("TRUST_ROOT_KEY", { keyid, problem: key.fault.message });
  }
  if (key.value.keyid !== keyid) {
    return refuse("TRUST_ROOT_KEY", { keyid, problem: `its fingerprint is ${key.value.keyid}` });
  }
  if (key.value.alg !== alg) {
    return refuse("TRUST_ROOT_KEY", { keyid, problem: `it is declared as ${alg} but is ${key.value.alg}` });
  }
  return validFrom < validUntil
    ? ok({ key: key.value, principal, validFrom, validUntil })
    : refuse("TRUST_ROOT_TIME", { problem: `key ${keyid} is valid at no time` });
}

function roleFault(document: TrustRootDocument, keys: ReadonlyMap<string, TrustedKey>): Result<never> | undefined {
  if (!Object.hasOwn(document.roles, "root")) {
    return refuse("TRUST_ROOT_ROLE", { role: "root", problem: "it is missing" });
  }
  for (const [role, entry] of Object.entries(document.roles)) {
    const problem = roleProblem(role, entry, keys);
    if (problem !== undefined) {
      return refuse("TRUST_ROOT_ROLE", { role, problem });
    }
  }
  return undefined;
}

/** A sidecar holds one signature, so only `root` (several sidecars) can ask for more than one. */
function roleProblem(role: string, entry: RoleEntry, keys: ReadonlyMap<string, TrustedKey>): string | undefined {
  if (new Set(entry.keyids).size !== entry.keyids.length) {
    return "it lists a key twice";
  }
  const unknown = entry.keyids.find((keyid) => !keys.has(keyid));
  if (unknown !== undefined) {
    return `it lists ${unknown}, which is not among the keys`;
  }
  if (role !== "root") {
    return entry.threshold === 1 ? undefined : "only root has a threshold above 1; a pack's rule says how many approve";
  }
  const principals = new Set(entry.keyids.map((keyid) => keys.get(keyid)?.principal)).size;
  return entry.threshold <= principals
    ? undefined
    : `its threshold is ${entry.threshold}, but its keys belong to ${principals} principals`;
}

function tokenFault(document: TrustRootDocument): Result<never> | undefined {
  const { tokens = [] } = document;
  const bearers = tokens.map(({ iss, sub }) => JSON.stringify([iss, sub]));
  const twice = bearers.find((bearer, at) => bearers.indexOf(bearer) !== at);
  return twice === undefined ? undefined : refuse("TRUST_ROOT_TOKEN", { bearer: twice });
}

function refuse(code: keyof typeof trustCodes, data: FaultData): Result<never> {
  return fail(faultOf(trustCodes, code, data));
}
