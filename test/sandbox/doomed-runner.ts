import { createRedactor } from "#secret/redactor.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId } from "#canon/ids.ts";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { makeWorkspaceFolder } from "../../src/sandbox/scratch-folder.ts";
import { systemClock } from "../port/system-clock.ts";

/** Prepares a step, says so, perhaps starts it, and waits to be killed. */
const [scratch = "", word = ""] = process.argv.slice(2);
const artifacts = fileArtifactStore(`${scratch}/artifacts`);
const runner = createSandbox({ scratch, artifacts, clock: systemClock, maxParallel: 1 });
const workspace = makeWorkspaceFolder(scratch);
const prepared = await runner.prepare({
  runId: "019a0000-0000-7000-8000-000000000001" as RunId,
  tenantId: "default" as TenantId,
  planHash: `sha256:${"0".repeat(64)}` as Digest,
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
    egressAllowlist: [],
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
