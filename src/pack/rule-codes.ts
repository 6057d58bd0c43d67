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
      example: "spec: {steps: [{id: build, run: {command: [make]}}]}   # no sandbox",
      fix: "Add `sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 256Mi}}` to `spec`.",
    },
  },
  SANDBOX_LIMIT_MISSING: {
    severity: "error",
    exitCode: 3,
    message: "{name} is missing",
    hint: "state how much memory and how many CPUs a step may use",
    explanation: {
      cause: "Memory and CPU limits have no default.",
      example: "sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1}}   # no memory",
      fix: "State both: `limits: {cpus: 1, memory: 256Mi}`.",
    },
  },
  SANDBOX_QUOTA_MISSING: {
    severity: "error",
    exitCode: 3,
    message: "{name} is missing",
    hint: "state how many requests and bytes may leave: egressQuota: {requests: 100, bytes: 10Mi}",
    explanation: {
      cause: "A pack that may reach the network must say how much.",
      example:
        'sandbox: {mode: sealed, egressAllowlist: ["registry.acme.example:443"], limits: {cpus: 1, memory: 256Mi}}',
      fix: "Add `egressQuota: {requests: 100, bytes: 10Mi}` beside the list, or empty the list.",
    },
  },
  SANDBOX_WIDENED: {
    severity: "error",
    exitCode: 3,
    message: "a step's sandbox may only narrow the pack's: {problem}",
    hint: "widen the pack's own sandbox, where approvers see it, or narrow the step's",
    explanation: {
      cause: "What the pack states at its top is the most that any of its steps gets.",
      example: "- {id: build, sandbox: {limits: {memory: 2Gi}}, run: {command: [make]}}   # the pack says 512Mi",
      fix: "Raise the pack's limit or lower the step's.",
    },
  },
  APPROVAL_RULE_INCOMPLETE: {
    severity: "error",
    exitCode: 3,
    message: 'approval rule "{id}" does not say "{name}"',
    hint: "state required, from and ttl",
    explanation: {
      cause: "How many must approve, which roles they hold and until when have no default.",
      example: "approvals: {release: {required: 2, from: [approver]}}   # no ttl",
      fix: "Add the missing field: `ttl: 24h`.",
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
      fix: "Correct the name, or declare the secret: `secrets: {deployTokn: {description: what it is for}}`.",
    },
  },
  PLAN_GATE_IN_MAP: {
    severity: "error",
    exitCode: 3,
    message: 'approval gate "{id}" stands inside map "{map}"',
    hint: "put the gate before the map",
    explanation: {
      cause: "The number of iterations may be unknown when people approve, so one approval could mean many things.",
      example: "map: {items: [a, b], steps: [{id: ok, gate: {approval: release}}]}",
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
      fix: "Move it into `steps`, before anything that it shall hold back.",
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
      cause: "Containers (`parallel`, `map`) may be nested 8 levels deep.",
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
      example:
        "sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 256Mi}, wallClock: 15m}\nslo: {runP95Seconds: 3600}",
      fix: "Set `runP95Seconds` to at most `wallClock`, `approvalP95Seconds` to at most every `ttl`, `maxQueueDepth` above 0.",
    },
  },
});
