import { open } from "node:fs/promises";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { AskPassword } from "#port/keyring.ts";
import type { Signer } from "#port/signer.ts";
import { signerCodes } from "./codes.ts";
import { keySigner } from "./key-signer.ts";
import { holdsPrivateKey, readPrivateKey } from "./read-private-key.ts";

/** No key file is larger; whatever is, is no key. */
const MAX_KEY_BYTES = 64 * 1024;

/**
 * A signer over a private key file. The password is asked only for an encrypted key. Faults: KEY_FILE (cannot be read),
 * KEY_FILE_MODE (it holds a private key, and group or others may read or write it), KEY_FORMAT, KEY_PASSWORD_MISSING, KEY_PASSWORD, KEY_ALGORITHM.
 */
export async function signWithFile(path: string, password: AskPassword): Promise<Result<Signer>> {
  const text = await readKeyFile(path);
  const key = text.ok ? await readPrivateKey(text.value, path, password) : text;
  return key.ok ? keySigner(key.value) : key;
}

/** The rights are those of the file that was opened, so that it cannot be exchanged between look and read. */
export async function readKeyFile(path: string): Promise<Result<string>> {
  try {
    await using file = await open(path, "r");
    const status = await file.stat();
    if (!status.isFile() || status.size > MAX_KEY_BYTES) {
      return fail(faultOf(signerCodes, "KEY_FILE", { file: path, problem: "it is no key file" }));
    }
    const text = await file.readFile("utf8");
    if (process.platform !== "win32" && (status.mode & 0o077) !== 0 && holdsPrivateKey(text)) {
      const mode = (status.mode & 0o777).toString(8);
      return fail(faultOf(signerCodes, "KEY_FILE_MODE", { file: path, mode }));
    }
    return ok(text);
  } catch (error) {
    return fail(faultOf(signerCodes, "KEY_FILE", { file: path, problem: systemProblem(error) }));
  }
}
