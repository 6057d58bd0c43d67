import { basename, dirname } from "node:path";
import type { ServerAccess } from "#client/server-access.ts";
import type { Cli } from "./cli.ts";
import { nextStep, nextStepAt } from "./next-step.ts";
import { isAtServer } from "./server-options.ts";

/** The one gate that is to be decided on. */
export type DecidableGate = { readonly runId: string; readonly gateId: string };

/**
 * The command line that approves a gate. A server takes decisions only with a token for that gate (SPEC.md 8.4): where the one
 * at hand is another, TOKEN stands for the file of the right one. The own token of a loopback server never is one; whoever has
 * it has the server's store, too, and decides there.
 */
export function approvalStep(cli: Pick<Cli, "where" | "env">, gate: DecidableGate, access?: ServerAccess): string {
  const { where, env } = cli;
  const words = ["approve", gate.runId, gate.gateId];
  const signing = ["--key", "KEY", "--reason", "TEXT"];
  if (access === undefined || isFor(access.token, gate)) {
    return nextStep(cli, ...words, ...signing);
  }
  const { trust, config, tokenFile = ownTokenFile(env) } = where;
  const store = isJwt(access.token) || tokenFile === undefined ? undefined : storeOf(tokenFile);
  if (store === undefined) {
    return nextStepAt(where, env, [...words, "--token-file", "TOKEN", ...signing]);
  }
  const here = {
    store,
    ...(trust === undefined ? {} : { trust }),
    ...(config === undefined ? {} : { config }),
  };
  const elsewhere = isAtServer({}, env) ? "PACKRUN_SERVER= " : "";
  return `${elsewhere}${nextStepAt(here, {}, [...words, ...signing])}`;
}

/** A gate that a run waits at. */
export type OpenGate = DecidableGate & { readonly expired: boolean };

/** The command line that goes on from a gate: that approves it or, once its time is over, has that recorded. */
export function gateStep(cli: Pick<Cli, "where" | "env">, gate: OpenGate, access?: ServerAccess): string {
  return gate.expired ? nextStep(cli, "resume", gate.runId) : approvalStep(cli, gate, access);
}

/** PACKRUN_TOKEN comes before the file. */
function ownTokenFile(env: Cli["env"]): string | undefined {
  return (env["PACKRUN_TOKEN"] ?? "") === "" && env["PACKRUN_TOKEN_FILE"] !== ""
    ? env["PACKRUN_TOKEN_FILE"]
    : undefined;
}

/** The state folder in which a loopback server keeps its token. */
function storeOf(tokenFile: string): string | undefined {
  const folder = dirname(tokenFile);
  return basename(tokenFile) === "token" && basename(folder) === "server" ? dirname(folder) : undefined;
}

function isJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** Looked at, not judged: the server does that. */
function isFor(token: string, { runId, gateId }: DecidableGate): boolean {
  if (!isJwt(token)) {
    return false;
  }
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const { pack_run_id: run, pack_gate_id: gate } = claims as Readonly<Record<string, unknown>>;
    return run === runId && gate === gateId;
  } catch {
    return false;
  }
}
