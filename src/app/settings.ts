import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { describeMisfit, misfitsOf, pointerOf, type Misfit } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { readYaml } from "#pack/read-yaml.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import type { AnchorAddresses } from "./anchor-evidence.ts";
import { appCodes } from "./codes.ts";
import { configShape, type Config } from "./config.ts";
import { readSecretSettings, type SecretSettings } from "./secret-settings.ts";
import { readServerSettings, type ServerSettings } from "./server-settings.ts";
import { isStoreAddress, readMongoSettings, type MongoSettings } from "./mongo-settings.ts";
import { readSandboxSettings, type SandboxSettings } from "./sandbox-settings.ts";

/** Where everything of this command is: flags before `PACKRUN_*` before the nearest configuration before the user's. */
export type Settings = {
  readonly tenantId: TenantId;
  /** The `.packrun` folder; it need not be there yet. */
  readonly stateFolder: string;
  /** The database in which runs and artifacts live; without one they live in the state folder. */
  readonly mongo?: MongoSettings;
  /** Folder of artifacts, or where they live in a database only of what is staged. */
  readonly artifactsPath: string;
  /** The configured trust root; without one, the development trust root is used. */
  readonly trustFile?: string;
  /** The configured revocation list; without one, `revocations.json` beside the trust root where that is there. */
  readonly revocationsFile?: string;
  readonly requesterKey?: string;
  readonly attestorKey?: string;
  /** External signers by name. */
  readonly signers?: Readonly<Record<string, SignerCommand>>;
  /** Who vouches for sealed evidence. */
  readonly anchor?: AnchorAddresses;
  /** Where secrets come from, and which of them a tenant may name. */
  readonly secrets?: SecretSettings;
  /** What `packrun serve` is configured with. */
  readonly server?: ServerSettings;
  /** The configuration file that was read. */
  readonly configFile?: string;
} & SandboxSettings;

export type SettingsSource = {
  readonly flags: {
    readonly store?: string;
    readonly tenant?: string;
    readonly trust?: string;
    readonly config?: string;
  };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
};

const CONFIG_NAME = "packrun.config.yaml";

export function readSettings(source: SettingsSource): Result<Settings> {
  const { flags, env, cwd } = source;
  const file = configFileOf(source);
  const config: Result<Config> = file === undefined ? ok({}) : readConfig(file);
  if (!config.ok) {
    return config;
  }
  const tenant = flags.tenant ?? env["PACKRUN_TENANT"] ?? config.value.tenant ?? "default";
  const tenantId = parseTenantId(tenant);
  if (tenantId === undefined) {
    return fail(faultOf(appCodes, "TENANT_INVALID", { tenant }));
  }
  const sandbox = readSandboxSettings(config.value.sandbox ?? {}, source, file);
  if (!sandbox.ok) {
    return sandbox;
  }
  const base = file === undefined ? cwd : dirname(file);
  const server = readServerSettings(config.value.server ?? {}, base, file ?? "");
  if (!server.ok) {
    return server;
  }
  const from = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(base, path));
  const keyFrom = (key: string | undefined): string | undefined =>
    key?.startsWith("signer:") === true ? key : from(key);
  const { Storage = {} } = config.value.TaskRunner ?? {};
  const mongo = readMongoSettings(Storage, { flag: flags.store, variable: env["PACKRUN_STORE"] });
  if (!mongo.ok) {
    return mongo;
  }
  const given = flags.store ?? env["PACKRUN_STORE"] ?? "";
  // An empty name would be the current folder itself, which nobody means.
  const isFolder = given !== "" && !isStoreAddress(given);
  const stateFolder = isFolder ? resolve(cwd, given) : stateFolderOf(cwd, file);
  const trust = flags.trust ?? env["PACKRUN_TRUST"];
  const configuredTrust = from(config.value.trust);
  const trustFile = trust === undefined ? configuredTrust : resolve(cwd, trust);
  const revocations = env["PACKRUN_REVOCATIONS"];
  return ok(
    withoutUndefined({
      tenantId,
      stateFolder,
      mongo: mongo.value,
      artifactsPath: from(Storage.ArtifactsPath) ?? join(stateFolder, "artifacts"),
      trustFile,
      // The configuration's list belongs to its root: another root that is named for once comes with its own.
      revocationsFile:
        revocations !== undefined
          ? resolve(cwd, revocations)
          : trustFile === configuredTrust
            ? from(config.value.revocations)
            : undefined,
      requesterKey: keyFrom(config.value.requester?.key),
      attestorKey: keyFrom(config.value.attestor?.key),
      signers: signersOf(config.value, base),
      anchor: anchorOf(config.value, env),
      secrets: readSecretSettings(config.value.secrets, source, file),
      server: config.value.server === undefined ? undefined : server.value,
      ...sandbox.value,
      configFile: file,
    }),
  );
}

