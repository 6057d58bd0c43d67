import { appendFileSync } from "node:fs";
import { ok } from "#fault/result.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { AttemptRequest, PreparedAttempt, StepRunner } from "#port/step-runner.ts";

/**
 * A runner without a sandbox: `[sleep, SECONDS]` takes so long, `[note, FILE]` writes the ids of run and step to a file
 * first, `[fail]` fails, everything else succeeds at once. Nothing of it outlives its process.
 */
export const scriptedRunner = (): StepRunner => ({
  examine: async () => [],
  admit: async () => ok(undefined),
  prepare: async (request) => ok(prepared(request)),
  close: async () => undefined,
});

function prepared({ program, runId, stepId }: AttemptRequest): PreparedAttempt {
  const argv = program.kind === "command" ? program.argv : [];
  const stopped = Promise.withResolvers<AttemptOutcome>();
  const measured = { durationMs: 1, artifacts: [] };
  return {
    enforced: { mode: "sealed", limits: {} },
    start: async () => {
      const [name, argument = ""] = argv;
      if (name === "note") {
        appendFileSync(argument, `${runId} ${stepId}\n`);
      }
      if (name === "fail") {
        return { ...measured, kind: "failed", reason: "STEP_EXIT", hint: "", exitCode: 1 };
      }
      const seconds = name === "sleep" ? Number(argument) : 0;
      const timer = Promise.withResolvers<AttemptOutcome>();
      const timeout = setTimeout(() => timer.resolve({ ...measured, kind: "succeeded", outputs: {} }), seconds * 1000);
      const outcome = await Promise.race([timer.promise, stopped.promise]);
      clearTimeout(timeout);
      return outcome;
    },
    stop: () => stopped.resolve({ ...measured, kind: "cancelled" }),
    discard: async () => undefined,
  };
}
