import { constants, type Stats } from "node:fs";
import { access, mkdtemp, readdir, rmdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Fault } from "#fault/fault.ts";
import { redactAddress } from "#fault/redact-address.ts";
import { ok } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { HostFinding } from "#port/host-finding.ts";
import type { Keyring } from "#port/keyring.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { developmentKey } from "./development-key.ts";
import { systemCode } from "./file-fault.ts";
import { knownKeyid } from "./known-keyid.ts";
import {
  clockFinding,
  developmentKeyFinding,
  developmentTrustFinding,
  keyFinding,
  keylessFinding,
  rolelessFinding,
  storeFaultFinding,
  storeFinding,
  trustFinding,
} from "./local-findings.ts";
import { checkKeyForSomePack } from "./run-standing.ts";
import { rootFileOf } from "./site-root.ts";
import { trustCheck } from "./trust-check.ts";
import { readTrustFile } from "./trust-file.ts";
import type { MongoSettings } from "./mongo-settings.ts";
import type { Workplace } from "./workplace.ts";

/**
 * Looks at everything that a run needs. Changes nothing but the sandbox's own cache. `unopened`: why the store could not be opened;
 * then whatever the workplace has in its place is not looked at.
 */
export async function diagnose(workplace: Workplace, unopened?: Fault): Promise<readonly HostFinding[]> {
  const { clock, settings } = workplace;
  return [
    { name: "node", status: "ok", text: process.version },
    clockFinding(clock.now(), await newestIn(settings.stateFolder)),
    ...(await lookAtStores(workplace, unopened)),
    ...(await lookAtTrust(workplace)),
    ...(await lookAtKeys(workplace)),
    ...(await lookAtHost(workplace)),
  ];
}

async function newestIn(folder: string): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  const times = found.filter((each): each is Stats => each !== undefined).map(({ mtimeMs }) => mtimeMs);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Where runs live in a database, evidence, keys and trust still live in the state folder. */
async function lookAtStores(workplace: Workplace, unopened: Fault | undefined): Promise<readonly HostFinding[]> {
  const folder = await lookAtStore(workplace.settings.stateFolder);
  const { mongo } = workplace.settings;
  const unusable = unopened === undefined ? undefined : storeFaultFinding(unopened);
  if (mongo === undefined) {
    // What is wrong with the folder says more than what kept a file in it from being opened.
    return [folder.status === "fail" ? folder : (unusable ?? folder)];
  }
  return [unusable ?? (await lookAtDatabase(mongo, workplace)), { ...folder, name: "state folder" }];
}

async function lookAtDatabase(mongo: MongoSettings, { settings, store }: Workplace): Promise<HostFinding> {
  const text = `MongoDB at ${redactAddress(mongo.connectionString)}, database ${mongo.database}`;
  try {
    await store.index.list(settings.tenantId, { limit: 1 });
    return { name: "store", status: "ok", text: `${text}: it answers` };
  } catch (error) {
    if (!(error instanceof StoreError)) {
      throw error;
    }
    return storeFaultFinding({ ...error.fault, message: `${text}: ${error.fault.message}` });
  }
}

async function lookAtStore(path: string): Promise<HostFinding> {
  const folder = await nearestThere(path);
  try {
    await (folder === path ? access(path, constants.R_OK | constants.W_OK) : tryFolderIn(folder));
    const { bavail, bsize, type } = await statfs(folder);
    return storeFinding({ path, freeBytes: bavail * bsize, fileSystem: type });
  } catch (error) {
    return storeFinding({ path, unwritable: { problem: systemProblem(error), folder } });
  }
}

/** The path itself, or the nearest above it that is there. */
async function nearestThere(path: string): Promise<string> {
  return dirname(path) !== path && (await isAbsent(path)) ? nearestThere(dirname(path)) : path;
}

/** Makes a folder and takes it away again. Its name is nobody's: that of a store would make it one. */
async function tryFolderIn(folder: string): Promise<void> {
  await rmdir(await mkdtemp(join(folder, ".packrun-doctor-")));
}

async function lookAtTrust(workplace: Workplace): Promise<readonly HostFinding[]> {
  const { settings, clock, keyring, sha256 } = workplace;
  const { stateFolder } = settings;
  const isDevelopment = settings.trustFile === undefined;
  const file = rootFileOf(settings);
  if (isDevelopment && (await isAbsent(file))) {
    return [developmentTrustFinding(undefined)];
  }
  const read = await readTrustFile(file, sha256);
  if (!read.ok) {
    return [unreadable(read.fault)];
  }
  const checked = await trustCheck(file, { keyring, now: clock.now, stateFolder, settings });
  if (!checked.ok) {
    return [unreadable(checked.fault)];
  }
  const found = trustFinding(checked.value, Date.parse(read.value.root.document.expires), clock.now());
  return [isDevelopment ? developmentTrustFinding(found) : found];
}

/** Whether nothing lies at a path; what cannot be looked at is there. */
async function isAbsent(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => systemCode(error));
  return found === "ENOENT" || found === "ENOTDIR";
}

function unreadable({ message, hint }: Fault): HostFinding {
  return { name: "trust", status: "fail", text: message, ...(hint === undefined ? {} : { remedy: hint }), exitCode: 2 };
}

/** The keys that are configured, and what runs sign with where they are not: under development trust the development key. */
async function lookAtKeys(workplace: Workplace): Promise<readonly HostFinding[]> {
  const { settings, keyring } = workplace;
  const root = await readTrustFile(rootFileOf(settings), workplace.sha256);
  const named = [
    ["requester", settings.requesterKey],
    ["attestor", settings.attestorKey],
  ] as const;
  const configured = named.flatMap(([role, path]) => (path === undefined ? [] : [{ role, path }]));
  const findings = configured.map(async ({ role, path }) => {
    const opened = await keyring.open(path, () => Promise.resolve(undefined));
    const found = keyFinding(role, path, opened.ok ? undefined : opened.fault);
    // What is wrong with the root is told of the root.
    return found.status === "ok" && root.ok
      ? ((await lookAtRole(role, path, root.value.root, workplace)) ?? found)
      : found;
  });
  if (settings.trustFile === undefined) {
    findings.push(lookAtDevelopmentKey(developmentKey(settings), keyring));
  } else if (configured.length < named.length) {
    const missing = named.filter(([, path]) => path === undefined).map(([role]) => role);
    findings.push(Promise.resolve(keylessFinding(missing)));
  }
  return Promise.all(findings);
}

/** Whether a run of this tenant can be signed with the key, as far as that does not hang on its pack. */
async function lookAtRole(
  member: keyof typeof ROLES,
  path: string,
  root: TrustRoot,
  { settings, keyring }: Workplace,
): Promise<HostFinding | undefined> {
  const keyid = await knownKeyid(path, keyring);
  const held = keyid === undefined ? ok(undefined) : checkKeyForSomePack(root, keyid, ROLES[member], settings.tenantId);
  return held.ok ? undefined : rolelessFinding(member, path, held.fault);
}

const ROLES = { requester: "requester", attestor: "run-attestor" } as const;

async function lookAtDevelopmentKey(path: string, keyring: Keyring): Promise<HostFinding> {
  if (await isAbsent(path)) {
    return developmentKeyFinding(path, "absent");
  }
  const opened = await keyring.open(path, () => Promise.resolve(undefined));
  return developmentKeyFinding(path, opened.ok ? "opened" : opened.fault);
}

async function lookAtHost(workplace: Workplace): Promise<readonly HostFinding[]> {
  const runner = workplace.runner(1);
  try {
    return await runner.examine();
  } finally {
    await runner.close();
  }
}
