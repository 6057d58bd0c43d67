import type { RunAnswer } from "#app/run-answer.ts";
import type { ServedRun } from "#client/api-client.ts";

/** A run of a server as `run`, `resume` and `runs show` answer it; the API says more of it. */
export function answerOfServed(run: ServedRun, evidence?: string): RunAnswer {
  const { runId, planHash, pack, status, reason, requestedBy, steps, outputs, pendingGates } = run;
  return {
    runId,
    planHash,
    pack: { name: pack.name, version: pack.version },
    status,
    ...(reason === undefined ? {} : { reason }),
    requestedBy,
    ...(evidence === undefined ? {} : { evidence }),
    steps: steps.map(({ parent: _parent, needs: _needs, section: _section, ...step }) => step),
    outputs,
    pendingGates: pendingGates.map(({ id, approval, required, have, notAfter, expired }) => ({
      id,
      approval,
      required,
      have,
      notAfter,
      expired,
    })),
  };
}
