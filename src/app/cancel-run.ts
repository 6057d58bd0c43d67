import { randomUUID } from "node:crypto";
import { ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { isTerminal, type RunStatus } from "#run/status.ts";
import { deliver } from "./deliver-command.ts";
import { readRunState } from "./read-run.ts";
import { refuseFinished } from "./refuse-finished.ts";
import { openRunTrust } from "./run-trust.ts";
import type { Workplace } from "./workplace.ts";

/** Has a cancel recorded, of `by` or of whoever is at work at this place; the status of the run right after. A run whose `finally` has to run is ended by `resume`. */
export async function cancelRun(
  key: RunKey,
  reason: string | undefined,
  workplace: Workplace,
  by?: string,
): Promise<Result<{ readonly status: RunStatus }>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const before = await readRunState(identity.value, workplace);
  if (!before.ok) {
    return before;
  }
  if (isTerminal(before.value.status)) {
    return refuseFinished(identity.value, before.value.plan, workplace);
  }
  const trust = await openRunTrust(workplace, []);
  if (!trust.ok) {
    return trust;
  }
  const body = { by: by ?? trust.value.principal, ...(reason === undefined ? {} : { reason }) };
  const command = { commandId: `cancel:${randomUUID()}`, kind: "cancel" as const, body };
  const recorded = await deliver(identity.value, command, workplace, trust.value);
  const after = recorded.ok ? await readRunState(identity.value, workplace) : recorded;
  return after.ok ? ok({ status: after.value.status }) : after;
}
