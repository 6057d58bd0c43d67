import { codeTable } from "#fault/code-table.ts";

export const incidentCodes = codeTable({
  SNAPSHOT_UNKNOWN: {
    severity: "error",
    exitCode: 2,
    message: "run {runId} has {which}",
    hint: "take one with `packrun evidence snapshot {runId}`",
    explanation: {
      cause:
        "Snapshots are named by the sequence of their `evidence.snapshot` event. The run has none, or none of that sequence.",
      example: "packrun evidence export last --snapshot 3 -o so-far.tar",
      fix: "See `packrun runs ledger RUN` for those that there are, or take one while the run goes on.",
    },
  },
  INCIDENT_NONE: {
    severity: "error",
    exitCode: 2,
    message: "no incident of run {runId} is open",
    hint: "open one with `packrun incident open {runId} --reason TEXT`",
    explanation: {
      cause: "An incident was to be closed that was never opened, was closed before, or whose time is over.",
      example: "packrun incident close last   # a second time",
      fix: "Nothing is to be done: evidence is kept as for any run.",
    },
  },
});
