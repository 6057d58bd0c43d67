import { createHmac } from "node:crypto";
import type { Mark } from "./redactor.ts";

/**
 * Marks that tell different values of one secret apart: `[redacted:NAME:` and 8 hex digits of HMAC-SHA256 of the value.
 * `key` must be random and stay in memory: with a known key, a weak secret could be found from its digits.
 */
export function hashMark(key: Uint8Array): Mark {
  return (name, value) => {
    const digits = createHmac("sha256", key).update(value, "utf8").digest("hex").slice(0, 8);
    return `[redacted:${name}:${digits}]`;
  };
}
