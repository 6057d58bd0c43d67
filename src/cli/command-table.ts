import type { CommandFile } from "./cli.ts";

/** Every command: which file defines it, and what it does in a line. Files are loaded when their command is used. */
export type CommandEntry = { readonly summary: string; readonly load: () => Promise<CommandFile> };

export const commandTable: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: "write a pack that lints, simulates and runs at once",
    load: async () => (await import("./init.ts")).init,
  },
  lint: {
    summary: "check packs and show everything that is wrong",
    load: async () => (await import("./lint.ts")).lint,
  },
  plan: {
    summary: "compile a pack and its inputs into the canonical plan",
    load: async () => (await import("./plan.ts")).plan,
  },
  simulate: {
    summary: "show what a plan would do, without doing it",
    load: async () => (await import("./simulate.ts")).simulate,
  },
  run: { summary: "plan, run and seal a pack", load: async () => (await import("./run.ts")).run },
  resume: {
    summary: "go on with a run that waits or was interrupted",
    load: async () => (await import("./resume.ts")).resume,
  },
  cancel: { summary: "cancel a run", load: async () => (await import("./cancel.ts")).cancel },
  runs: {
    summary: "list and inspect runs: list, show, logs, artifacts, ledger",
    load: async () => (await import("./runs.ts")).runs,
  },
  approve: { summary: "approve a gate of a run", load: async () => (await import("./decide.ts")).approve },
  reject: { summary: "reject a gate of a run", load: async () => (await import("./decide.ts")).reject },
  verify: { summary: "verify an evidence bundle offline", load: async () => (await import("./verify.ts")).verify },
  evidence: {
    summary: "show, extract and export evidence bundles",
    load: async () => (await import("./evidence.ts")).evidence,
  },
  keys: { summary: "make and show signing keys", load: async () => (await import("./keys.ts")).keys },
  trust: { summary: "make, edit and show trust roots", load: async () => (await import("./trust.ts")).trust },
  doctor: { summary: "check what this host can enforce", load: async () => (await import("./doctor.ts")).doctor },
  explain: { summary: "explain an error code", load: async () => (await import("./explain.ts")).explain },
  store: { summary: "look after the store: reindex", load: async () => (await import("./store.ts")).store },
};
