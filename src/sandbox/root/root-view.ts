import type { Fault } from "#fault/fault.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { HiddenPlace } from "./hidden-places.ts";
import { unavailable } from "../host/unavailable.ts";

/** What of the host a step sees. */
export type RootView = {
  readonly mode: Sandbox["mode"];
  /** The options of bubblewrap that lay it out, before all other mounts. */
  readonly options: readonly string[];
  /** Whether a step sees this file of the host at the same path. The path has no symbolic links. */
  readonly shows: (path: string) => boolean;
  /** The filter for system calls that belongs to it. */
  readonly seccompFile: string;
};

/** Folders at the root that hold programs and libraries; on most hosts links into /usr. */
export const PROGRAM_LINKS: readonly string[] = ["bin", "sbin", "lib", "lib64", "lib32", "libx32"];

/** Something empty and read-only in the place of what a step is not to see. */
export function cover({ path, isFolder }: HiddenPlace, emptyFile: string): readonly string[] {
  return isFolder
    ? ["--size", "4096", "--perms", "0555", "--tmpfs", path, "--remount-ro", path]
    : ["--ro-bind", emptyFile, path];
}

export function unhidable(paths: readonly string[]): Fault {
  const problem = `${paths.join(", ")} cannot be hidden from steps without hiding the programs that they need`;
  return unavailable(problem, "keep state, artifacts and keys in folders of their own, not above /usr or /etc");
}

export function emptyFolder(path: string): readonly string[] {
  return ["--perms", "0755", "--dir", path];
}
