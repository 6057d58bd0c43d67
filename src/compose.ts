import { existsSync } from "node:fs";
import { join } from "node:path";
import { askPassword } from "#app/ask-password.ts";
import { systemChance } from "#app/chance.ts";
import { makeStateFolder } from "#app/make-folder.ts";
import { nodeClock } from "#app/node-clock.ts";
import { Planner } from "#app/service/planner/planner.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { privateFiles, type PrivateFiles } from "#app/private-files.ts";
import { foldLedger } from "#app/read-run.ts";
import { readRow } from "#app/run-row.ts";
import { readSettings, type Settings } from "#app/settings.ts";
import type { SettingsSource } from "#app/settings-source.ts";
import type { Workplace } from "#app/workplace.ts";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { policyEngine } from "#policy/policy-engine.ts";
import type { Clock } from "#port/clock.ts";
import type { FolderReader } from "#port/folder.ts";
import type { AskPassword, Keyring } from "#port/keyring.ts";
import type { InspectModule } from "#port/policy-engine.ts";
import type { LedgerStore, RunIdentity, RunRow } from "#port/run-store.ts";
import type { RequestStore } from "#port/request-store.ts";
import type { AnchorSource } from "#port/anchor-source.ts";
import { createEgress } from "#sandbox/egress/egress.ts";
import { createSandbox } from "#sandbox/sandbox.ts";
import { makeWorkspaceFolder, scratchFolder } from "#sandbox/scratch-folder.ts";
import { enterUserScope } from "#sandbox/limit/enter-user-scope.ts";
import { hashMark } from "#secret/hash-mark.ts";
import { knownRedactor, withoutSecrets } from "#secret/known-redactors.ts";
import { createRedactor } from "#secret/redactor.ts";
import { parseSecretArgument } from "#secret/secret-argument.ts";
import { readSecretFile } from "#secret/secret-file.ts";
import { secretProviders } from "#secret/secret-providers.ts";
import { fileKeyring, keyringWith } from "#signer/file-keyring.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { builtIns } from "#step/built-ins.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { fileRequestStore } from "#store/file/file-request-store.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import type { ProveAnchor } from "#trust/anchor-finding.ts";
import { startPlannerThread } from "#cli/start-planner-thread.ts";
import { version } from "#cli/version.ts";

// The one place that picks adapters. Commands that need no store take what they need from here by name.
export const clock: Clock = nodeClock;
export const folders: FolderReader = folderReader();
export const sha256: typeof nodeSha256 = nodeSha256;
export const verifySignature: typeof nodeVerifySignature = nodeVerifySignature;
export const keyring: Keyring = fileKeyring;
/** Keys in files, and the external signers of these settings. */
export const keyringFor = ({ signers = {} }: Pick<Settings, "signers">): Keyring => keyringWith(signers);
export const passwordSource: (env: Env, mayAsk: boolean) => AskPassword = askPassword;
export { parseSecretArgument, enterUserScope, scratchFolder, withoutSecrets };

/** Loaded only where something is anchored. */
export const proveAnchor: ProveAnchor = async (anchor, root) =>
  (await import("#anchor/prove-anchor.ts")).proveAnchor(anchor, root);
export const anchorSource = (env: Env, timeoutMs?: number): AnchorSource => ({
  timestamp: async (...asked) =>
    (await import("#anchor/ask-anchors.ts")).askAnchors(env, timeoutMs).timestamp(...asked),
  logEntry: async (...asked) => (await import("#anchor/ask-anchors.ts")).askAnchors(env, timeoutMs).logEntry(...asked),
});

/** Loaded only where a pack has policies in Rego. */
export const inspectModule: InspectModule = async (module) =>
  (await import("#policy/inspect-module.ts")).moduleInspector()(module);

/** How long a run that has ended waits for those who vouch for it, in milliseconds. */
const RUN_PATIENCE = 10_000;

type Env = SettingsSource["env"];

/**
 * `unread` is told of runs that a lost index was made again without. `makesFolder`: the state folder beside a database, true
 * unless given.
 */
type OpenOptions = {
  readonly mayAsk: boolean;
  readonly unread?: (fault: Fault) => void;
  readonly makesFolder?: boolean;
};

/** Opens everything that a command works with: the file store of the settings, its artifacts, the sandbox. */
export async function openWorkplace(source: SettingsSource, options: OpenOptions): Promise<Result<Workplace>> {
  const settings = readSettings(source);
  if (!settings.ok) {
    return settings;
  }
  const stores = await openStores(settings.value, options);
  return stores.ok ? ok(workplaceOver(stores.value, settings.value, source, options)) : stores;
}

/**
 * As `openWorkplace`, to look and not to work: no state folder is made, and a store that is not there yet or cannot be opened
 * has an empty one in its place that nothing is kept in. `unopened`: why it cannot be opened.
 */