function signersOf({ signers }: Config, base: string): Settings["signers"] {
  return signers === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(signers).map(([name, { command, publicKey, timeoutSeconds = 30 }]) => [
          name,
          { command, cwd: base, publicKey: resolve(base, publicKey), timeoutMs: timeoutSeconds * 1000 },
        ]),
      );
}

/** `PACKRUN_ANCHOR_TSA` and `PACKRUN_ANCHOR_REKOR`, of which an empty one means nobody, before the configuration. */
function anchorOf({ anchor = {} }: Config, env: SettingsSource["env"]): AnchorAddresses | undefined {
  const { PACKRUN_ANCHOR_TSA: tsa = anchor.tsa, PACKRUN_ANCHOR_REKOR: rekor = anchor.rekor } = env;
  const named = { tsa, rekor };
  const addresses = Object.fromEntries(Object.entries(named).filter(([, url]) => url !== undefined && url !== ""));
  return Object.keys(addresses).length === 0 ? undefined : addresses;
}

function configFileOf({ flags, env, cwd }: SettingsSource): string | undefined {
  const given = flags.config ?? env["PACKRUN_CONFIG"];
  if (given !== undefined) {
    return resolve(cwd, given);
  }
  const near = upward(cwd, CONFIG_NAME);
  if (near !== undefined) {
    return near;
  }
  // XDG Base Directory Specification: what is empty or relative counts as not set.
  const xdg = env["XDG_CONFIG_HOME"] ?? "";
  const home = join(isAbsolute(xdg) ? xdg : join(env["HOME"] ?? homedir(), ".config"), "packrun", "config.yaml");
  return existsSync(home) ? home : undefined;
}

/** The nearest `.packrun` upward; else beside the project's configuration, else in the current folder. */
function stateFolderOf(cwd: string, configFile: string | undefined): string {
  const near = upward(cwd, ".packrun");
  if (near !== undefined) {
    return near;
  }
  return join(configFile?.endsWith(CONFIG_NAME) === true ? dirname(configFile) : cwd, ".packrun");
}

function upward(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) {
      return join(folder, name);
    }
    if (dirname(folder) === folder) {
      return undefined;
    }
  }
}

function readConfig(file: string): Result<Config> {
  const bytes = readFile(file);
  if (bytes === undefined) {
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file, problem: "it cannot be read" }));
  }
  const read = readYaml(bytes, file);
  if (!read.sound || read.diagnostics.length > 0) {
    const problem = read.diagnostics.map((found) => found.message).join("; ");
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file, problem }));
  }
  const value = read.value ?? {};
  const [misfit] = misfitsOf(configShape, value);
  return misfit === undefined
    ? ok(value as Config)
    : fail(faultOf(appCodes, "CONFIG_INVALID", { file, problem: problemOf(misfit) }));
}

/** What stands in the place of a secret's reference may be its value, and is never echoed. */
function problemOf(misfit: Misfit): string {
  return misfit.path[0] === "secrets" && (misfit.problem === "type" || misfit.problem === "value")
    ? `${pointerOf(misfit.path)}: expected ${misfit.expected}`
    : describeMisfit(misfit);
}

function readFile(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
