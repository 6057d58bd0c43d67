import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { EGRESS_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { egressLineShape, type EgressLine } from "#run/egress-line.ts";
import { counted } from "#fault/counted.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";
import { deniedKey, type AttemptEgress } from "./egress-log.ts";
import { EgressTally } from "./egress-tally.ts";
import { lineSplitter } from "./line-splitter.ts";
import { shown } from "./shown.ts";

/** Longest line that is read, in bytes; a URL that a client sends comes nowhere near this. */
const LINE_LIMIT = 1024 * 1024;

/** What the lines say of one attempt. */
type Seen = { requests: number; bytesIn: number; bytesOut: number; readonly denied: Map<string, number> };

/**
 * Streams `egress.jsonl` once and holds it to plan and ledger: every try is one of an attempt that ran and may reach the
 * network, what was let through is what a rule allows, quotas hold, and what the ledger says was used or refused is there.
 */
export async function checkEgress(given: FoldedCase): Promise<void> {
  const { checks, reader, plan, ledger } = given;
  const record = new EgressRecord(given);
  const isThere = reader.has(EGRESS_PATH);
  if (isThere) {
    const splitter = lineSplitter(LINE_LIMIT, (line) => record.take(line));
    const streamed = await reader.stream(EGRESS_PATH, splitter.push);
    if (!streamed.ok) {
      checks.fail("egress", streamed.fault);
      return;
    }
    record.end(splitter.overflowed() ? "it has no end" : splitter.rest() > 0 ? "it is cut off" : undefined);
  }
  const { denied, tally } = record;
  for (const { what, unit, found, limit } of tally.excesses()) {
    checks.fail("egress", faultOf(verifyCodes, "EGRESS_OVER_QUOTA", { what, unit, found, limit }));
  }
  for (const attempt of ledger.egress.attempts) {
    const problem = problemOf(attempt, record.seen.get(attempt));
    if (problem !== undefined) {
      const data = { stepId: shown(attempt.stepId), attempt: attempt.attempt, problem };
      checks.fail("egress", faultOf(verifyCodes, "EGRESS_USE_MISMATCH", data));
    }
  }
  const mayReach = [plan, ...plan.steps, ...plan.finally].some(
    (each) => "sandbox" in each && (each.sandbox?.egressAllowlist.length ?? 0) > 0,
  );
  const { requests, bytes } = tally.run;
  checks.pass(
    "egress",
    isThere
      ? `${counted(requests, "request")} let through, ${denied} refused, ${bytes} bytes, as plan and ledger say`
      : mayReach
        ? "no step tried to reach the network"
        : "the plan lets no step reach the network",
  );
}

class EgressRecord {
  readonly tally: EgressTally;
  readonly seen = new Map<AttemptEgress, Seen>();
  lines = 0;
  denied = 0;
  readonly #given: FoldedCase;
  #broken = false;

  constructor(given: FoldedCase) {
    this.#given = given;
    this.tally = new EgressTally(given.plan);
  }

  /** Lines behind one that is none of the record are not read: nothing they say would be sure. */
  take(bytes: Uint8Array): void {
    if (this.#broken) {
      return;
    }
    this.lines += 1;
    const line = readLine(bytes, this.lines);
    const wrong = line.ok ? this.#add(line.value) : line.fault;
    if (wrong !== undefined) {
      this.#given.checks.fail("egress", wrong);
    }
    this.#broken = !line.ok;
  }

  end(problem: string | undefined): void {
    const empty = this.lines === 0 && problem === undefined ? "there is none" : problem;
    if (empty !== undefined && !this.#broken) {
      const data = { line: this.lines + 1, problem: empty };
      this.#given.checks.fail("egress", faultOf(verifyCodes, "EGRESS_LINE_FORM", data));
    }
  }

  #add(line: EgressLine): Fault | undefined {
    const { stepId, attempt, host, port, protocol, decision } = line;
    const { egress } = this.#given.ledger;
    const unplanned = (problem: string): Fault =>
      faultOf(verifyCodes, "EGRESS_LINE_UNPLANNED", { line: line.sequence, problem });
    const node = egress.nodeOf(stepId);
    const found = egress.find(stepId, attempt);
    if (node === undefined || found === undefined) {
      return unplanned(`attempt ${attempt} of ${shown(stepId)} did not run, or has no network`);
    }
    this.#count(line, found);
    this.tally.add(node, line);
    if (decision === "allowed") {
      const rule = this.tally.ruleFor(node, line);
      if (rule?.protocol !== protocol) {
        return unplanned(`no rule of ${shown(stepId)} allows ${shown(host)}:${port} over ${protocol}`);
      }
    } else if (line.reason === undefined) {
      return unplanned("nothing says why it was refused");
    }
    return undefined;
  }

  #count(line: EgressLine, found: AttemptEgress): void {
    const seen: Seen = this.seen.get(found) ?? { requests: 0, bytesIn: 0, bytesOut: 0, denied: new Map() };
    this.seen.set(found, seen);
    seen.bytesIn += line.bytesIn;
    seen.bytesOut += line.bytesOut;
    if (line.decision === "allowed") {
      seen.requests += 1;
      return;
    }
    this.denied += line.tries ?? 1;
    // Only what the ledger speaks of is remembered: memory is bounded by the ledger, not by this file.
    const key = deniedKey(line);
    if (found.denied.has(key)) {
      seen.denied.set(key, (seen.denied.get(key) ?? 0) + 1);
    }
  }
}

function readLine(bytes: Uint8Array, number: number): Result<EgressLine> {
  const bad = (problem: string): Result<never> =>
    fail(faultOf(verifyCodes, "EGRESS_LINE_FORM", { line: number, problem }));
  const read = readCanonicalJson(bytes, EGRESS_PATH);
  if (!read.ok) {
    return bad("it is not canonical JSON");
  }
  const [misfit] = misfitsOf(egressLineShape, read.value);
  if (misfit !== undefined) {
    return bad(describeMisfit(misfit));
  }
  const line = read.value as EgressLine;
  return line.sequence === number ? ok(line) : bad(`it has the number ${line.sequence}`);
}

/** What the ledger says of an attempt and its lines do not. */
function problemOf({ use, denied }: AttemptEgress, seen: Seen | undefined): string | undefined {
  for (const member of ["requests", "bytesIn", "bytesOut"] as const) {
    const found = seen?.[member] ?? 0;
    if (use !== undefined && use[member] !== found) {
      return `the ledger says ${member} ${use[member]}, its lines say ${found}`;
    }
  }
  for (const [key, count] of denied) {
    if ((seen?.denied.get(key) ?? 0) < count) {
      return "the ledger shows a refused try that has no line";
    }
  }
  return undefined;
}
