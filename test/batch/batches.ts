/** Rooms whose test files share a process, and files of theirs that do not: `.taprc` names those one by one. */
export type Batch = {
  /** Folders below `test`. */
  readonly rooms: readonly string[];
  /** Paths below `test`. */
  readonly apart?: readonly string[];
};

/** As many as end at about the same time, so that none of them is what the others wait for. */
export const batches = {
  app: {
    rooms: ["app"],
    // These end processes, and wait for others.
    apart: ["app/service/worker-kill.test.ts", "app/service/worker.test.ts"],
  },
  edges: {
    rooms: [
      "anchor",
      "api",
      "bundle",
      "client",
      "engine",
      "folder",
      "policy",
      "secret",
      "signer",
      "step",
      "store/file",
      "store/memory",
    ],
    // What a server holds in memory is measured; a crash is one of many processes.
    apart: ["api/logs.test.ts", "engine/crash.test.ts", "store/file/crash.test.ts"],
  },
  pure: {
    rooms: ["attest", "canon", "evidence", "fault", "pack", "plan", "run", "trust", "verify", "view"],
  },
  sandbox: {
    rooms: [
      "sandbox/cgroup",
      "sandbox/collect",
      "sandbox/egress",
      "sandbox/host",
      "sandbox/init",
      "sandbox/limit",
      "sandbox/root",
      "sandbox/slot",
      "sandbox/watch",
    ],
    // These end processes, or run many.
    apart: [
      "sandbox/egress/killed-runner.test.ts",
      "sandbox/root/inside.test.ts",
      "sandbox/slot/slot-pool.test.ts",
      "sandbox/watch/step-watch.test.ts",
    ],
  },
} satisfies Readonly<Record<string, Batch>>;
