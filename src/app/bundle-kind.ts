import { open, opendir, stat } from "node:fs/promises";
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
      return await folderKind(path);
    }
    const name = found.isFile() ? await firstName(path) : "";
    return [LAYOUT_PATH, INDEX_PATH, "blobs/"].some((part) => name.includes(part)) ? "pack" : "evidence";
  } catch {
    return "evidence";
  }
}

/** Name by name: a folder may hold more of them than memory does. */
async function folderKind(path: string): Promise<BundleKind> {
  let kind: BundleKind = "evidence";
  for await (const { name } of await opendir(path)) {
    if (name === MANIFEST_PATH) {
      return "evidence";
    }
    if ([LAYOUT_PATH, INDEX_PATH, "blobs"].includes(name)) {
      kind = "pack";
    }
  }
  return kind;
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
