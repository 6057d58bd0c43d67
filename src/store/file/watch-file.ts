import { watch } from "node:fs";

/** Calls `wake` when the file changes. Undefined where the system has no watches left or the file is not there. */
export function watchFile(path: string, wake: () => void): (() => void) | undefined {
  try {
    const watcher = watch(path, wake).on("error", () => undefined);
    return () => watcher.close();
  } catch {
    return undefined;
  }
}
