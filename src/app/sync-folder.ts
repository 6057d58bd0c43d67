import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Puts the names in a folder on the medium. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Those of every folder below it as well, the deepest first. Files are the caller's to sync. */
export async function syncFolders(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      await syncFolders(join(path, entry.name));
    }
  }
  await syncFolder(path);
}
