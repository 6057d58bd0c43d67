import { fromHex, toHex } from "#canon/bytes.ts";
import { hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { hmacSha256 } from "#canon/hmac.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import type { Retry } from "#plan/plan.ts";

/**
 * Milliseconds before the next attempt once attempt `n` has ended: exponential, with up to a fifth of jitter that only
 * planHash, step and attempt decide.
 */
export function retryWait(retry: Retry, stepId: string, n: number, planHash: Digest, sha256: Sha256): number {
  const base = Math.min(retry.initialMs * power(retry.factor, n - 1), retry.maxMs);
  const mac = keyed(planHash, `jitter\0${stepId}\0${n}`, sha256);
  const u = mac.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
  return Math.floor(base * (1 + (0.2 * u) / 2 ** 32));
}

/** PACKRUN_SEED of a step: lower-case hex of 32 bytes. */
export function seedOf(stepId: string, planHash: Digest, sha256: Sha256): string {
  return toHex(keyed(planHash, `seed\0${stepId}`, sha256));
}

function keyed(planHash: Digest, message: string, sha256: Sha256): Uint8Array {
  return hmacSha256(fromHex(hexOf(planHash)) ?? new Uint8Array(), encodeUtf8(message), sha256);
}

/** By multiplication: `**` may round differently from one engine to another. */
function power(factor: number, exponent: number): number {
  let product = 1;
  for (let at = 0; at < exponent; at += 1) {
    product *= factor;
  }
  return product;
}
