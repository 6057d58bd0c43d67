import { resolve } from "node:path";
import { isJsonObject } from "#canon/json.ts";
import { array, boolean, described, either, literal, object, string, type Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import { limitsShape } from "./service/service-limits.ts";

const named = {
  issuer: described("`iss` of its tokens.", string({ min: 1 })),
  audience: described("`aud` that its tokens must have.", string({ min: 1 })),
};
const byFile = object({
  ...named,
  jwksFile: described("Its keys as a JSON Web Key Set, for places without a network.", string({ min: 1 })),
});
const byUrl = object({
  ...named,
  jwksUrl: described("Where it publishes its keys: https, or http on loopback.", string({ min: 1 })),
});

/** Where the service listens unless something else is said. */
export const DEFAULT_LISTEN = "127.0.0.1:7070";

/** `server` of the configuration. */
export const serverShape = object(
  {},
  {
    listen: described("HOST:PORT; `127.0.0.1:7070` unless given.", string({ min: 1 })),
    allowFolders: described("Packs may be uploaded without a publisher's signature; no unless given.", boolean()),
    issuers: described(
      "Whose tokens are taken. Without any, the server listens on loopback only, with a token of its own.",
      array(either([byFile, byUrl], (value) => (isJsonObject(value) && "jwksUrl" in value ? byUrl : byFile))),
    ),
    metrics: described(
      "Who may read /metrics, which name packs of all tenants: everybody, tokens with packs.admin, nobody. `open` on loopback and `token` elsewhere unless given.",
      literal("open", "token", "off"),
    ),
    hosts: described(
      "Names that the server is asked under, without port: other ones in the header Host are refused. On loopback those of loopback always do.",
      array(string({ min: 1 })),
    ),
    logLevel: described(
      "What the service's log holds: `debug` adds lines of level debug of all runs; `info`, unless given, only of runs with an open incident.",
      literal("debug", "info"),
    ),
    limits: described("How much the service takes on.", limitsShape),
  },
);

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

/** What `server` of a configuration means, whose folder is `base`. Fault: CONFIG_INVALID. */
export function readServerSettings(
  { listen, metrics, hosts, logLevel, allowFolders = false, issuers = [], limits = {} }: Infer<typeof serverShape>,
  base: string,
  file: string,
): Result<ServerSettings> {
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
