import { digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import { LEDGER_PATH } from "#evidence/evidence-path.ts";
import { addEvent, noFacts, type RunFacts } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { Head, LedgerStore, RunIdentity } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import { evolve } from "#run/evolve.ts";
import { genesisHead, headOf, readLedgerLine } from "#run/ledger-chain.ts";
import { initialState, type RunState } from "#run/state.ts";
import { logGate, type GateLog } from "#verify/gate-log.ts";
import { lineSplitter } from "#verify/line-splitter.ts";
import type { BundleWriter } from "./bundle-writer.ts";

/** Longest line of a ledger that is read, in bytes. */
const LINE_LIMIT = 64 * 1024 * 1024;

/** A ledger in its bundle, and what it says. */
export type SealedLedger = {
  readonly state: RunState;
  readonly facts: RunFacts;
  readonly gates: GateLog;
  /** Of the file's bytes. */
  readonly digest: Digest;
};

export type LedgerSource = {
  readonly ledger: LedgerStore;
  readonly sha256: Sha256;
  /** The plan that the run is seen through; the stored one stands in the bundle, held to planHash where it has to be. */
  readonly plan: Plan;
  /** The last event of the ledger, where that is known: a copy that ends elsewhere is refused. */
  readonly head?: Head;
};

/** Copies the ledger's own bytes and folds them on the way: what is attested is what was copied. */
export async function sealLedger(
  identity: RunIdentity,
  { ledger, sha256, plan, head: last }: LedgerSource,
  writer: BundleWriter,
): Promise<Result<SealedLedger>> {
  const state = initialState(plan, identity);
  const facts = noFacts();
  const gates: GateLog = { gates: new Map(), contexts: new Map() };
  let head = genesisHead(identity, sha256);
  let broken: Fault | undefined;
  const splitter = lineSplitter(LINE_LIMIT, (line) => {
    const event = broken === undefined ? readLedgerLine(line, head, sha256) : fail(broken);
    if (!event.ok) {
      broken ??= event.fault;
      return;
    }
    head = headOf(event.value);
    evolve(state, event.value);
    addEvent(facts, event.value);
    logGate(gates, event.value);
  });
  const file = await writer.stream(LEDGER_PATH, ledger.readRaw(identity), { tap: splitter.push });
  if (splitter.rest() > 0 || splitter.overflowed() || file === undefined) {
    broken ??= faultOf(runCodes, "LEDGER_BROKEN", { sequence: head.sequence + 1, problem: "its last line has no end" });
  }
  if (last !== undefined && (head.sequence !== last.sequence || head.hash !== last.hash)) {
    const problem = `it ends with event ${head.sequence}, not with ${last.sequence} of ${last.hash}`;
    broken ??= faultOf(runCodes, "LEDGER_BROKEN", { sequence: head.sequence + 1, problem });
  }
  return broken === undefined && file !== undefined
    ? ok({ state, facts, gates, digest: digestOfHex(file.sha256) })
    : fail(broken ?? faultOf(runCodes, "LEDGER_BROKEN", { sequence: head.sequence + 1, problem: "it was not copied" }));
}
