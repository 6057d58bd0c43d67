import t from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { RunProgress } from "#view/run-progress.ts";
import { approval, cel, map, parallel, planOf, run } from "../run/sample-plan.ts";

const event = (eventType: string, stepId: string, metadata: object = {}): LedgerEvent =>
  ({ eventType, stepId, attempt: 1, metadata }) as unknown as LedgerEvent;

const plan = planOf(
  [
    run("build"),
    map("each", cel("inputs.files"), [run("copy"), run("sign", { needs: ["copy"] })], { needs: ["build"] }),
    parallel("after", [run("report", { needs: ["smoke"] }), run("smoke")], { needs: ["each"] }),
    approval("ok", { needs: ["after"] }),
  ],
  { finally: [run("clean")] },
);

t.test("steps are counted, those of a map once for each item, and holders of steps are not", async (t) => {
  const progress = new RunProgress(plan);
  t.match(progress.now(), { ended: 0, total: 5, whole: false, running: 0, waiting: [], wave: 1 });
  progress.take(event("step.started", "build"));
  progress.take(event("step.succeeded", "build"));
  progress.take(event("map.expanded", "each", { count: 3 }));
  progress.take(event("step.started", "each[1]::copy"));
  t.match(progress.now(), { ended: 1, total: 11, whole: true, running: 1, wave: 2 });
  progress.take(event("step.retry", "each[1]::copy"));
  t.match(progress.now(), { running: 0, wave: 2 }, "the wave stays while nothing runs");
});

t.test("a wave is how many steps stand one behind the other", async (t) => {
  const progress = new RunProgress(plan);
  t.equal(progress.now().waves, 7);
  const waveOf = (id: string): number => {
    progress.take(event("step.started", id));
    const { wave } = progress.now();
    progress.take(event("step.succeeded", id));
    return wave;
  };
  t.same(["build", "each[0]::sign", "report", "smoke", "clean"].map(waveOf), [1, 3, 5, 4, 7]);
});

t.test("gates wait until they are decided, and what is skipped has ended with all that it holds", async (t) => {
  const progress = new RunProgress(plan);
  progress.take(event("step.skipped", "each"));
  progress.take(event("step.skipped", "after"));
  t.match(progress.now(), { ended: 2, total: 5, whole: true });
  progress.take(event("gate.opened", "ok"));
  t.same(progress.now().waiting, ["ok"]);
  progress.take(event("gate.expired", "ok"));
  t.match(progress.now(), { ended: 3, waiting: [] });
  progress.take(event("step.skipped", "after"));
  progress.take(event("step.skipped", "unknown"));
  progress.take({ eventType: "run.finished" } as unknown as LedgerEvent);
  t.equal(progress.now().ended, 4);
});

t.test("a run that is gone on with begins where it was", async (t) => {
  const progress = new RunProgress(plan, [
    { id: "build", status: "succeeded" },
    { id: "each", status: "running" },
    { id: "each[0]::copy", status: "succeeded" },
    { id: "each[0]::sign", status: "pending" },
    { id: "after", status: "skipped" },
    { id: "ok", status: "pending" },
  ]);
  t.match(progress.now(), { ended: 4, total: 7, whole: true });
});

t.test("a long chain that is written backwards is no deep recursion", async (t) => {
  const count = 20_000;
  const steps = Array.from({ length: count }, (_, at) =>
    run(`s${at}`, at + 1 < count ? { needs: [`s${at + 1}`] } : {}),
  );
  t.equal(new RunProgress(planOf([parallel("p", steps)])).now().waves, count);
});
