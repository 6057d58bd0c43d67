import type { Json } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import { redactAddress } from "#fault/redact-address.ts";
import { developmentKey } from "./development-key.ts";
import { MONGO_DEFAULTS } from "./mongo-settings.ts";
import { revocationsPath } from "./revocation-files.ts";
import { DEFAULT_LISTEN } from "./server-settings.ts";
import { serviceLimits } from "./service/service-limits.ts";
import { SIGNER_TIMEOUT_SECONDS, type Settings } from "./settings.ts";
import { rootFileOf } from "./site-root.ts";

/** What was resolved, what the sources said of this member, and the parts of its pointer. */
type Asked = {
  readonly settings: Settings;
  readonly scratch: string;
  readonly said: unknown;
  readonly path: readonly PathPart[];
};
type Effective = (asked: Asked) => unknown;

const said: Effective = ({ said }) => said;

const mongo =
  (name: keyof typeof MONGO_DEFAULTS, used: (mongo: NonNullable<Settings["mongo"]>) => string): Effective =>
  ({ settings, said }) =>
    settings.mongo === undefined ? (said ?? MONGO_DEFAULTS[name]) : used(settings.mongo);

/** Without a pinned root the development key signs. */
const key =
  (which: "requesterKey" | "attestorKey"): Effective =>
  ({ settings }) =>
    settings[which] ?? (settings.trustFile === undefined ? developmentKey(settings) : undefined);

const signer = ({ settings, path }: Asked): NonNullable<Settings["signers"]>[string] | undefined =>
  settings.signers?.[String(path[1])];
const limits = ({ settings }: Asked): ReturnType<typeof serviceLimits> => serviceLimits(settings.server?.limits ?? {});
const vault = ({ settings }: Asked): NonNullable<Settings["secrets"]>["places"]["vault"] | undefined =>
  settings.secrets?.places.vault;

/** The value that is used for each member of the configuration, defaults included. */
export const EFFECTIVE: Readonly<Record<string, Effective>> = {
  "/TaskRunner/Storage/Mode": ({ settings }) => (settings.mongo === undefined ? "file" : "mongo"),
  "/TaskRunner/Storage/ArtifactsPath": ({ settings }) => settings.artifactsPath,
  "/TaskRunner/Storage/Mongo/ConnectionString": mongo("ConnectionString", (used) => used.connectionString),
  "/TaskRunner/Storage/Mongo/Database": mongo("Database", (used) => used.database),
  "/TaskRunner/Storage/Mongo/RunsCollection": mongo("RunsCollection", (used) => used.collections.runs),
  "/TaskRunner/Storage/Mongo/LogsCollection": mongo("LogsCollection", (used) => used.collections.logs),
  "/TaskRunner/Storage/Mongo/ArtifactsCollection": mongo("ArtifactsCollection", (used) => used.collections.artifacts),
  "/TaskRunner/Storage/Mongo/ApprovalsCollection": mongo("ApprovalsCollection", (used) => used.collections.approvals),
  "/tenant": ({ settings }) => settings.tenantId,
  "/trust": ({ settings }) => rootFileOf(settings),
  "/revocations": ({ settings }) => revocationsPath(settings),
  "/requester/key": key("requesterKey"),
  "/attestor/key": key("attestorKey"),
  "/signers": said,
  "/signers/*/command": (asked) => signer(asked)?.command,
  "/signers/*/publicKey": (asked) => signer(asked)?.publicKey,
  "/signers/*/timeoutSeconds": ({ said }) => said ?? SIGNER_TIMEOUT_SECONDS,
  "/anchor/tsa": ({ settings }) => settings.anchor?.tsa,
  "/anchor/rekor": ({ settings }) => settings.anchor?.rekor,
  "/secrets/commands": said,
  "/secrets/commands/*": said,
  "/secrets/tenants": said,
  "/secrets/tenants/*": said,
  "/secrets/tenants/*/*": said,
  "/secrets/age/identity": ({ settings }) => settings.secrets?.places.ageIdentity,
  "/secrets/vault/address": (asked) => vault(asked)?.address,
  "/secrets/vault/tokenFile": (asked) => vault(asked)?.tokenFile,
  "/secrets/vault/caFile": (asked) => vault(asked)?.caFile,
  "/secrets/vault/namespace": (asked) => vault(asked)?.namespace,
  "/server/listen": ({ settings }) => settings.server?.listen ?? DEFAULT_LISTEN,
  "/server/hosts": said,
  "/server/metrics": ({ settings }) => settings.server?.metrics,
  "/server/allowFolders": ({ settings }) => settings.server?.allowFolders ?? false,
  "/server/logLevel": ({ settings }) => settings.server?.logLevel ?? "info",
  "/server/issuers": said,
  "/server/issuers/*/issuer": said,
  "/server/issuers/*/audience": said,
  "/server/issuers/*/jwksUrl": said,
  "/server/issuers/*/jwksFile": ({ settings, path, said }) => {
    const issuer = settings.server?.issuers[Number(path[2])];
    return issuer !== undefined && "jwksFile" in issuer ? issuer.jwksFile : said;
  },
  "/server/limits/runs": (asked) => limits(asked).runs,
  "/server/limits/runsPerTenant": ({ said }) => said,
  "/server/limits/queueDepth": (asked) => limits(asked).queueDepth,
  "/server/limits/planSeconds": (asked) => limits(asked).planSeconds,
  "/server/limits/planQueue": (asked) => limits(asked).planQueue,
  "/server/limits/incidentSeconds": ({ said }) => said,
  "/server/limits/parallel": (asked) => limits(asked).parallel,
  "/sandbox/scratch": ({ settings, scratch }) => settings.scratch ?? scratch,
  "/sandbox/proc": ({ settings }) => settings.proc,
  "/sandbox/upstreamProxy": ({ settings }) => settings.upstreamProxy,
};

/** What of a value may be shown: no user info of an address, no argument of a command, which may hold a token. */
export function shownValue(pattern: string, value: unknown): Json {
  if (Array.isArray(value)) {
    return value.map((item, at) => (at === 0 || LISTS.has(pattern) ? shownValue(pattern, item) : "***"));
  }
  if (typeof value === "string") {
    // A password with a slash in it ends no user info here: everything before the last @ is hidden.
    return ADDRESS.test(value) ? redactAddress(value.replace(USER_INFO, "$1***@")) : value;
  }
  return typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** Lists that are no commands. */
const LISTS: ReadonlySet<string> = new Set(["/server/hosts"]);
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i;
const USER_INFO = /^([a-z][a-z0-9+.-]*:\/\/).*@/is;
