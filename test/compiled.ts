import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Where processes keep what they compiled (their `NODE_COMPILE_CACHE`): to compile the sources anew takes longer than most of
 * what a test has them do. What was compiled is found by the bytes of its source.
 */
export const COMPILED = join(import.meta.dirname, "../node_modules/.cache/packrun-tests/compiled");

/** The same for processes of another user of this host, who may not read what root keeps. */
export function compiledBy(uid: number): string {
  const folder = `${COMPILED}-by-${uid}`;
  mkdirSync(folder, { recursive: true });
  chownSync(folder, uid, uid);
  return folder;
}

/** What a process gets that runs sources, so that its threads compile nothing anew either. */
export const KEEPING = {
  NODE_COMPILE_CACHE: COMPILED,
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "bare-processes.ts")}`,
};
