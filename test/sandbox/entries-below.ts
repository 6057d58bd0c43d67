import { readdirSync, type Dirent } from "node:fs";
import { join } from "node:path";

/** Everything below a folder that others may be taking away while it is looked at. */
export function entriesBelow(folder: string): readonly Dirent[] {
  return entriesOf(folder).flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesBelow(join(folder, entry.name))] : [entry],
  );
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return [];
    }
    throw error;
  }
}
