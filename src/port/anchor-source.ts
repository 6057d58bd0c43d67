import type { LogEntry } from "#attest/anchor-file.ts";
import type { PublicKey } from "#attest/public-key.ts";
import type { Result } from "#fault/result.ts";

/** What is to be entered into a log: a message, its signature and the key that made it. */
export type SignedMessage = {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly key: PublicKey;
};

/**
 * Whoever vouches for a message over the network. Addresses are `http` or `https` URLs.
 * 1. Only digests, signatures and public keys leave this machine, never the message.
 * 2. Each call ends within its time limit, whatever the other side does, and reads a bounded answer.
 * 3. What is answered was held to the question: digest and nonce of a timestamp, digest, signature and key of an entry.
 *    Nobody is believed by that: proving is another step.
 */
export type AnchorSource = {
  /** RFC 3161, over HTTP: the `TimeStampResp` in DER, over the SHA-256 of the message. */
  readonly timestamp: (url: string, message: Uint8Array) => Promise<Result<Uint8Array>>;
  /** Rekor v2: a `hashedrekord` entry, with its proof of inclusion. */
  readonly logEntry: (url: string, signed: SignedMessage) => Promise<Result<LogEntry>>;
};
