import type { AnchorSource } from "#port/anchor-source.ts";
import type { Env } from "./post.ts";
import { requestEntry } from "./request-entry.ts";
import { requestTimestamp } from "./request-timestamp.ts";

/** A Rekor v2 log answers when it has published its next checkpoint, which may take ten seconds. Milliseconds. */
const PATIENCE = 20_000;

/** Authorities and logs over HTTP, through the proxy that `env` names. */
export function askAnchors(env: Env, timeoutMs: number = PATIENCE): AnchorSource {
  return {
    timestamp: (url, message) => requestTimestamp(url, message, { timeoutMs, env }),
    logEntry: (url, signed) => requestEntry(url, signed, { timeoutMs, env }),
  };
}
