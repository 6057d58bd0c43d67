import { dirname, join, resolve } from "node:path";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import type { AnchorAddresses } from "./anchor-evidence.ts";
import { appCodes } from "./codes.ts";
import { CONFIG_NAME, findConfigs, nearestUpward, readConfigs, type FoundConfig } from "./config-file.ts";
import { readMongoSettings, type MongoSettings } from "./mongo-settings.ts";
import { readSandboxSettings, type SandboxSettings } from "./sandbox-settings.ts";
import { readSecretSettings, type SecretSettings } from "./secret-settings.ts";
import { readServerSettings, type ServerSettings } from "./server-settings.ts";
import { settingSources, type SettingSources } from "./setting-sources.ts";
import type { SettingsSource } from "./settings-source.ts";

const DEFAULT_TENANT = "default";
export const SIGNER_TIMEOUT_SECONDS = 30;

/**
 * Where everything of this command is: flags before `PACKRUN_*` before the nearest configuration before the user's, each
 * setting by itself.
 */
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
  /** Present where `--trust` names the trust root: who names it now pins it, whatever was used before. */
  readonly namesTrust?: true;
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
  /** The configuration files that were read. */
  readonly configFiles: readonly string[];
} & SandboxSettings;

/** Faults: CONFIG_INVALID, TENANT_INVALID. */
export function readSettings(source: SettingsSource): Result<Settings> {
  const found = findConfigs(source);
  const config = readConfigs(found);
  return config.ok ? resolveSettings(settingSources(source, config.value), source.cwd, found) : config;
}

/** What the sources say together. Faults: those of `readSettings`. */
export function resolveSettings(sources: SettingSources, cwd: string, found: readonly FoundConfig[]): Result<Settings> {
  const { config, path } = sources;
  const tenant = sources.text("/tenant") ?? DEFAULT_TENANT;
  const tenantId = parseTenantId(tenant);
  if (tenantId === undefined) {
    return fail(faultOf(appCodes, "TENANT_INVALID", { tenant }));
  }
  const sandbox = readSandboxSettings(sources);
  const server = readServerSettings(sources);
  const mongo = readMongoSettings(sources);
  if (!sandbox.ok || !server.ok || !mongo.ok) {
    return [sandbox, server, mongo].find((read) => !read.ok) as Result<never>;
  }
  const key = (pointer: "/requester/key" | "/attestor/key"): string | undefined => {
    const text = sources.text(pointer);
    return text?.startsWith("signer:") === true ? text : path(pointer);
  };
  const stateFolder = path("store") ?? stateFolderOf(cwd, found);
  return ok(
    withoutUndefined({
      tenantId,
      stateFolder,
      mongo: mongo.value,
      artifactsPath: path("/TaskRunner/Storage/ArtifactsPath") ?? join(stateFolder, "artifacts"),
      trustFile: path("/trust"),
      namesTrust: sources.find("/trust")?.origin.kind === "flag" ? (true as const) : undefined,
      revocationsFile: path("/revocations"),
      requesterKey: key("/requester/key"),
      attestorKey: key("/attestor/key"),
      signers: signersOf(sources),
      anchor: anchorOf(sources),
      secrets: readSecretSettings(sources),
      server: config.server === undefined ? undefined : server.value,
      ...sandbox.value,
      configFiles: sources.files,
    }),
  );
}

function signersOf({ config: { signers }, baseOf }: SettingSources): Settings["signers"] {
  return signers === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(signers).map(([name, { command, publicKey, timeoutSeconds = SIGNER_TIMEOUT_SECONDS }]) => {
          const cwd = baseOf("signers", name);
          return [name, { command, cwd, publicKey: resolve(cwd, publicKey), timeoutMs: timeoutSeconds * 1000 }];
        }),
      );
}

/** An empty address means nobody. */
function anchorOf({ text }: SettingSources): AnchorAddresses | undefined {
  const named = { tsa: text("/anchor/tsa"), rekor: text("/anchor/rekor") };
  const addresses = Object.fromEntries(Object.entries(named).filter(([, url]) => url !== undefined && url !== ""));
  return Object.keys(addresses).length === 0 ? undefined : addresses;
}

/** The nearest `.packrun` upward; else beside the project's configuration, else in the current folder. */
function stateFolderOf(cwd: string, found: readonly FoundConfig[]): string {
  const near = nearestUpward(cwd, ".packrun");
  const projects = found.find(({ file }) => file.endsWith(CONFIG_NAME));
  return near ?? join(projects === undefined ? cwd : dirname(projects.file), ".packrun");
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
