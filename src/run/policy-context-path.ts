import { digestOf, hexOf, type Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";

/** Longest gate id that a path bears as it is, in bytes. */
const LONGEST = 90;

/** Where the evaluated context of a policy gate is kept, in a run's files and in its evidence. */
export function policyContextPath(stepId: string, sha256: Sha256): string {
  const bytes = encodeUtf8(stepId);
  return `policies/${bytes.length > LONGEST ? hexOf(digestOf(bytes, sha256)) : stepId}.json`;
}
