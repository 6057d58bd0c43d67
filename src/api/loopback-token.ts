import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "#app/make-folder.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { writeOnce } from "./token-key.ts";

/** The token of a server that listens on loopback only, for the user whose state folder this is. */
export type KeptToken = { readonly token: string; readonly file: string; readonly made: boolean };

/** Opens it, or makes a random one of 256 bits, in a file that only this user can read. STORE_UNAVAILABLE, STORE_FULL. */
export async function ensureLoopbackToken(folder: string): Promise<Result<KeptToken>> {
  const file = join(folder, "token");
  try {
    await makeFolder(folder, 0o700);
    const made = await writeOnce(file, `${randomBytes(32).toString("base64url")}\n`, 0o600);
    return ok({ token: (await readFile(file, "utf8")).trim(), file, made });
  } catch (error) {
    return fail(mediumFault(error));
  }
}
