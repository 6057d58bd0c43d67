import { codeTable } from "#fault/code-table.ts";

/** What a pack must say before anything may run, and what its gates may not do. */
export const ruleCodes = codeTable({
  SANDBOX_MISSING: {
    severity: "error",
    exitCode: 3,
    message: "{name} is missing",
    hint: "say in which sandbox the steps run: mode, egressAllowlist (may be empty) and limits",
    explanation: {
      cause: "Isolation and network access have no default: a pack that does not state them is refused.",
      example: "spec: {steps: […]}   # no sandbox",
      fix: "Add sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 256Mi}}.",
    },
  },
  SANDBOX_LIMIT_MISSING: {
    severity: "error",
    exitCode: 3,
    message: "{name} is missing",
    hint: "state how much memory and how many CPUs a step may use",
    explanation: {
      cause: "Memory and CPU limits have no default.",
      example: "limits: {cpus: 1}",
      fix: "Add both: limits: {cpus: 1, memory: 256Mi}.",
    },
  },
  SANDBOX_QUOTA_MISSING: {
    severity: "error",
    exitCode: 3,
    message: "{name} is missing",
    hint: "state how many requests and bytes may leave: egressQuota: {requests: 100, bytes: 10Mi}",
    explanation: {
      cause: "A pack that may reach the network must say how much.",
      example: 'egressAllowlist: ["registry.acme.example:443"]   # no egressQuota',
      fix: "Add egressQuota with requests and bytes, or empty the list.",
    },
  },
  SANDBOX_WIDENED: {
    severity: "error",
    exitCode: 3,
    message: "a step's sandbox may only narrow the pack's: {problem}",
    hint: "widen the pack's own sandbox, where approvers see it, or narrow the step's",
    explanation: {
      cause: "What the pack states at its top is the most that any of its steps gets.",
      example: "sandbox: {limits: {memory: 2Gi}}   # in a step, while the pack says 512Mi",
      fix: "Raise the pack's limit or lower the step's.",
    },
  },
  APPROVAL_RULE_INCOMPLETE: {
    severity: "error",
    exitCode: 3,
    message: 'approval rule "{id}" does not say "{name}"',
    hint: "state required, from and ttl",
    explanation: {
      cause: "How many must approve, who they are and until when have no default.",
      example: "release: {required: 2, from: [approver]}   # no ttl",
      fix: "Add the missing field: ttl: 24h.",
    },
  },
  SECRET_UNDECLARED: {
    severity: "error",
    exitCode: 3,
    message: 'secret "{name}" is not declared',
    hint: "declare it under spec.secrets",
    explanation: {
      cause: "Only secrets that the pack declares can be given to its steps, so that approvers see all of them.",
      example: "env: {TOKEN: {secret: deployTokn}}",
      fix: "Declare the secret under spec.secrets, or correct the name.",
    },
  },
  PLAN_GATE_IN_MAP: {
    severity: "error",
    exitCode: 3,
    message: 'approval gate "{id}" stands inside map "{map}"',
    hint: "put the gate before the map",
    explanation: {
      cause: "The number of iterations may be unknown when people approve, so one approval could mean many things.",
      example: "map: {items: […], steps: [{id: ok, gate: {approval: release}}]}",
      fix: "Put the gate before the map; its message may name the items.",
    },
  },
  PLAN_GATE_IN_FINALLY: {
    severity: "error",
    exitCode: 3,
    message: 'gate "{id}" stands in finally',
    hint: "move the gate into steps",
    explanation: {
      cause: "`finally` always runs, also after failure, rejection and cancel; a gate there could stop the clean-up.",
      example: "finally: [{id: ok, gate: {approval: release}}]",
      fix: "Move it to the end of steps, before anything that it shall hold back: {id: ok, gate: {approval: release}}.",
    },
  },
  PLAN_GATE_CONDITIONAL: {
    severity: "error",
    exitCode: 3,
    message: 'approval gate "{id}" may be skipped by the `when` of "{owner}"',
    hint: "put the condition on the steps behind the gate",
    explanation: {
      cause: "A gate that a condition can skip protects nothing: what runs behind it would run without approval.",
      example: '- {id: ok, when: "${{ inputs.ask }}", gate: {approval: release}}',
      fix: "Remove `when` from the gate and from the containers around it.",
    },
  },
  PLAN_TOO_DEEP: {
    severity: "error",
    exitCode: 3,
    message: 'container "{id}" is nested deeper than {limit} levels',
    hint: "flatten the steps",
    explanation: {
      cause: "Containers (`parallel`, `map`) may be nested to depth 8.",
      example: "nine maps inside each other",
      fix: "Flatten the steps, or compute the combined list of items in a step and map over it once.",
    },
  },
  PLAN_SLO_CONFLICT: {
    severity: "error",
    exitCode: 3,
    message: "{problem}",
    hint: "make the objective stricter than the limit, or raise the limit",
    explanation: {
      cause: "An objective can never be missed or never be met, because a limit of the same pack comes first.",
      example: "wallClock: 15m with slo: {runP95Seconds: 3600}",
      fix: "Set runP95Seconds below wallClock, approvalP95Seconds below every ttl, maxQueueDepth above 0.",
    },
  },
});
