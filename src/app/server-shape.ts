import { isJsonObject } from "#canon/json.ts";
import { array, boolean, described, either, literal, object, string } from "#canon/shape.ts";
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
