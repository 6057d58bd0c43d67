import { apiCodes } from "./codes.ts";

/**
 * What to do about a problem of the server's own, by code. A fault's own hint may name folders, addresses and hosts of the
 * server: it stands in the log alone.
 */
const HINTS: Readonly<Record<string, readonly string[]>> = {
  "have the operator see to the store: its disk, its rights, its database; then send the request again": [
    "STORE_UNAVAILABLE",
    "EGRESS_RECORD",
  ],
  "have the operator free some space in the store; ledgers are whole, and runs go on": ["STORE_FULL"],
  "have the operator take what is damaged or missing from a backup of the store": [
    "STORE_CORRUPT",
    "LEDGER_BROKEN",
    "FILE_MISSING",
    "FILE_CONFLICT",
    "FILE_PATH",
    "ARTIFACT_CORRUPT",
    "ARTIFACT_MISSING",
  ],
  "have the operator see to the trust root and the keys that the server's configuration names": [
    "TRUST_FILE",
    "KEY_MISSING",
    "REQUESTER_KEY",
    "ATTESTOR_KEY",
  ],
  "send the request again in a moment: others are at work on the same thing": [
    "TRUST_BUSY",
    "LEASE_EXPIRED",
    "LEASE_LOST",
  ],
  "it is recorded as soon as the run is driven; GET /api/runs/{runId} shows how the run stands": ["COMMAND_UNANSWERED"],
  "have the operator set the server's clock, then send the request again": ["CLOCK_BEHIND"],
  "have the operator run `packrun doctor` on the server, which says what its sandbox lacks": [
    "LIMIT_UNENFORCEABLE",
    "SANDBOX_UNAVAILABLE",
  ],
  "have the operator see to the proxy of the server's configuration": ["EGRESS_PROXY"],
  "have the operator see to the folders and the free space of the server": ["EXPORT_FAILED", "PACK_BUNDLE_WRITE"],
  "have the operator see to the time stamp authority and the way to it, then send the request again": [
    "ANCHOR_REFUSED",
    "ANCHOR_UNREACHABLE",
  ],
  "send the request again; when it happens again, tell the operator the id of this request": ["PLANNER_LOST"],
};

const byCode: ReadonlyMap<string, string> = new Map([
  ...Object.entries(HINTS).flatMap(([hint, codes]) => codes.map((code) => [code, hint] as const)),
  // What this room says of itself names nothing of the host.
  ...Object.entries(apiCodes).map(([code, { hint }]) => [code, hint] as const),
]);

/** The hint of a problem with a status of 500 or more. */
export function serverHint(code: string): string {
  return byCode.get(code) ?? "tell the operator the id of this request, which the server's log says more under";
}
