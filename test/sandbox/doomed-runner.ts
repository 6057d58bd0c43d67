import { flushCompileCache } from "node:module";
import { createRedactor } from "#secret/redactor.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { openEgress, rigRun } from "./egress-rig.ts";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { makeWorkspaceFolder } from "../../src/sandbox/scratch-folder.ts";
import { systemClock } from "../port/system-clock.ts";

/** Prepares a step, says so, perhaps starts it, and waits to be killed. */
const [scratch = "", word = "", wayOut = ""] = process.argv.slice(2);
// Killed, it would keep nothing of what it compiled.
flushCompileCache();
const rule = { host: "registry.acme.example", port: 443, protocol: "tls", allowPrivate: false } as const;
const { egress } = await openEgress();
const artifacts = fileArtifactStore(`${scratch}/artifacts`);
const runner = createSandbox({ scratch, artifacts, clock: systemClock, maxParallel: 1, egress });
const workspace = makeWorkspaceFolder(scratch);
const prepared = await runner.prepare({
  ...rigRun,
  stepId: "doomed",
  attempt: 1,
  seed: "00",
  sourceDateEpoch: 0,
  program: { kind: "script", shell: "sh", text: "touch ran; setsid sleep 4021 & echo running; sleep 4021" },
  env: {},
  secretEnv: {},
  secretFiles: {},
  packFolder: workspace.ok ? workspace.value : "",
  mounts: [],
  sandbox: {
    mode: "sealed",
    ...(wayOut === ""
      ? { egressAllowlist: [] }
      : { egressAllowlist: [rule], egressQuota: { requests: 9, bytes: 1024 } }),
    limits: { cpus: 1, memoryBytes: 1 << 26, pids: 32, logBytes: 1 << 20, artifactBytes: 1 << 20 },
  },
  timeoutMs: 60_000,
  outputs: {},
  redactor: createRedactor(),
});
if (!prepared.ok) {
  throw new Error(prepared.fault.message);
}
process.stdout.write("prepared\n");
if (word === "running") {
  await prepared.value.start((batch) => {
    process.stdout.write(`${batch.lines.join("\n")}\n`);
    return Promise.resolve();
  });
}
setInterval(() => undefined, 60_000);
