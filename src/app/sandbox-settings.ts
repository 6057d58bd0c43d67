import { dirname, resolve } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import type { Config } from "./config.ts";

/** What the operator says of sandboxes on this machine; a pack can say none of it. */
export type SandboxSettings = {
  /** Folder for the working folders of steps. */
  readonly scratch?: string;
  /** The host's /proc may be shown to steps where none can be mounted. */
  readonly proc?: "host";
  /** `http://[user:password@]host[:port]`. */
  readonly upstreamProxy?: string;
};

type Source = { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string };

/**
 * `PACKRUN_SANDBOX_SCRATCH`, `PACKRUN_SANDBOX_PROC` and `PACKRUN_SANDBOX_UPSTREAM_PROXY` before the configuration `file`.
 * The text of a refused proxy is never echoed: it may hold a password. Fault: CONFIG_INVALID.
 */
export function readSandboxSettings(
  config: NonNullable<Config["sandbox"]>,
  { env, cwd }: Source,
  file: string | undefined,
): Result<SandboxSettings> {
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const proc = given("PACKRUN_SANDBOX_PROC");
  if (proc !== undefined && proc !== "host") {
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: "PACKRUN_SANDBOX_PROC", problem: "it may be host only" }));
  }
  const ownProxy = given("PACKRUN_SANDBOX_UPSTREAM_PROXY");
  const upstreamProxy = ownProxy ?? config.upstreamProxy;
  if (upstreamProxy !== undefined && !isProxy(upstreamProxy)) {
    const place = ownProxy === undefined ? (file ?? "") : "PACKRUN_SANDBOX_UPSTREAM_PROXY";
    const problem = "/sandbox/upstreamProxy: expected http://host:port";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: place, problem }));
  }
  const ownScratch = given("PACKRUN_SANDBOX_SCRATCH");
  const [base, path] =
    ownScratch === undefined ? [file === undefined ? cwd : dirname(file), config.scratch] : [cwd, ownScratch];
  const allowed = proc ?? config.proc;
  return ok({
    ...(path === undefined ? {} : { scratch: resolve(base, path) }),
    ...(allowed === undefined ? {} : { proc: allowed }),
    ...(upstreamProxy === undefined ? {} : { upstreamProxy }),
  });
}

function isProxy(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "http:" && url.hostname !== "" && `${url.pathname}${url.search}${url.hash}` === "/";
}
