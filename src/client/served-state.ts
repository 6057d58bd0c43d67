import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import type { Digest } from "#canon/digest.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { evolve } from "#run/evolve.ts";
import { initialState, type RunState } from "#run/state.ts";
import type { ApiClient } from "./api-client.ts";
import { strange } from "./read-answer.ts";

/**
 * A run of a server as its own ledger tells it, folded here over its plan; `seen` is called with each event but what steps
 * printed. Faults: those of the API, SERVER_ANSWER.
 */
export async function readServedState(
  client: ApiClient,
  runId: string,
  seen?: (event: LedgerEvent) => void,
): Promise<Result<RunState>> {
  const run = await client.readRun(runId);
  const bytes = run.ok ? await client.readPlan(runId) : run;
  const plan = bytes.ok ? readPlan(bytes.value) : bytes;
  if (!run.ok || !plan.ok) {
    return plan as Result<never>;
  }
  const identity = identityOf(run.value);
  if (identity === undefined) {
    return fail(strange(client.server, "it names its run as none is named"));
  }
  const state = initialState(plan.value, identity);
  const read = await client.readEvents(runId, (event) => {
    evolve(state, event);
    seen?.(event);
  });
  return read.ok ? ok(state) : read;
}

type Named = {
  readonly runId: string;
  readonly tenantId: string;
  readonly trustDomain: string;
  readonly planHash: Digest;
};

function identityOf({ planHash, ...named }: Named): Parameters<typeof initialState>[1] | undefined {
  const runId = parseRunId(named.runId);
  const tenantId = parseTenantId(named.tenantId);
  const trustDomain = parseTrustDomain(named.trustDomain);
  return runId === undefined || tenantId === undefined || trustDomain === undefined
    ? undefined
    : { runId, tenantId, trustDomain, planHash };
}
