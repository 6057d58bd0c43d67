import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "#app/make-folder.ts";
import { writeOnce } from "./token-key.ts";

/** The token of a server that listens on loopback only, for the user whose state folder this is. */
export type KeptToken = { readonly token: string; readonly file: string; readonly made: boolean };

/** Opens it, or makes a random one of 256 bits, in a file that only this user can read. */
export async function ensureLoopbackToken(folder: string): Promise<KeptToken> {
  const file = join(folder, "token");
  await makeFolder(folder, 0o700);
  const made = await writeOnce(file, `${randomBytes(32).toString("base64url")}\n`, 0o600);
  return { token: (await readFile(file, "utf8")).trim(), file, made };
}
