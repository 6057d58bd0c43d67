import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { findEvidence } from "#app/find-evidence.ts";
import type { Fault } from "#fault/fault.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { formatOf } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** Whether a text that names a bundle is a path, and not a run. */
export function isBundlePath(cli: Cli, text: string): boolean {
  return existsSync(resolve(cli.cwd, text)) || /[/\\.]/.test(text);
}

/**
 * Where the bundle lies that a person means: a path, or the sealed folder of a run of this store. The store is only
 * opened for a text that is no path. The exit code of what is done with it.
 */
export async function withBundlePath(
  cli: Cli,
  text: string,
  options: GlobalOptions,
  work: (path: string) => Promise<number>,
): Promise<number> {
  if (isBundlePath(cli, text)) {
    return work(resolve(cli.cwd, text));
  }
  return withWorkplace(cli, options, async (workplace) => {
    const folder = await findEvidence(text, workplace);
    return folder.ok ? work(folder.value) : cli.fault(neither(folder.fault), formatOf(options));
  });
}

/** Who names no run may have meant a file that is elsewhere. */
function neither(fault: Fault): Fault {
  const { code, hint = "" } = fault;
  return code === "RUN_REFERENCE" ? { ...fault, hint: `nor is there a file or folder of that name; ${hint}` } : fault;
}
