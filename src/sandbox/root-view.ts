import type { Sandbox } from "#plan/plan.ts";

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

export function emptyFolder(path: string): readonly string[] {
  return ["--perms", "0755", "--dir", path];
}
