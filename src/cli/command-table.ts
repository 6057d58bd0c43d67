import type { CommandTable } from "./cli.ts";

const WRITE = "Write a pack:";
const RUN = "Run it:";
const APPROVE = "Decide:";
const PROVE = "Prove it:";
const HOST = "Look after this host:";

/** Every command: which file defines it, and what it does in a line. */
export const commandTable: CommandTable = {
  init: {
    group: WRITE,
    summary: "write a pack that lints, simulates and runs at once",
    load: async () => (await import("./init.ts")).init,
  },
  lint: {
    group: WRITE,
    summary: "check packs and show everything that is wrong",
    load: async () => (await import("./lint.ts")).lint,
  },
  plan: {
    group: WRITE,
    summary: "compile a pack and its inputs into the canonical plan",
    load: async () => (await import("./plan.ts")).plan,
  },
  simulate: {
    group: WRITE,
    summary: "show what a plan would do, without doing it",
    load: async () => (await import("./simulate.ts")).simulate,
  },
  graph: {
    group: WRITE,
    summary: "draw the graph of a plan: mermaid, dot, json",
    load: async () => (await import("./graph.ts")).graph,
  },
  run: { group: RUN, summary: "plan, run and seal a pack", load: async () => (await import("./run.ts")).run },
  resume: {
    group: RUN,
    summary: "go on with a run that waits or was interrupted",
    load: async () => (await import("./resume.ts")).resume,
  },
  cancel: { group: RUN, summary: "cancel a run", load: async () => (await import("./cancel.ts")).cancel },
  runs: {
    group: RUN,
    summary: "list and inspect runs: list, show, logs, timeline, artifacts, ledger",
    load: async () => (await import("./runs.ts")).runs,
  },
  diff: {
    group: RUN,
    summary: "hold two runs side by side: plan, steps, outputs, times, decisions",
    load: async () => (await import("./diff.ts")).diff,
  },
  approve: {
    group: APPROVE,
    summary: "approve a gate of a run",
    load: async () => (await import("./decide.ts")).approve,
  },
  reject: { group: APPROVE, summary: "reject a gate of a run", load: async () => (await import("./decide.ts")).reject },
  approvals: {
    group: APPROVE,
    summary: "gates that wait: list, request, sign, statement, import",
    load: async () => (await import("./approvals.ts")).approvals,
  },
  verify: {
    group: PROVE,
    summary: "verify an evidence bundle offline",
    load: async () => (await import("./verify.ts")).verify,
  },
  evidence: {
    group: PROVE,
    summary: "show, extract and export evidence bundles",
    load: async () => (await import("./evidence.ts")).evidence,
  },
  bundle: {
    group: PROVE,
    summary: "signed, portable packs: create, verify, import, list, show",
    load: async () => (await import("./bundle.ts")).bundle,
  },
  keys: {
    group: APPROVE,
    summary: "make, import and show signing keys",
    load: async () => (await import("./keys.ts")).keys,
  },
  trust: {
    group: APPROVE,
    summary: "make, edit and show trust roots",
    load: async () => (await import("./trust.ts")).trust,
  },
  revoke: {
    group: APPROVE,
    summary: "revoke a pack, plan, key, payload or run",
    load: async () => (await import("./revoke.ts")).revoke,
  },
  doctor: {
    group: HOST,
    summary: "check what this host can enforce",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  config: {
    group: HOST,
    summary: "show every setting, and where each was said",
    load: async () => (await import("./config.ts")).config,
  },
  explain: {
    group: WRITE,
    summary: "explain an error code, or what a step of a run did",
    load: async () => (await import("./explain.ts")).explain,
  },
  incident: {
    group: PROVE,
    summary: "sign a run's evidence every minute while it is looked into: open, close",
    load: async () => (await import("./incident.ts")).incident,
  },
  slo: {
    group: HOST,
    summary: "print Prometheus rules for what a pack promises",
    load: async () => (await import("./slo.ts")).slo,
  },
  store: {
    group: HOST,
    summary: "look after the store: reindex",
    load: async () => (await import("./store.ts")).store,
  },
  completion: {
    group: HOST,
    summary: "print the completion script of bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion,
  },
  serve: {
    group: HOST,
    summary: "take, drive and show runs over HTTP",
    load: async () => (await import("./serve.ts")).serve,
  },
  token: {
    group: HOST,
    summary: "tokens for the HTTP API: issue",
    load: async () => (await import("./token.ts")).token,
  },
};
