import { readPublicKey } from "#attest/read-public-key.ts";
import type { Keyring } from "#port/keyring.ts";
import { readUserFile } from "./user-file.ts";

/**
 * The keyid of a configured key, as far as it can be known without asking anybody for a password: of an encrypted key
 * from NAME.pub beside NAME.key. Undefined where neither tells.
 */
export async function knownKeyid(reference: string, keyring: Keyring): Promise<string | undefined> {
  const opened = await keyring.open(reference, () => Promise.resolve(undefined));
  if (opened.ok) {
    return opened.value.keyid;
  }
  const pem = await readUserFile(reference.replace(/\.key$/u, ".pub"));
  const key = pem.ok ? readPublicKey(Buffer.from(pem.value).toString("latin1"), keyring.sha256) : pem;
  return key.ok ? key.value.keyid : undefined;
}