export async function openWorkplaceAnyway(
  source: SettingsSource,
  options: OpenOptions,
): Promise<Result<{ readonly workplace: Workplace; readonly unopened?: Fault }>> {
  const settings = readSettings(source);
  if (!settings.ok) {
    return settings;
  }
  const { stateFolder, mongo } = settings.value;
  const isYetToBe = mongo === undefined && !existsSync(stateFolder);
  const opened = isYetToBe
    ? ok(await emptyStores(settings.value))
    : await openStores(settings.value, { ...options, makesFolder: false });
  const stores = opened.ok ? opened.value : await emptyStores(settings.value);
  const workplace = workplaceOver(stores, settings.value, source, options);
  return ok({ workplace, ...(opened.ok ? {} : { unopened: opened.fault }) });
}

function workplaceOver(
  { store, artifacts, requests }: Stores,
  settings: Settings,
  source: SettingsSource,
  options: OpenOptions,
): Workplace {
  const { scratch = scratchFolder(), proc, upstreamProxy } = settings;
  const proxy = upstreamProxy === undefined ? {} : { upstreamProxy };
  const egress = createEgress({ lines: store.lines, clock, ...proxy });
  const hidden = privateFiles(settings, source.cwd);
  const signing = keyringFor(settings);
  return {
    settings,
    clock,
    chance: systemChance,
    sha256,
    verifySignature,
    anchors: { source: anchorSource(source.env, RUN_PATIENCE), prove: proveAnchor },
    folders,
    store,
    artifacts,
    requests,
    policies: (tenantId) => policyEngine({ read: (digest) => artifacts.open(tenantId, digest) }),
    inspectModule,
    secrets: secretsOf(settings, source.env, hidden),
    redactor: (key) => knownRedactor(createRedactor(key === undefined ? {} : { mark: hashMark(key) })),
    runner: (maxParallel, references = []) => {
      hidden.noteSecrets(references);
      return createSandbox({
        scratch,
        artifacts,
        clock,
        maxParallel,
        egress,
        masks: hidden.all,
        env: source.env,
        ...(proc === undefined ? {} : { proc }),
      });
    },
    egress,
    workspace: () => makeWorkspaceFolder(scratch),
    builtIns,
    keyring: {
      ...signing,
      open: (key, password) => signing.open(key.startsWith("signer:") ? key : hidden.note(key), password),
    },
    password: askPassword(source.env, options.mayAsk),
    engine: { name: "packrun", version },
    planner: plannerFor(settings),
  };
}

function plannerFor({ server }: Settings): Planner {
  const { planSeconds: seconds, planQueue: queue } = serviceLimits(server?.limits ?? {});
  return new Planner({ start: startPlannerThread, seconds, queue });
}

function secretsOf({ secrets }: Settings, env: Env, hidden: PrivateFiles): Workplace["secrets"] {
  return secretProviders({
    env,
    readFile: (path, most) => readSecretFile(hidden.note(path), most),
    places: secrets?.places ?? { commands: {}, vault: {} },
    stdin: () => process.stdin,
  });
}

type Stores = Pick<Workplace, "store" | "artifacts" | "requests">;

/** The driver of a database costs as much time as all else that a command loads: it is loaded where there is one. */
async function openStores(settings: Settings, { unread, makesFolder = true }: OpenOptions): Promise<Result<Stores>> {
  const { stateFolder, artifactsPath, mongo } = settings;
  if (mongo === undefined) {
    const store = await openFileStore(stateFolder, {
      clock,
      rowOf: indexRow,
      ...(unread === undefined ? {} : { unread }),
    });
    const requests = (): RequestStore => fileRequestStore(requestsFile(stateFolder), clock);
    return store.ok ? ok({ store: store.value, artifacts: fileArtifactStore(artifactsPath), requests }) : store;
  }
  const { openMongoStores } = await import("#store/mongo/open-mongo-store.ts");
  const made = makesFolder ? await makeStateFolder(stateFolder) : ok(undefined);
  const opened = made.ok ? openMongoStores(mongo, { clock }) : made;
  return opened.ok ? ok({ ...opened.value, requests: () => opened.value.requests }) : opened;
}

async function emptyStores({ stateFolder, artifactsPath }: Settings): Promise<Stores> {
  const { memoryRunStore } = await import("#store/memory/memory-run-store.ts");
  return {
    store: memoryRunStore({ clock }),
    artifacts: fileArtifactStore(artifactsPath),
    requests: () => fileRequestStore(requestsFile(stateFolder), clock),
  };
}

function requestsFile(stateFolder: string): string {
  return join(stateFolder, "server", "requests.db");
}

async function indexRow(ledger: LedgerStore, run: RunIdentity): Promise<Result<RunRow>> {
  const state = await foldLedger(run, ledger);
  return state.ok ? readRow(run, state.value, ledger) : state;
}
