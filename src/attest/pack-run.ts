import { runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import { array, digest, integer, literal, object, record, string, timestamp, type Infer } from "#canon/shape.ts";
import { MAX_SUBJECTS, PREDICATE_BASE, type Predicate } from "./statement.ts";

const text = string({ min: 1 });
const count = integer({ min: 0 });

const stepShape = object({
  id: text,
  kind: literal("run", "parallel", "map", "gate.approval", "gate.policy"),
  status: literal("pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled"),
});

const decisionShape = object({
  gateId: text,
  decision: literal("approve", "reject"),
  principal: text,
  payloadDigest: digest(),
});

/**
 * `pack-run/v1`, over `evidence.manifest.json`, with at most 1,023 outputs as further subjects: what the runner attests
 * of one finished run. A verifier recomputes every member from the bundle.
 */
const packRunShape = object(
  {
    schemaVersion: literal(1),
    runId: runIdShape,
    tenantId: tenantIdShape,
    trustDomain: trustDomainShape,
    pack: object({ name: text, version: text, digest: digest() }),
    packSource: literal("registry", "folder"),
    planHash: digest(),
    inputs: array(object({ name: text, digest: digest() })),
    inputsLock: object({ digest: digest() }),
    outcome: literal("succeeded", "failed", "cancelled"),
    steps: array(stepShape),
    approvals: array(decisionShape),
    ledger: object({ count, headHash: digest(), digest: digest() }),
    evidence: object({ manifestDigest: digest(), fileCount: count, totalBytes: count }),
    redaction: object({ policy: literal("blank", "hash") }),
    sandbox: object({
      mode: literal("sealed", "restricted"),
      enforcement: record(
        /^[a-z][A-Za-z]*$/,
        literal("kernel-tree", "kernel-process", "watchdog", "none"),
        "a limit's name",
      ),
    }),
    engine: object({ name: text, version: text }),
    requestedAt: timestamp(),
    completedAt: timestamp(),
  },
  { reason: text, startedAt: timestamp() },
);
export type PackRun = Infer<typeof packRunShape>;
export const packRunPredicate: Predicate<PackRun> = {
  type: `${PREDICATE_BASE}pack-run/v1`,
  shape: packRunShape,
  maxSubjects: MAX_SUBJECTS,
};
