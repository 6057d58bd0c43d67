import { Decrypter, armor } from "age-encryption";
import { decodeUtf8 } from "#canon/utf8.ts";
import { MOST_SECRET_BYTES, notSetUp, unresolved, type Found, type Trouble } from "./found.ts";
import { secretText } from "./secret-text.ts";
import { readKeyFile, type ReadBytes } from "./secret-file.ts";

/** Bytes of a file of identities; a line takes about eighty, a post-quantum one the same. */
const MOST_IDENTITY_BYTES = 64 * 1024;
const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";

/**
 * Opens an age file (https://age-encryption.org/v1), binary or armored, with identities from a file. Files and identities
 * under a passphrase are not opened: nobody is there to type it.
 */
export async function ageSecret(file: Uint8Array, identityFile: string | undefined): Promise<Found> {
  if (identityFile === undefined) {
    return notSetUp("no file of age identities is named: set PACKRUN_AGE_IDENTITY or secrets.age.identity");
  }
  const decrypter = decrypterOf(await readKeyFile(identityFile, "the file of age identities", MOST_IDENTITY_BYTES));
  if ("trouble" in decrypter) {
    return decrypter;
  }
  try {
    const text = decodeUtf8(file);
    const binary = text?.trimStart().startsWith(ARMOR) === true ? armor.decode(text) : file;
    return secretText(await decrypter.decrypt(binary), MOST_SECRET_BYTES);
  } catch {
    return unresolved("none of the age identities opens it, or it is no whole age file");
  }
}

function decrypterOf(read: ReadBytes): Decrypter | Trouble {
  if ("trouble" in read) {
    return read.trouble === "SECRET_TOO_LARGE" ? notSetUp("the file of age identities is too large") : read;
  }
  const lines = (decodeUtf8(read.bytes) ?? "").split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const decrypter = new Decrypter();
  try {
    identities.forEach((identity) => decrypter.addIdentity(identity));
  } catch {
    return notSetUp("the file of age identities holds a line that is none");
  }
  return identities.length === 0 ? notSetUp("the file of age identities holds none") : decrypter;
}
