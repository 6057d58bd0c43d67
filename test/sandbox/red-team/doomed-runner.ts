import { chmodSync, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { createRedactor } from "#secret/redactor.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { createEgress } from "../../../src/sandbox/egress/egress.ts";
import { createSandbox } from "../../../src/sandbox/sandbox.ts";
import { makeWorkspaceFolder } from "../../../src/sandbox/scratch-folder.ts";
import { systemClock } from "../../port/system-clock.ts";
import { requestOf, valueOf } from "../sandbox-rig.ts";
import type { DoomedOrder } from "./crash.ts";

/** Prepares the step of the order, says so, starts it, hands on what it prints, says how it ended, and waits. */
const { scratch, until, sh, py, mark, prelude, secretFiles = {} } = JSON.parse(process.argv[2] ?? "") as DoomedOrder;
// Killed, it would keep nothing of what it compiled.
flushCompileCache();
const runner = createSandbox({
  scratch,
  artifacts: fileArtifactStore(`${scratch}/artifacts`),
  clock: systemClock,
  maxParallel: 1,
  egress: createEgress({ lines: memoryRunStore({ clock: systemClock }).lines, clock: systemClock }),
});
const pack = valueOf(makeWorkspaceFolder(scratch));
// Python lists a folder before it imports from it.
chmodSync(pack, 0o755);
writeFileSync(join(pack, "attack.py"), prelude);
chmodSync(join(pack, "attack.py"), 0o444);
const prepared = valueOf(
  await runner.prepare({
    ...requestOf({ script: sh ?? "", limits: { logBytes: 2 ** 30 } }, pack, createRedactor()),
    ...(py === undefined
      ? {}
      : { program: { kind: "command", argv: ["/usr/bin/python3", "-B", "-c", `from attack import *\n${py}`] } }),
    env: { RED_TEAM: mark, PYTHONPATH: "/run/packrun/pack" },
    secretFiles,
    timeoutMs: 600_000,
  }),
);
process.stdout.write("prepared\n");
if (until !== "prepared") {
  const ended = prepared.start((batch) => {
    process.stdout.write(`${batch.lines.join("\n")}\n`);
    return Promise.resolve();
  });
  process.stdout.write("started\n");
  const outcome = await ended;
  process.stdout.write(`${JSON.stringify({ outcome: outcome.kind })}\n`);
}
setInterval(() => undefined, 60_000);
