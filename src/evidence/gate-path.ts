import { digestOf, hexOf, type Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";

/** Longest gate id that a path bears as it is, in bytes. */
export const LONGEST_GATE = 90;

/** How a gate is called in paths: by its instance's id, or by the hex SHA-256 of one that is too long. */
function gateName(gateId: string, sha256: Sha256): string {
  const bytes = encodeUtf8(gateId);
  return bytes.length > LONGEST_GATE ? hexOf(digestOf(bytes, sha256)) : gateId;
}

/** The request that a gate opened with, in a bundle and among a run's files. */
export function gateRequestPath(gateId: string, sha256: Sha256): string {
  return `approvals/${gateName(gateId, sha256)}/request.json`;
}

/** The response behind a gate's n-th decision, in a bundle. */
export function gateResponsePath(gateId: string, number: number, sha256: Sha256): string {
  return `approvals/${gateName(gateId, sha256)}/${number}.sigstore.json`;
}
