import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { appCodes } from "./codes.ts";
import type { Said, SettingSources } from "./setting-sources.ts";

/** What the operator says of sandboxes on this machine; a pack can say none of it. */
export type SandboxSettings = {
  /** Folder for the working folders of steps. */
  readonly scratch?: string;
  /** The host's /proc may be shown to steps where none can be mounted. */
  readonly proc?: "host";
  /** `http://[user:password@]host[:port]`. */
  readonly upstreamProxy?: string;
};

/** The text of a refused proxy is never echoed: it may hold a password. Fault: CONFIG_INVALID. */
export function readSandboxSettings({ find, text, path }: SettingSources): Result<SandboxSettings> {
  const proc = find("/sandbox/proc");
  if (proc !== undefined && proc.value !== "host") {
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: placeOf(proc), problem: "it may be host only" }));
  }
  const proxy = find("/sandbox/upstreamProxy");
  const upstreamProxy = text("/sandbox/upstreamProxy");
  if (proxy !== undefined && upstreamProxy !== undefined && !isProxy(upstreamProxy)) {
    const problem = "/sandbox/upstreamProxy: expected http://host:port";
    return fail(faultOf(appCodes, "CONFIG_INVALID", { file: placeOf(proxy), problem }));
  }
  const scratch = path("/sandbox/scratch");
  return ok({
    ...(scratch === undefined ? {} : { scratch }),
    ...(proc === undefined ? {} : { proc: "host" }),
    ...(upstreamProxy === undefined ? {} : { upstreamProxy }),
  });
}

function placeOf({ origin }: Said): string {
  return origin.kind === "file" ? origin.file : origin.name;
}

function isProxy(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "http:" && url.hostname !== "" && `${url.pathname}${url.search}${url.hash}` === "/";
}
