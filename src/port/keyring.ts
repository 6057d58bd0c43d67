import type { KeyAlgorithm, VerifySignature } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { Result } from "#fault/result.ts";
import type { Signer } from "./signer.ts";

/** Where a new key pair was written. */
export type KeyPair = {
  readonly keyid: string;
  readonly algorithm: KeyAlgorithm;
  readonly privateFile: string;
  readonly publicFile: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
};

/** A key of another tool, and where it was written. */
export type ImportedKey = Omit<KeyPair, "privateFile"> & { readonly privateFile?: string };

/** Asked only when a key is encrypted; undefined when nobody can answer. */
export type AskPassword = () => Promise<string | undefined>;

/**
 * Private keys on this machine, and the cryptography that the pure rooms are handed.
 * 1. `writePair` makes NAME.key (mode 600) and NAME.pub, both or none, and never overwrites. With a password the private
 *    key is encrypted; an empty one is refused, and nothing is written.
 * 2. `importKey` takes over keys of other tools in the same way: a private key encrypted as it was, and public keys.
 * 3. `open` never takes a private key that others on this machine could read, nor one of a foreign algorithm.
 *    `signer:NAME` opens an external signer of the configuration, whose signatures were verified when `sign` answers.
 * 4. `verifySignature` and `sha256` answer at once and never throw on any bytes.
 */
export type Keyring = {
  readonly writePair: (name: string, algorithm: KeyAlgorithm, password?: string) => Promise<Result<KeyPair>>;
  readonly importKey: (name: string, from: string, password: AskPassword) => Promise<Result<readonly ImportedKey[]>>;
  /** `reference`: the path of a key file, or `signer:NAME`. */
  readonly open: (reference: string, password: AskPassword) => Promise<Result<Signer>>;
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
};
