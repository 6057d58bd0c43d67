import { codeTable } from "#fault/code-table.ts";

export const plannerCodes = codeTable({
  PLANNER_FULL: {
    severity: "error",
    exitCode: 10,
    message: "{waiting} requests of the tenant wait to be planned, and no more may",
    hint: "ask again in {retryAfterSeconds} s",
    explanation: {
      cause:
        "A server plans one pack at a time, tenants in turn. As many requests of this tenant wait as `server.limits.planQueue` allows.",
      example: "a script that uploads hundreds of packs at once",
      fix: "Ask again later, as Retry-After says, and ask for less at a time. An operator can raise `server.limits.planQueue`.",
    },
  },
  PLANNER_TIME: {
    severity: "error",
    exitCode: 3,
    message: "the pack is not read and planned after {seconds} s",
    hint: "make the pack, its schemas or its inputs smaller, or have the operator raise server.limits.planSeconds",
    explanation: {
      cause:
        "A server gives each request so much time to be planned, for others wait behind it. What takes longer is ended and changes nothing.",
      example: "POST /api/plans of a pack with a hundred thousand steps, each of which looks at a large input",
      fix: "Split the pack, pass large values as files, or have the operator raise `server.limits.planSeconds`.",
    },
  },
  PLANNER_MEMORY: {
    severity: "error",
    exitCode: 3,
    message: "the pack takes more than {mebibytes} MiB to be read and planned",
    hint: "make the pack or its inputs smaller, and pass large values as files",
    explanation: {
      cause: "A server gives planning so much memory. What takes more is ended and changes nothing.",
      example: "a large input whose value ten thousand steps repeat in their environment",
      fix: "Give a large value to steps as a file, or split the pack.",
    },
  },
  PLANNER_LOST: {
    severity: "error",
    exitCode: 10,
    message: "the pack was not planned: {problem}",
    hint: "ask again; when it happens again, tell the operator, who finds it in the server's log",
    explanation: {
      cause:
        "Packs are planned in a thread of the server. It broke, could not be handed the request, or the server is being stopped; nothing was changed.",
      example: "a server that is told to stop while it plans",
      fix: "Ask again. If one pack always ends so, report it with the pack.",
    },
  },
});
