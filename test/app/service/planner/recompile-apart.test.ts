import { Worker } from "node:worker_threads";
import t from "tap";
import { Planner } from "#app/service/planner/planner.ts";
import type { StoredPlan } from "#app/service/planner/planner-job.ts";
import { recompileApart } from "#app/service/planner/recompile-apart.ts";
import { tenantOf } from "../service-world.ts";

/** What a thread does with it that does as it is told, whatever the plan is. */
const STORED = {} as StoredPlan;

for (const [what, hint] of [
  ["hang", /planSeconds/],
  ["memory", /packrun resume/],
  ["exit", /log/],
] as const) {
  t.test(`a run whose plan is not compiled anew, as the thread would ${what}, is told what helps`, async (t) => {
    await using planner = new Planner({
      start: () =>
        new Worker(new URL("./odd-thread.ts", import.meta.url), {
          execArgv: ["--conditions=@packrun/source"],
          resourceLimits: { maxOldGenerationSizeMb: 32 },
          stderr: true,
          workerData: what,
        }),
      seconds: what === "hang" ? 1 : 60,
      queue: 10,
    });
    const compiled = await recompileApart(planner, tenantOf("default"))(STORED);
    t.match(compiled, { fault: { code: "STORE_UNAVAILABLE", hint } });
    t.equal(!compiled.ok && compiled.fault.hint?.includes("planSeconds"), what === "hang");
  });
}
