import { faultOf } from "#fault/code-table.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/** What the steps of a run say about its end. */
type Findings = {
  /** Of the first failure in canonical order that nothing shields. */
  readonly failure: string | undefined;
  /** Something was cancelled, or did not begin because the run was stopping. */
  readonly cutShort: boolean;
};

/**
 * The run's end follows from its steps. Success needs every step to have ended well, or to be allowed not to; a failure
 * bears the reason of the first step that failed, unless the run as a whole was stopped.
 */
export function checkOutcome(given: FoldedCase): void {
  const { checks, ledger } = given;
  const { finished, stops } = ledger.facts;
  if (finished === undefined) {
    checks.skip("outcome", "the ledger has no end");
    return;
  }
  const broken = (["plan-nodes", "order"] as const).find((name) => checks.failed(name));
  if (broken !== undefined) {
    checks.skip("outcome", `nothing follows from steps that are wrong: ${broken} failed`);
    return;
  }
  const { failure, cutShort } = readSteps(given);
  const found = `${finished.status}${finished.reason === undefined ? "" : ` (${finished.reason})`}`;
  const allowed = [
    ...(failure === undefined ? [] : [`failed (${failure})`]),
    ...(stops.has("cancel") ? ["cancelled (RUN_CANCELLED)"] : []),
    ...(stops.has("wallClock") ? ["failed (RUN_WALL_CLOCK)"] : []),
    ...(stops.has("drift") ? ["failed (PLAN_DRIFT)"] : []),
  ];
  const wasRefused = failure === undefined && cutShort && stops.size === 0 && finished.status === "failed";
  const wasGood = failure === undefined && !cutShort && !stops.has("drift");
  const fits = allowed.includes(found) || (wasGood && found === "succeeded") || (wasRefused && found !== "failed");
  if (!fits) {
    const expected = wasGood ? "succeeded" : (allowed[0] ?? "failed");
    checks.fail("outcome", faultOf(verifyCodes, "OUTCOME_MISMATCH", { found, expected }));
  }
  checks.pass("outcome", `${found}, as the steps say`);
}

function readSteps({ ledger }: FoldedCase): Findings {
  const { records } = ledger;
  let failure: string | undefined;
  let cutShort = false;
  for (const [id, node] of records.instances()) {
    const record = records.record(id);
    const status = records.finalStatusOf(id);
    const shielded = node.continueOnError || [...records.around(id)].some(([, around]) => around.continueOnError);
    const own = record?.status === "failed";
    if (own && !shielded) {
      failure ??= record.reason ?? "";
    }
    cutShort ||= (status === "cancelled" && !shielded) || (status === "skipped" && record?.reason === "RUN_STOPPING");
  }
  return { failure, cutShort };
}
