/**
 * The HTTP status of every code that is no refusal of what was asked (422). Exit codes and statuses say the same: what the
 * command line ends with 6 for is a conflict, what it ends with 8 or 10 for is the server's.
 */
const STATUSES: Readonly<Record<number, readonly string[]>> = {
  400: ["REQUEST_INVALID", "JSON_SYNTAX"],
  401: ["TOKEN_MISSING", "TOKEN_INVALID"],
  403: [
    "TOKEN_SCOPE",
    "TENANT_MISMATCH",
    "UPLOAD_FOLDERS_OFF",
    "ORIGIN_REFUSED",
    "APPROVAL_TOKEN_CLAIM",
    "APPROVAL_TOKEN_RUN",
    "APPROVAL_TOKEN_GATE",
    "APPROVAL_TOKEN_PLAN",
  ],
  404: [
    "ROUTE_UNKNOWN",
    "RUN_UNKNOWN",
    "REGISTRY_UNKNOWN",
    "ARTIFACT_UNKNOWN",
    "UPLOAD_UNKNOWN",
    "GATE_REQUEST_UNKNOWN",
    "SNAPSHOT_UNKNOWN",
    "ANCHOR_ABSENT",
    "RUN_REFERENCE",
  ],
  405: ["METHOD_NOT_ALLOWED"],
  408: ["BODY_SLOW"],
  409: [
    "RUN_FINISHED",
    "RUN_NOT_FINISHED",
    "INCIDENT_NONE",
    "RUN_EXISTS",
    "RUN_BUSY",
    "PLAN_DRIFT",
    "PLAN_HASH_MISMATCH",
    "INPUT_CHANGED",
    "IDEMPOTENCY_IN_FLIGHT",
    "REGISTRY_CONFLICT",
  ],
  413: ["BODY_TOO_LARGE"],
  415: ["BODY_TYPE"],
  416: ["RANGE_INVALID"],
  421: ["HOST_REFUSED"],
  429: ["RATE_LIMITED", "QUEUE_FULL", "PLANNER_FULL", "BEARER_BUSY"],
  500: ["SERVER_ERROR", "STORE_CORRUPT", "LEDGER_BROKEN", "FILE_MISSING", "FILE_CONFLICT", "FILE_PATH"],
  503: [
    "ANCHOR_REFUSED",
    "ANCHOR_UNREACHABLE",
    "EGRESS_PROXY",
    "EGRESS_RECORD",
    "EXPORT_FAILED",
    "LEASE_EXPIRED",
    "PACK_BUNDLE_WRITE",
    "TRUST_BUSY",
    "ARTIFACT_CORRUPT",
    "ARTIFACT_MISSING",
    "CLOCK_BEHIND",
    "COMMAND_UNANSWERED",
    "KEY_MISSING",
    "LEASE_LOST",
    "LIMIT_UNENFORCEABLE",
    "PLANNER_LOST",
    "REQUESTER_KEY",
    "ATTESTOR_KEY",
    "SANDBOX_UNAVAILABLE",
    "SERVER_STOPPING",
    "SERVER_UNREADY",
    "STORE_FULL",
    "STORE_UNAVAILABLE",
    "TOKEN_KEYS",
    "TRUST_FILE",
  ],
};

const REFUSED = 422;

const byCode: ReadonlyMap<string, number> = new Map(
  Object.entries(STATUSES).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

/** The HTTP status of a problem with this code. */
export function statusOf(code: string): number {
  return byCode.get(code) ?? REFUSED;
}
