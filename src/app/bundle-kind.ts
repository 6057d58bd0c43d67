import { open, readdir, stat } from "node:fs/promises";
import { INDEX_PATH, LAYOUT_PATH } from "#bundle/archive.ts";
import { MANIFEST_PATH } from "#evidence/evidence-path.ts";

/** What a path holds: evidence of a run, or a pack that crosses a gap. */
export type BundleKind = "evidence" | "pack";

/** Where the name stands in the header of a tar. Bytes. */
const NAME_FIELD = 100;

/**
 * Tells bundles apart by names alone: of a folder by what lies in it, of a file by the first name in it. What can be neither
 * is evidence, so that its verdict says what is missing.
 */
export async function bundleKind(path: string): Promise<BundleKind> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      const names = new Set(await readdir(path));
      const isPack = [LAYOUT_PATH, INDEX_PATH, "blobs"].some((name) => names.has(name));
      return !names.has(MANIFEST_PATH) && isPack ? "pack" : "evidence";
    }
    const name = found.isFile() ? await firstName(path) : "";
    return [LAYOUT_PATH, INDEX_PATH, "blobs/"].some((part) => name.includes(part)) ? "pack" : "evidence";
  } catch {
    return "evidence";
  }
}

/** In small letters, since one in large letters is a pack bundle that somebody changed. */
async function firstName(path: string): Promise<string> {
  const field = Buffer.alloc(NAME_FIELD);
  const handle = await open(path, "r");
  try {
    const { bytesRead } = await handle.read(field, 0, NAME_FIELD, 0);
    const [name = ""] = field.toString("latin1", 0, bytesRead).split("\0");
    return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  } finally {
    await handle.close();
  }
}
