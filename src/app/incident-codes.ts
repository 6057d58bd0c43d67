import { codeTable } from "#fault/code-table.ts";

export const incidentCodes = codeTable({
  INCIDENT_NONE: {
    severity: "error",
    exitCode: 2,
    message: "no incident of run {runId} is open",
    hint: "open one with `packrun incident open {runId} --reason TEXT`",
    explanation: {
      cause: "An incident was to be closed that was never opened, was closed before, or whose time is over.",
      example: "packrun incident close last, twice",
      fix: "Nothing is to be done: evidence is kept as for any run.",
    },
  },
});
