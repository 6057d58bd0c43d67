import { fromBase64 } from "#canon/base64.ts";
import { concatBytes, equalBytes } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import { SPKI_PREFIX, type KeyAlgorithm, type PublicKey } from "./public-key.ts";
import { readSpki } from "./read-public-key.ts";

/** Types of OpenSSH keys by the names that people know; the first two are taken. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  "ssh-ed25519": "ed25519",
  "ecdsa-sha2-nistp256": "ecdsa-p256-sha256",
  "ecdsa-sha2-nistp384": "ECDSA P-384",
  "ecdsa-sha2-nistp521": "ECDSA P-521",
  "ssh-rsa": "RSA",
  "ssh-dss": "DSA",
  "ssh-ed448": "Ed448",
  "sk-ssh-ed25519@openssh.com": "sk-ssh-ed25519@openssh.com (a FIDO key, which signs other bytes)",
  "sk-ecdsa-sha2-nistp256@openssh.com": "sk-ecdsa-sha2-nistp256@openssh.com (a FIDO key, which signs other bytes)",
};

/** What a type of OpenSSH key is called elsewhere; its own name where it has no other. */
export function opensshAlgorithm(type: string): string {
  return Object.hasOwn(ALGORITHMS, type) ? (ALGORITHMS[type] ?? type) : type;
}

const TYPE = /^(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-|webauthn-sk-)[a-z0-9@.-]+$/;

/** The types and their keys in a text, one for each line that holds one; blank lines and comments are passed over. */
export type OpensshLine = { readonly line: number; readonly key: Result<PublicKey> };

/**
 * Reads public keys as OpenSSH writes them: `id_ed25519.pub`, `authorized_keys` (sshd(8), AUTHORIZED_KEYS FILE FORMAT) with
 * its options. Undefined when no line holds a type of key: then it is something else. Faults of a line: KEY_ALGORITHM by
 * name, KEY_SYNTAX, KEY_POINT, KEY_COMPRESSED.
 */
export function readOpensshKeys(text: string, sha256: Sha256): readonly OpensshLine[] | undefined {
  const found = text.split(/\r?\n/).flatMap((line, at): readonly OpensshLine[] => {
    const bare = line.trim();
    return bare === "" || bare.startsWith("#") ? [] : [{ line: at + 1, key: readLine(bare, sha256) }];
  });
  return wordsOf(text).some((word) => TYPE.test(word)) ? found : undefined;
}

function readLine(line: string, sha256: Sha256): Result<PublicKey> {
  const words = wordsOf(line);
  const at = words.findIndex((word) => TYPE.test(word));
  const type = words[at] ?? "";
  if (at === -1 || at > 1) {
    return syntax("it names no type of key");
  }
  const alg = opensshAlgorithm(type);
  if (alg !== "ed25519" && alg !== "ecdsa-p256-sha256") {
    return fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: alg }));
  }
  const body = fromBase64(words[at + 1] ?? "");
  const raw = body === undefined ? undefined : rawOf(body, type, alg);
  return raw === undefined
    ? syntax(`its body is no ${type} key`)
    : readSpki(concatBytes(Uint8Array.from(SPKI_PREFIX[alg]), raw), sha256);
}

/** Words of a line; white space inside double quotes, as options have it, parts nothing. */
function wordsOf(line: string): readonly string[] {
  return line.match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
}

/** The key's own bytes out of its wire form, when that has just the fields of its type (RFC 8709, 4; RFC 5656, 3.1). */
function rawOf(body: Uint8Array, type: string, alg: KeyAlgorithm): Uint8Array | undefined {
  const names = alg === "ed25519" ? [type] : [type, "nistp256"];
  const head = concatBytes(...names.map((name) => field(encodeUtf8(name))));
  const length = alg === "ed25519" ? 32 : 65;
  const whole = concatBytes(head, Uint8Array.of(0, 0, 0, length));
  const fits = body.length === whole.length + length && equalBytes(body.subarray(0, whole.length), whole);
  return fits ? body.subarray(whole.length) : undefined;
}

function field(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0, 0, 0, bytes.length), bytes);
}

function syntax(problem: string): Result<never> {
  return fail(faultOf(attestCodes, "KEY_SYNTAX", { problem }));
}
