import { digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import type { EvidenceManifest } from "#evidence/evidence-manifest.ts";
import { LEDGER_PATH } from "#evidence/evidence-path.ts";
import { addEvent, noFacts, type RunFacts } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import { runCodes } from "#run/codes.ts";
import { genesisHead, headOf, readLedgerLine } from "#run/ledger-chain.ts";
import { DOCUMENT_LIMIT, type BundleReader } from "./bundle-reader.ts";
import type { CheckList } from "./check-list.ts";
import { verifyCodes } from "./codes.ts";
import { EgressLog } from "./egress-log.ts";
import { logGate, type GateLog } from "./gate-log.ts";
import { lineSplitter } from "./line-splitter.ts";
import { OutputLog } from "./output-log.ts";
import type { PlanTree } from "./plan-tree.ts";
import type { Disorder } from "./attempt-rules.ts";
import { RunOrder } from "./run-order.ts";
import type { StepRecords } from "./step-record.ts";

/** What a ledger that holds together says. */
export type FoldedLedger = {
  readonly facts: RunFacts;
  readonly gates: GateLog;
  /** Absent when the plan could not be read: then nothing can be said of steps. */
  readonly records?: StepRecords;
  /** As `records`. */
  readonly outputs?: OutputLog;
  /** As `records`. */
  readonly egress?: EgressLog;
  /** Of its last event. */
  readonly head: ReturnType<typeof headOf>;
  readonly digest: Digest;
};

type Planned = { readonly plan: Plan; readonly tree: PlanTree };

/** Streams the ledger once: form and chain of every line, and its place in the plan. Undefined when it does not hold. */
export async function foldLedger(
  manifest: EvidenceManifest,
  planned: Planned | undefined,
  reader: BundleReader,
  checks: CheckList,
  sha256: Sha256,
): Promise<FoldedLedger | undefined> {
  let head = genesisHead(manifest, sha256);
  let broken: Fault | undefined;
  const facts = noFacts();
  const gates: GateLog = { gates: new Map(), contexts: new Map() };
  const order = planned === undefined ? undefined : new RunOrder(planned.plan, planned.tree, sha256);
  const outputs = planned === undefined ? undefined : new OutputLog(planned.plan);
  const egress = planned === undefined ? undefined : new EgressLog(planned.plan, planned.tree);
  const splitter = lineSplitter(DOCUMENT_LIMIT, (line) => {
    const read = broken === undefined ? readLedgerLine(line, head, sha256) : fail(broken);
    if (!read.ok) {
      broken ??= read.fault;
      return;
    }
    const event = read.value;
    head = headOf(event);
    addEvent(facts, event);
    logGate(gates, event);
    outputs?.take(event);
    egress?.take(event);
    report(order?.take(event), event.sequence, checks);
  });
  const streamed = await reader.stream(LEDGER_PATH, splitter.push);
  const ending = splitter.overflowed()
    ? "a line has no end"
    : splitter.rest() > 0
      ? "its last line is cut off"
      : undefined;
  if (streamed.ok && broken === undefined && ending !== undefined) {
    broken = faultOf(runCodes, "LEDGER_BROKEN", { sequence: head.sequence + 1, problem: ending });
  }
  const wrong = streamed.ok ? broken : streamed.fault;
  if (!streamed.ok || wrong !== undefined) {
    checks.fail("ledger-chain", wrong ?? faultOf(verifyCodes, "LEDGER_UNFINISHED"));
    return undefined;
  }
  if (manifest.final && facts.finished === undefined) {
    checks.fail("ledger-fold", faultOf(verifyCodes, "LEDGER_UNFINISHED"));
  }
  checks.pass("ledger-chain", `${head.sequence} events, head ${head.hash}`);
  const digest = digestOfHex(streamed.value.sha256);
  const ofPlan =
    order === undefined || outputs === undefined || egress === undefined
      ? {}
      : { records: order.records, outputs, egress };
  return { facts, gates, head, digest, ...ofPlan };
}

function report(wrong: Disorder | undefined, line: number, checks: CheckList): void {
  if (wrong?.check === "nodes") {
    checks.fail("plan-nodes", faultOf(verifyCodes, "NODE_UNKNOWN", { line, problem: wrong.problem }));
  } else if (wrong?.check === "size") {
    checks.fail("plan-nodes", faultOf(verifyCodes, "INSTANCES_TOO_MANY", { line, problem: wrong.problem }));
  } else if (wrong !== undefined) {
    checks.fail("order", faultOf(verifyCodes, "ORDER_VIOLATED", { line, problem: wrong.problem }));
  }
}
