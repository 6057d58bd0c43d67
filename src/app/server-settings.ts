import { resolve } from "node:path";
import type { Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import type { limitsShape } from "./service/service-limits.ts";
import type { SettingSources } from "./setting-sources.ts";

/** Where the service listens unless something else is said. */
export const DEFAULT_LISTEN = "127.0.0.1:7070";

/** An issuer of tokens: whose they are, for whom they must be, and where its keys stand. */
export type ServerIssuer = { readonly issuer: string; readonly audience: string } & (
  | { readonly jwksFile: string }
  | { readonly jwksUrl: string }
);

export type ServerSettings = {
  readonly listen?: string;
  readonly metrics?: "open" | "token" | "off";
  readonly hosts?: readonly string[];
  readonly logLevel?: "debug" | "info";
  readonly allowFolders: boolean;
  readonly issuers: readonly ServerIssuer[];
  readonly limits: Infer<typeof limitsShape>;
};

/** What `server` of the configuration means. Fault: CONFIG_INVALID. */
export function readServerSettings({ config, find }: SettingSources): Result<ServerSettings> {
  const { listen, metrics, hosts, logLevel, allowFolders = false, issuers = [], limits = {} } = config.server ?? {};
  const { base = "", origin } = find("/server/issuers") ?? {};
  const file = origin?.kind === "file" ? origin.file : "";
  const twice = issuers.find(({ issuer }, at) => issuers.findIndex((other) => other.issuer === issuer) !== at);
  if (twice !== undefined) {
    return fail(
      faultOf(appCodes, "CONFIG_INVALID", { file, problem: `/server/issuers: ${twice.issuer} stands twice` }),
    );
  }
  const insecure = issuers.findIndex((issuer) => "jwksUrl" in issuer && !isSafe(issuer.jwksUrl));
  if (insecure !== -1) {
    const problem = `/server/issuers/${insecure}/jwksUrl: expected https, or http on loopback`;
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file, problem }));
  }
  const read = issuers.map((issuer) =>
    "jwksFile" in issuer ? { ...issuer, jwksFile: resolve(base, issuer.jwksFile) } : issuer,
  );
  return ok({
    allowFolders,
    issuers: read,
    limits,
    ...(listen === undefined ? {} : { listen }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(hosts === undefined ? {} : { hosts }),
  });
}

/** Whoever can change keys on their way can make tokens. */
function isSafe(text: string): boolean {
  const url = URL.parse(text);
  const isLocal = url?.hostname === "127.0.0.1" || url?.hostname === "[::1]" || url?.hostname === "localhost";
  return url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
}
