import type { RunRow } from "#port/run-store.ts";
import { changeIncident } from "../incident.ts";
import { readRunState } from "../read-run.ts";
import { storedPlan } from "../stored-plan.ts";
import type { Workplace } from "../workplace.ts";

/** Names the command: a run has one such incident, however often it is taken over. */
const COMMAND = "incident:slo";

/**
 * While a run is driven: opens an incident once it takes longer than `slo.runP95Seconds` of its pack. Ends with what it
 * returns. A run that cannot be read, or whose incident cannot be opened, goes on without.
 */
export async function watchSlo(row: RunRow, incidentSeconds: number | undefined, workplace: Workplace) {
  const plan = incidentSeconds === undefined ? undefined : await storedPlan(row, workplace);
  const promised = plan?.ok === true ? plan.value.slo?.runP95Seconds : undefined;
  if (incidentSeconds === undefined || promised === undefined) {
    return () => undefined;
  }
  const { clock } = workplace;
  const state = await readRunState(row, workplace);
  const began = (state.ok ? state.value.startedAt : undefined) ?? clock.now();
  const open = async (): Promise<void> => {
    const reason = `it takes longer than the ${promised} s of its slo.runP95Seconds`;
    const order = { state: "open", reason, ttlMs: incidentSeconds * 1000 } as const;
    await changeIncident(row, order, workplace, "slo", COMMAND).catch(() => undefined);
  };
  return clock.after(Math.max(0, began + promised * 1000 - clock.now()), () => void open());
}
