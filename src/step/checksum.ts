import { string, type Shape } from "#canon/shape.ts";

/** A SHA-256 as publishers write it. */
export const checksumShape: Shape<string> = string({
  pattern: /^(?:sha256:)?[0-9a-fA-F]{64}$/,
  expected: "a SHA-256 in hex, with or without sha256: before it",
});

/** The bare lower-case hex of one. */
export function hexOfChecksum(checksum: string): string {
  return checksum.toLowerCase().replace(/^sha256:/, "");
}
