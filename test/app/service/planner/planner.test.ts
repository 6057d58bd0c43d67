import { Worker } from "node:worker_threads";
import t, { type Test } from "tap";
import { Planner } from "#app/service/planner/planner.ts";
import type { Json } from "#canon/json.ts";
import { tenantOf } from "../service-world.ts";

type World = {
  readonly planner: Planner;
  readonly threads: readonly Worker[];
  /** Asks for a job; `done` has what was answered, in order. */
  readonly ask: (folder: string, tenant?: string, urgent?: boolean) => Promise<void>;
  readonly done: readonly string[];
};

/** A planner whose threads do as they are told. */
function world(t: Test, { seconds = 60, queue = 10 } = {}): World {
  const threads: Worker[] = [];
  const done: string[] = [];
  const planner = new Planner({
    start: () => {
      const worker = new Worker(new URL("./odd-thread.ts", import.meta.url), {
        execArgv: ["--conditions=@packrun/source"],
        resourceLimits: { maxOldGenerationSizeMb: 32 },
        stderr: true,
      });
      threads.push(worker);
      return worker;
    },
    seconds,
    queue,
  });
  t.teardown(() => planner.close());
  const ask: World["ask"] = async (folder, tenant = "default", urgent = false) => {
    const answer = await planner.ask(tenantOf(tenant), { kind: "inputs", folder }, { urgent });
    done.push(answer.ok ? (answer.value.ok ? folder : `${folder}: refused`) : `${folder}: ${answer.fault.code}`);
  };
  return { planner, threads, ask, done };
}

t.test("tenants take turns, and the requests of one are answered in the order in which they came", async (t) => {
  const { ask, done, threads } = world(t);
  await Promise.all([
    ask("a1", "a"),
    ask("a2", "a"),
    ask("a3", "a"),
    ask("b1", "b"),
    ask("b2", "b"),
    ask("c1", "c"),
    ask("a0", "a", true),
    ask("a00", "a", true),
  ]);
  t.same(done, ["a1", "a0", "b1", "c1", "a00", "b2", "a2", "a3"], "urgent ones go before those of their tenant");
  t.equal(threads.length, 1, "all by one thread");
});

t.test("one tenant's queue is as long as it may be, and no other one is shorter for it", async (t) => {
  const { ask, done, planner } = world(t, { queue: 2 });
  const asked = [ask("1"), ask("2"), ask("3")];
  await ask("4");
  t.same(done, ["4: PLANNER_FULL"]);
  const refused = await planner.ask(tenantOf("default"), { kind: "inputs", folder: "5" });
  t.match(refused, { fault: { data: { waiting: 2, retryAfterSeconds: Number } } });
  asked.push(ask("other", "other"), ask("urgent", "default", true));
  await Promise.all(asked);
  t.same(done.toSorted(), ["1", "2", "3", "4: PLANNER_FULL", "other", "urgent"]);
});

t.test("what takes too long is ended and lost, and nothing else is", async (t) => {
  const { ask, done, threads } = world(t, { seconds: 1 });
  await Promise.all([ask("1"), ask("hang"), ask("2")]);
  t.same(done, ["1", "hang: PLANNER_TIME", "2"]);
  t.equal(threads.length, 2);
});

t.test("a thread that ends is replaced, and the request is lost that ended it", async (t) => {
  const { ask, done, threads } = world(t);
  await Promise.all([ask("exit"), ask("1"), ask("break"), ask("2"), ask("memory"), ask("3", "other")]);
  t.same(done, ["exit: PLANNER_LOST", "1", "3", "break: PLANNER_LOST", "2", "memory: PLANNER_MEMORY"]);
  t.equal(threads.length, 3, "and begun again only when there is something to do");
  await ask("4");
  t.same(done.at(-1), "4");
  await threads.at(-1)?.terminate();
  await ask("5");
  t.same(done.at(-1), "5", "also one that ended while it had nothing to do");
});

t.test("where no thread can be begun, the request is lost and the next one is not", async (t) => {
  let left = 2;
  const start = (): Worker => {
    left -= 1;
    if (left >= 0) {
      throw Object.assign(new Error("no thread"), { code: "ERR_WORKER_INIT_FAILED" });
    }
    return new Worker(new URL("./odd-thread.ts", import.meta.url), { execArgv: ["--conditions=@packrun/source"] });
  };
  const planner = new Planner({ start, seconds: 60, queue: 10 });
  t.teardown(() => planner.close());
  const ask = (folder: string): ReturnType<typeof planner.ask> =>
    planner.ask(tenantOf("default"), { kind: "inputs", folder });
  const [first, second, third] = await Promise.all([ask("1"), ask("2"), ask("3")]);
  t.match(
    [first, second, third],
    [{ fault: { code: "PLANNER_LOST" } }, { fault: { code: "PLANNER_LOST" } }, { ok: true }],
  );
});

t.test("what cannot be handed to the thread is lost, and nothing else is", async (t) => {
  const { planner, ask, done, threads } = world(t);
  let deep: Json = [];
  for (let depth = 0; depth < 20_000; depth += 1) {
    deep = [deep];
  }
  const job = { kind: "plan", folder: "deep", inputs: { deep }, staged: new Map() } as const;
  const send = (tenant: string): ReturnType<typeof planner.ask> => planner.ask(tenantOf(tenant), job);
  const lost = [send("a"), send("a"), send("b")];
  const asked = [ask("1", "a"), ask("2", "b")];
  const fault = { code: "PLANNER_LOST", message: /cannot be handed over/ };
  t.match(await Promise.all(lost), [{ fault }, { fault }, { fault }], "before the thread is ready");
  await Promise.all(asked);
  t.match(await send("a"), { fault }, "and when it is");
  await ask("3");
  t.same(done, ["1", "2", "3"]);
  t.equal(threads.length, 1);
});

t.test("a refusal is an answer, and a bug is thrown where it was asked", async (t) => {
  const { ask, done, threads } = world(t);
  await ask("refuse");
  await t.rejects(ask("throw"), { message: "a bug" });
  await ask("1");
  t.same(done, ["refuse: refused", "1"]);
  t.equal(threads.length, 1);
});

t.test("what is open when it is closed is told so, and so is what comes after", async (t) => {
  const { ask, done, planner, threads } = world(t);
  const asked = [ask("hang"), ask("1", "other")];
  await planner.close();
  await Promise.all(asked);
  await ask("2");
  t.same(done, ["hang: PLANNER_LOST", "1: PLANNER_LOST", "2: PLANNER_LOST"]);
  t.ok(threads.length <= 1);
});
