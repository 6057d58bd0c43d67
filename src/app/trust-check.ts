import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { revocationsStaleness } from "#trust/check-revocations.ts";
import { checkKeyWindow, checkRollback, checkRootExpiry } from "#trust/freshness.ts";
import { checkNextRoot } from "#trust/next-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { inspectRevocations, type RevocationPlace } from "./revocation-standing.ts";
import { rootFileOf } from "./site-root.ts";
import type { TrustTools } from "./trust-edit.ts";
import { readTrustFile, readVersionBefore, type TrustFile } from "./trust-file.ts";
import { checkRoot, lastRoot } from "./trust-memory.ts";

/** What was found of one property of a trust root. `skipped` says what kept it from being looked at. */
type TrustFinding =
  | { readonly name: string; readonly status: "pass" | "skipped"; readonly why: string }
  | { readonly name: string; readonly status: "fail" | "stale"; readonly code: string; readonly why: string };

/** The answer of `trust check`; `exitCode` 0, 11 when something is stale, 7 when something failed. */
export type TrustChecked = {
  readonly trustDomain: string;
  readonly version: number;
  readonly exitCode: 0 | 7 | 11;
  readonly checks: readonly TrustFinding[];
};

/**
 * `trust check`: whether a root can be relied on now, from this state folder, and whether it is a good next step from the
 * one that was used before, else from the version that lies beside it. Faults: TRUST_FILE_ACCESS and those of
 * `readTrustRoot`.
 */
export async function trustCheck(file: string, tools: TrustTools): Promise<Result<TrustChecked>> {
  const read = await readTrustFile(file, tools.keyring.sha256);
  if (!read.ok) {
    return read;
  }
  const { root } = read.value;
  const { keyring, now, stateFolder, settings } = tools;
  const { revocationsFile, trustFile } = settings ?? {};
  const isPinned = trustFile !== undefined || file !== rootFileOf({ stateFolder });
  const place = {
    ...keyring,
    now,
    settings: {
      stateFolder,
      ...(isPinned ? { trustFile: file } : {}),
      ...(revocationsFile === undefined ? {} : { revocationsFile }),
    },
  };
  const last = await lastRoot(root, place);
  const at = timestampOf(now());
  const checks = [
    finding("expiry", checkRootExpiry(root, at), `holds until ${root.document.expires}`, "stale"),
    ...windowFindings(root, at),
    rollbackFinding(root, last),
    await stepFinding(read.value, last, place),
    await revocationsFinding(root, at, place),
  ];
  const { trustDomain, version } = root.document;
  const failed = checks.some(({ status }) => status === "fail");
  const exitCode = failed ? 7 : checks.some(({ status }) => status === "stale") ? 11 : 0;
  return ok({ trustDomain, version, exitCode, checks });
}

function windowFindings(root: TrustRoot, at: Timestamp): readonly TrustFinding[] {
  return [...root.keys.values()].map((key) => {
    const name = `key ${key.key.keyid}`;
    return finding(name, checkKeyWindow(key, at), `${key.principal}, until ${key.validUntil}`, "stale");
  });
}

function rollbackFinding(root: TrustRoot, last: Result<TrustRoot | undefined>): TrustFinding {
  if (!last.ok) {
    return finding("rollback", last, "", "fail");
  }
  const highest = last.value?.document.version;
  const why = highest === undefined ? "none was used before" : `the highest used before is ${highest}`;
  return finding("rollback", checkRollback(root, last.value), why, "fail");
}

/** A root that is only pinned needs no signatures; stepping to it from one that was used, or that lies beside it, does. */
async function stepFinding(
  file: TrustFile,
  last: Result<TrustRoot | undefined>,
  place: RevocationPlace,
): Promise<TrustFinding> {
  const { root } = file;
  const used = last.ok ? last.value : undefined;
  const followed = last.ok && checkRollback(root, used).ok ? await checkRoot(root, place) : ok(undefined);
  if (!followed.ok || (used !== undefined && used.digest !== root.digest && place.settings.trustFile !== undefined)) {
    return finding("step", followed, signedSince(used), "fail");
  }
  const before = await readVersionBefore(file, place.sha256);
  if (before === undefined) {
    return { name: "step", status: "skipped", why: "the version before does not lie beside it" };
  }
  const sidecars = file.sidecars.map(({ bytes }) => bytes);
  const stepped = await checkNextRoot(before, file.bytes, sidecars, { ...place, at: timestampOf(place.now()) });
  return !stepped.ok && sidecars.length === 0
    ? { name: "step", status: "skipped", why: "it is not signed yet" }
    : finding("step", stepped, signedSince(before), "fail");
}

function signedSince(root: TrustRoot | undefined): string {
  return `signed by enough root keys of version ${root?.document.version ?? 0} and of each since`;
}

/** The list that belongs to the root: there where it is demanded, well signed, not rolled back, and fresh. */
async function revocationsFinding(root: TrustRoot, at: Timestamp, place: RevocationPlace): Promise<TrustFinding> {
  const name = "revocations";
  const held = await inspectRevocations(root, place);
  if (!held.ok) {
    return finding(name, held, "", "fail");
  }
  if (held.value === undefined) {
    return { name, status: "skipped", why: "there is no revocation list, and the trust root demands none" };
  }
  const { list } = held.value;
  const { sequence, entries, nextUpdate } = list.document;
  const stale = revocationsStaleness(list, root, at);
  const why = `sequence ${sequence}, ${entries.length} revoked, to be renewed by ${nextUpdate}`;
  return finding(name, stale === undefined ? ok(undefined) : fail(stale), why, "stale");
}

function finding(name: string, result: Result<unknown>, why: string, otherwise: "fail" | "stale"): TrustFinding {
  return result.ok
    ? { name, status: "pass", why }
    : { name, status: otherwise, code: result.fault.code, why: result.fault.message };
}
