import { readFile } from "node:fs/promises";
import type { FetchImplementation, JSONWebKeySet, JWTVerifyGetKey } from "jose";
import type { ServerIssuer } from "#app/server-settings.ts";

/** How long keys of a file are used before it is read again, in milliseconds. */
const FILE_AGE_MS = 30_000;

/** The keys of an issuer as `jose` asks for them. A file is read again when it is old, so that keys can be exchanged. */
export async function keysOf(issuer: ServerIssuer, now: () => number): Promise<JWTVerifyGetKey> {
  const { createLocalJWKSet, createRemoteJWKSet, customFetch } = await import("jose");
  if ("jwksUrl" in issuer) {
    return createRemoteJWKSet(new URL(issuer.jwksUrl), {
      timeoutDuration: 5000,
      cooldownDuration: 30_000,
      [customFetch]: carefulFetch(now),
    });
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

/** No set of keys is larger, in bytes; after a failure nobody is asked again for a time, in milliseconds. */
const MOST_KEYS = 256 * 1024;
const REST_MS = 5000;

/**
 * Fetches a set of keys: from its own address only (no redirects), no more than a set of keys can be; and where that failed,
 * tokens that anyone can make up do not send this server there again at once.
 */
function carefulFetch(now: () => number): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    if (now() - failedAt < REST_MS) {
      throw new Error("the keys could not be had a moment ago");
    }
    try {
      const answer = await fetch(url, { ...options, redirect: "error" });
      if (answer.status !== 200) {
        throw new Error(`the keys were answered by ${answer.status}`);
      }
      return new Response(await boundedBytes(answer), { status: 200 });
    } catch (error) {
      failedAt = now();
      throw error;
    }
  };
}

async function boundedBytes(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MOST_KEYS) {
      throw new Error("the keys are larger than any set of keys");
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
