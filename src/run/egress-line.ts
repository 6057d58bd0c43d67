import { integer, literal, object, string, timestamp, type Infer } from "#canon/shape.ts";

const count = integer({ min: 0 });

/**
 * One line of `egress.jsonl` (its JCS and a newline): one connection or request that a step tried, whether it was let
 * through or not. Lines stand in the order in which the tries ended. `bytesOut` left for the host, `bytesIn` came from
 * it, as they stand on that connection; both count against the quota.
 */
export const egressLineShape = object(
  {
    sequence: integer({ min: 1 }),
    /** When it began. */
    timestamp: timestamp(),
    stepId: string({ min: 1 }),
    attempt: integer({ min: 1 }),
    /** `unknown` for what named no host that could be read. */
    protocol: literal("tls", "http", "tcp", "unknown"),
    /** In its one spelling where it has one. */
    host: string(),
    port: count,
    decision: literal("allowed", "denied"),
    bytesIn: count,
    bytesOut: count,
    durationMs: count,
  },
  {
    /** The vetted address that was dialled. */
    address: string(),
    /** A code; on every denied line, and on an allowed one that was cut off. */
    reason: string(),
    /** Of an HTTP request: method, path without its query, status of the answer. */
    method: string(),
    path: string(),
    status: count,
    /** Only on the last line of an attempt with too many refused tries (host `*`, port 0): how many it stands for. */
    tries: integer({ min: 1 }),
  },
);
export type EgressLine = Infer<typeof egressLineShape>;
