import { ok, type Result } from "#fault/result.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { Revocations } from "#trust/revocation-list.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { Objections } from "#verify/objections.ts";
import { revocationsPath } from "./revocation-files.ts";
import { checkNoneMissed, lookAtRevocations } from "./revocation-standing.ts";
import type { Settings } from "./settings.ts";
import { hasNoRoot, rootFileOf } from "./site-root.ts";
import { admitRevocations, admitRoot, checkList, checkRoot, lastRoot, type RootPlace } from "./trust-memory.ts";
import { readUserFile } from "./user-file.ts";
import type { VerifyRequest, VerifyTools } from "./verify-evidence.ts";

/** Whose root was believed. Without one nothing is a pass. */
export type Anchor = "pinned" | "development" | "none";

export type PinnedTrust = {
  readonly anchor: Anchor;
  /** What a verification is given of it. */
  readonly held: Pick<VerifyRequest, "trustRoot" | "revocations" | "objections">;
};

/**
 * The root that is believed here, the configured one or that of development, with the list that belongs to it, or the one at
 * the path `given`. What is wrong with either is for the verdict to say; that they are older than those that were used
 * before, or that a list vanished, only this place knows: these are `objections`, and with any of them nothing is remembered.
 * Faults: USER_FILE_READ, TRUST_FILE_ACCESS, TRUST_MEMORY, TRUST_BUSY.
 */
export async function pinnedTrust(
  given: string | undefined,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<PinnedTrust>> {
  const { trustFile } = settings;
  const named = given === undefined ? {} : { revocations: given };
  if (hasNoRoot(settings)) {
    return ok({ anchor: "none", held: named });
  }
  const bytes = await readUserFile(rootFileOf(settings));
  if (!bytes.ok) {
    return bytes;
  }
  const anchor = trustFile === undefined ? "development" : "pinned";
  const { value: trustRoot } = bytes;
  const root = readTrustRoot(trustRoot, tools.sha256);
  if (!root.ok) {
    return ok({ anchor, held: { trustRoot, ...named } });
  }
  const place = { ...tools, settings };
  const seen = await lookAtRevocations(given ?? revocationsPath(settings), root.value, place);
  if (!seen.ok) {
    return seen;
  }
  const missed =
    seen.value === undefined && given === undefined ? await checkNoneMissed(root.value, place) : ok(undefined);
  const list = seen.value?.signed.ok === true ? seen.value.signed.value : undefined;
  const objections = await admit(root.value, { isPinned: trustFile !== undefined, missed, list }, place);
  const revocations = seen.value === undefined ? named : { revocations: seen.value.files };
  return objections.ok ? ok({ anchor, held: { trustRoot, ...revocations, objections: objections.value } }) : objections;
}

type Used = {
  /** The development root is of this place itself, and is no version of anything. */
  readonly isPinned: boolean;
  /** Whether a list is missed. */
  readonly missed: Result<undefined>;
  readonly list: Revocations | undefined;
};

/** Takes root and list into use together: neither is remembered when one is refused. Faults: TRUST_MEMORY, TRUST_BUSY. */
async function admit(root: TrustRoot, used: Used, place: RootPlace): Promise<Result<Objections>> {
  const { isPinned, missed, list } = used;
  const { stateFolder } = place.settings;
  const before = objectionsOf(
    isPinned ? await checkRoot(root, place) : ok(undefined),
    missed.ok && list !== undefined ? await checkList(stateFolder, list) : missed,
  );
  if (!before.ok || Object.keys(before.value).length > 0) {
    return before;
  }
  // Looked at again when it is written: another process may have used newer ones meanwhile.
  const newRoot = isPinned && !(await standsBeside(root, place)) ? await admitRoot(root, place) : ok(undefined);
  const newList = newRoot.ok && list !== undefined ? await admitRevocations(stateFolder, list) : ok(undefined);
  return objectionsOf(newRoot, newList);
}

/** Who verifies with a root that is only named does not put it in the place of another one of its version that is in use. */
async function standsBeside(root: TrustRoot, place: RootPlace): Promise<boolean> {
  const last = await lastRoot(root, place);
  return (
    place.settings.namesTrust === true &&
    last.ok &&
    last.value !== undefined &&
    last.value.digest !== root.digest &&
    last.value.document.version === root.document.version
  );
}

const OBJECTIONS: ReadonlySet<string> = new Set([
  "TRUST_ROOT_ROLLBACK",
  "TRUST_ROOT_FORKED",
  "TRUST_ROOT_DOMAIN",
  "TRUST_ROOT_STEP",
  "TRUST_ROOT_THRESHOLD",
  "REVOCATIONS_ROLLBACK",
  "REVOCATIONS_FORKED",
  "REVOCATIONS_MISSING",
]);

/** A memory that refuses speaks in the verdict; one that cannot be read or written is a fault. */
function objectionsOf(root: Result<void>, list: Result<void>): Result<Objections> {
  for (const checked of [root, list]) {
    if (!checked.ok && !OBJECTIONS.has(checked.fault.code)) {
      return checked;
    }
  }
  return ok({ ...(root.ok ? {} : { trustRoot: root.fault }), ...(list.ok ? {} : { revocations: list.fault }) });
}
