import { codeTable } from "#fault/code-table.ts";

export const engineCodes = codeTable({
  RUN_BUSY: {
    severity: "error",
    exitCode: 10,
    message: "run {runId} is driven by {owner}",
    hint: "wait for it, or stop that process; its lease ends within 15 seconds of its death",
    explanation: {
      cause: "Only the holder of a run's lease may drive it, and another live process holds it.",
      example: "packrun resume RUN in two terminals at once",
      fix: "Follow the run with `packrun runs show RUN`; after the other process ends, `packrun resume RUN` goes on.",
    },
  },
  LEASE_EXPIRED: {
    severity: "error",
    exitCode: 10,
    message: "the lease of run {runId} was lost; everything that ran was ended",
    hint: "see who drives it with `packrun runs show`, or resume it",
    explanation: {
      cause: "The process could not renew its lease in time, or another one took the run over.",
      example: "the machine was suspended for a minute while a step ran",
      fix: "Run `packrun resume RUN`; steps that were cut off are recorded as lost and handled by their retry rule.",
    },
  },
});
