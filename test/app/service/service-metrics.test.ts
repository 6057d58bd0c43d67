import t from "tap";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import type { LedgerEvent } from "#run/event.ts";
import { START, ScriptedRun } from "../../run/scripted-run.ts";
import { planOf, run } from "../../run/sample-plan.ts";

const NAMES = [
  "packrun_runs_total",
  "packrun_run_duration_seconds",
  "packrun_step_duration_seconds",
  "packrun_step_retries_total",
  "packrun_queue_depth",
  "packrun_queue_oldest_seconds",
  "packrun_approval_wait_seconds",
  "packrun_lease_expired_total",
  "packrun_egress_denied_total",
  "packrun_plan_mismatch_total",
  "packrun_step_cpu_seconds",
  "packrun_step_max_rss_bytes",
];
const textOf = async (metrics: ServiceMetrics): Promise<string> => (await metrics.text([], START)).text;

t.test("the metrics are these, and nothing but pack and status ever is a label", async (t) => {
  const metrics = new ServiceMetrics();
  const driven = new ScriptedRun(
    planOf([run("a"), run("b", { retry: { maxAttempts: 2, initialMs: 1, factor: 1, maxMs: 1 } })]),
    {
      acts: { "b#1": 1 },
    },
  ).go();
  metrics.count(driven.events, driven.state);
  const text = await textOf(metrics);
  t.strictSame(
    [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name),
    NAMES,
  );
  const labels = new Set([...text.matchAll(/[{,]([a-z]+)="/g)].map(([, name]) => name));
  t.strictSame([...labels].map(String).toSorted(), ["le", "pack", "status"]);
  t.match(text, /packrun_runs_total\{status="succeeded"\} 1/);
  t.match(text, /packrun_step_retries_total\{pack="acme\/sample"\} 1/);
});

t.test("lost leases, denied connections and plans that drifted are counted", async (t) => {
  const metrics = new ServiceMetrics();
  const event = (eventType: string, metadata: object): LedgerEvent =>
    ({ eventType, metadata }) as unknown as LedgerEvent;
  metrics.leaseExpired();
  const left = new ScriptedRun(planOf([run("a")]), { acts: { a: "late" } }).go();
  const before = left.events.length;
  left.takeOver();
  metrics.count(left.events.slice(before), left.state);
  metrics.count(
    [
      event("egress.denied", { host: "example.org", port: 443, reason: "EGRESS_DENIED" }),
      event("egress.denied", { host: "example.com", port: 443, reason: "EGRESS_DENIED" }),
      event("plan.drift", { node: "a", pointer: "/command" }),
    ],
    left.state,
  );
  metrics.planMismatch();
  const text = await textOf(metrics);
  t.match(text, /^packrun_lease_expired_total 2$/m, "one that was lost, and one that a dead process left behind");
  t.match(text, /^packrun_egress_denied_total 2$/m);
  t.match(text, /^packrun_plan_mismatch_total 2$/m);
  t.notMatch(text, "example", "hosts are no labels");
});
