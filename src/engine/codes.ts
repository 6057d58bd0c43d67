import { codeTable } from "#fault/code-table.ts";

export const engineCodes = codeTable({
  RUN_BUSY: {
    severity: "error",
    exitCode: 10,
    message: "run {runId} is driven by {owner}",
    hint: "wait for it, or end that process and resume the run",
    explanation: {
      cause:
        "Only the holder of a run's lease may drive it, and another process holds it. One that lives, be it stopped, is never replaced: its steps may still run.",
      example: "packrun resume RUN   # the terminal beside it drives the run, or was stopped with Ctrl-Z",
      fix: "Follow the run with `packrun runs show RUN`. Let a stopped process go on (`kill -CONT`, `fg`) or end it (`kill -KILL`); then `packrun resume RUN` goes on. A process of another container that cannot be seen holds the run for 15 seconds after its last sign.",
    },
  },
  LEASE_EXPIRED: {
    severity: "error",
    exitCode: 10,
    message: "the lease of run {runId} was lost; everything that ran was ended",
    hint: "see who drives it with `packrun runs show`, or resume it",
    explanation: {
      cause: "The process could not renew its lease, or another one, which could not see it, took the run over.",
      example: "the store failed while a step ran, or a container that shares the folder was paused for a minute",
      fix: "Run `packrun resume RUN`; steps that were cut off are recorded as lost and handled by their retry rule.",
    },
  },
});
