import { openWorkplace } from "#compose.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { Worker } from "#app/service/worker.ts";
import { scriptedRunner } from "./scripted-runner.ts";

// A worker in a process of its own, over the store in the folder that is named: until it is killed, or told to stop.
const [folder = ""] = process.argv.slice(2);
const source = { flags: { store: `${folder}/state` }, env: { HOME: folder }, cwd: folder };
const opened = await openWorkplace(source, { mayAsk: false });
if (!opened.ok) {
  throw new Error(opened.fault.message);
}
const workplace = { ...opened.value, runner: scriptedRunner };
const limits = serviceLimits({ runs: 4, parallel: 2 });
const note = ({ event, ...more }: { readonly event: string }): void => {
  if (event === "run.crashed") {
    console.error(more);
  }
};
const worker = new Worker({ workplace, limits, metrics: new ServiceMetrics(), note });
worker.start();
process.on("SIGTERM", () => {
  void worker.stop().then(async () => {
    await workplace.store.close();
    process.exit(0);
  });
});
