import { readFile } from "node:fs/promises";
import type { JSONWebKeySet, JWTVerifyGetKey } from "jose";
import type { ServerIssuer } from "#app/server-settings.ts";

/** How long keys of a file are used before it is read again, in milliseconds. */
const FILE_AGE_MS = 30_000;

/** The keys of an issuer as `jose` asks for them. A file is read again when it is old, so that keys can be exchanged. */
export async function keysOf(issuer: ServerIssuer, now: () => number): Promise<JWTVerifyGetKey> {
  const { createLocalJWKSet, createRemoteJWKSet } = await import("jose");
  if ("jwksUrl" in issuer) {
    return createRemoteJWKSet(new URL(issuer.jwksUrl), { timeoutDuration: 5000, cooldownDuration: 30_000 });
  }
  let held: { readonly keys: JWTVerifyGetKey; readonly until: number } | undefined;
  return async (header, token) => {
    if (held === undefined || held.until <= now()) {
      const keys = createLocalJWKSet(JSON.parse(await readFile(issuer.jwksFile, "utf8")) as JSONWebKeySet);
      held = { keys, until: now() + FILE_AGE_MS };
    }
    return held.keys(header, token);
  };
}
