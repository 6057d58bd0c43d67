import type { HostFinding } from "#port/host-finding.ts";
import { readFileSync } from "node:fs";
import type { CgroupHost } from "../../src/sandbox/cgroup/cgroup-host.ts";
import { createEgress } from "../../src/sandbox/egress/egress.ts";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import type { Limits } from "#plan/plan.ts";
import { createRedactor } from "#secret/redactor.ts";
import { systemClock } from "../port/system-clock.ts";
import { requestOf, runPrepared } from "./sandbox-rig.ts";

/** What a runner in a process of its own is to do: run scripts one after the other in a mode. */
export type HostedOrder = {
  readonly scratch: string;
  readonly artifactsPath: string;
  readonly packFolder: string;
  readonly masks: readonly string[];
  readonly cgroups?: CgroupHost;
  readonly proc?: "host";
  readonly mode: "sealed" | "restricted";
  readonly bwrap?: string;
  readonly limits?: Partial<Limits>;
  readonly scripts: readonly string[];
};

export type HostedAnswer = {
  readonly findings: readonly HostFinding[];
  readonly runs: readonly {
    readonly outcome: unknown;
    readonly enforced: unknown;
    readonly stdout: string;
    readonly stderr: string;
  }[];
};

/** The order comes on standard input, the answer goes to standard output. */
const order = JSON.parse(readFileSync(0, "utf8")) as HostedOrder;
const runner = createSandbox({
  scratch: order.scratch,
  artifacts: fileArtifactStore(order.artifactsPath),
  clock: systemClock,
  maxParallel: 1,
  egress: createEgress({ lines: memoryRunStore({ clock: systemClock }).lines, clock: systemClock }),
  masks: () => [...order.masks, order.artifactsPath],
  env: process.env,
  ...(order.cgroups === undefined ? {} : { cgroups: order.cgroups }),
  ...(order.proc === undefined ? {} : { proc: order.proc }),
  ...(order.bwrap === undefined ? {} : { bwrap: order.bwrap }),
});
const findings = await runner.examine();
const runs: HostedAnswer["runs"][number][] = [];
for (const script of findings.some(({ status }) => status === "fail") ? [] : order.scripts) {
  const asked = requestOf(
    { script: script.replaceAll("RUNNER", String(process.pid)), mode: order.mode, limits: order.limits ?? {} },
    order.packFolder,
    createRedactor(),
  );
  const prepared = await runner.prepare(asked);
  if (!prepared.ok) {
    runs.push({ outcome: prepared.fault, enforced: undefined, stdout: "", stderr: "" });
    continue;
  }
  const { outcome, stdout, stderr } = await runPrepared(prepared.value);
  runs.push({ outcome, enforced: prepared.value.enforced, stdout, stderr });
}
await runner.close();
process.stdout.write(JSON.stringify({ findings, runs } satisfies HostedAnswer));
