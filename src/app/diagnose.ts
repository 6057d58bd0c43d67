import { constants, type Stats } from "node:fs";
import { access, readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Fault } from "#fault/fault.ts";
import { redactAddress } from "#fault/redact-address.ts";
import { StoreError } from "#fault/store-error.ts";
import type { HostFinding } from "#port/host-finding.ts";
import { clockFinding, keyFinding, storeFinding, trustFinding } from "./local-findings.ts";
import { trustCheck } from "./trust-check.ts";
import { readTrustFile } from "./trust-file.ts";
import type { MongoSettings } from "./mongo-settings.ts";
import type { Workplace } from "./workplace.ts";
import { makeFolder } from "./make-folder.ts";

const STORE_EXIT = 10;

/** Looks at everything that a run needs. Changes nothing but the sandbox's own cache. */
export async function diagnose(workplace: Workplace): Promise<readonly HostFinding[]> {
  const { clock, settings } = workplace;
  return [
    { name: "node", status: "ok", text: process.version },
    clockFinding(clock.now(), await newestIn(settings.stateFolder)),
    ...(await lookAtStores(workplace)),
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
async function lookAtStores(workplace: Workplace): Promise<readonly HostFinding[]> {
  const folder = await lookAtStore(workplace.settings.stateFolder);
  const { mongo } = workplace.settings;
  return mongo === undefined ? [folder] : [await lookAtDatabase(mongo, workplace), { ...folder, name: "state folder" }];
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
    const { message, hint = "" } = error.fault;
    return { name: "store", status: "fail", text: `${text}: ${message}`, remedy: hint, exitCode: STORE_EXIT };
  }
}

async function lookAtStore(path: string): Promise<HostFinding> {
  const parent = dirname(path);
  try {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK);
    const { bavail, bsize, type } = await statfs(path);
    return storeFinding({ path, parent, writable: true, freeBytes: bavail * bsize, fileSystem: type });
  } catch {
    return storeFinding({ path, parent, writable: false });
  }
}

async function lookAtTrust(workplace: Workplace): Promise<readonly HostFinding[]> {
  const { settings, clock, keyring, sha256 } = workplace;
  const { trustFile, stateFolder } = settings;
  if (trustFile === undefined) {
    const remedy = "pin a trust root of your own with --trust before anyone relies on the evidence";
    return [{ name: "trust", status: "warn", text: "development trust: every role is held by one local key", remedy }];
  }
  const read = await readTrustFile(trustFile, sha256);
  if (!read.ok) {
    return [unreadable(read.fault)];
  }
  const checked = await trustCheck(trustFile, { keyring, now: clock.now, stateFolder, settings });
  const { expires } = read.value.root.document;
  return [checked.ok ? trustFinding(checked.value, Date.parse(expires), clock.now()) : unreadable(checked.fault)];
}

function unreadable({ message, hint }: Fault): HostFinding {
  return { name: "trust", status: "fail", text: message, ...(hint === undefined ? {} : { remedy: hint }), exitCode: 2 };
}

async function lookAtKeys({ settings, keyring }: Workplace): Promise<readonly HostFinding[]> {
  const named = [
    ["requester", settings.requesterKey],
    ["attestor", settings.attestorKey],
  ] as const;
  return Promise.all(
    named
      .flatMap(([role, path]) => (path === undefined ? [] : [{ role, path }]))
      .map(async ({ role, path }) => {
        const opened = await keyring.open(path, () => Promise.resolve(undefined));
        return keyFinding(role, path, opened.ok ? undefined : opened.fault);
      }),
  );
}

async function lookAtHost(workplace: Workplace): Promise<readonly HostFinding[]> {
  const runner = workplace.runner(1);
  try {
    return await runner.examine();
  } finally {
    await runner.close();
  }
}
