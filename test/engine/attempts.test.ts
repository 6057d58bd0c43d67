import t from "tap";
import { faultOf } from "#fault/code-table.ts";
import { fail } from "#fault/result.ts";
import { runCodes } from "#run/codes.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { parallel, planOf, run } from "../run/sample-plan.ts";
import { failure, rig, success, type Rig, type Script } from "./rig.ts";

const abc = parallel("all", [run("a"), run("b"), run("c")]);

/** Runs as long as it takes until something is true. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test("the step that comes next is made ready while one runs, and starts when that has ended", async (t) => {
  let world: Rig;
  const script: Script = async ({ stepId }) => {
    const next = { a: "b", b: "c" }[stepId];
    await (next === undefined ? undefined : until(() => world.trail.includes(`prepare ${next}`)));
    return success();
  };
  world = await rig(planOf([abc]), script);
  const end = await world.drive({ maxParallel: 1 });
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.same(world.trail, "prepare a, start a, prepare b, end a, start b, prepare c, end b, start c, end c".split(", "));
  const starts = (await world.events()).filter((event) => event.eventType === "step.started");
  t.same(
    starts.map((event) => event.stepId),
    ["a", "b", "c"],
  );
});

t.test("what was made ready for nothing is taken back", async (t) => {
  let world: Rig;
  const script: Script = async () => {
    await until(() => world.trail.includes("prepare b"));
    return failure;
  };
  world = await rig(planOf([abc], { failurePolicy: { onFailure: "drain" } }), script);
  const end = await world.drive({ maxParallel: 1 });
  t.ok(end.ok && end.value.state.status === "failed");
  t.same(world.trail, ["prepare a", "start a", "prepare b", "end a", "discard b"]);
});

t.test("what was ready too long is made ready anew, so that its files are looked at again", async (t) => {
  let world: Rig;
  const clock = tickingClock();
  const script: Script = async ({ stepId }) => {
    if (stepId === "a") {
      await until(() => world.trail.includes("prepare b"));
      await new Promise((resolve) => setImmediate(resolve));
      clock.tick(1001);
    }
    return success();
  };
  world = await rig(planOf([parallel("all", [run("a"), run("b")])]), script, { clock });
  const end = await world.drive({ maxParallel: 1 });
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.same(world.trail, "prepare a, start a, prepare b, end a, discard b, prepare b, start b, end b".split(", "));
});

t.test("a step that could not be made ready beforehand is tried again in its turn", async (t) => {
  let world: Rig;
  const tries: string[] = [];
  const script: Script = async ({ stepId }) => {
    await (stepId === "a" ? until(() => tries.length === 2) : undefined);
    return success();
  };
  world = await rig(planOf([parallel("all", [run("a"), run("b")])]), script);
  const { prepare } = world.ports.attempts;
  Object.assign(world.ports.attempts, {
    prepare: (...given: Parameters<typeof prepare>) => {
      tries.push(given[0].stepId);
      return tries.length === 2
        ? Promise.resolve(fail(faultOf(runCodes, "STEP_REPORT", { stepId: "b" })))
        : prepare(...given);
    },
  });
  const end = await world.drive({ maxParallel: 1 });
  t.ok(end.ok && end.value.state.status === "succeeded");
  t.same(tries, ["a", "b", "b"]);
  t.same(world.trail, ["prepare a", "start a", "end a", "prepare b", "start b", "end b"]);
});

t.test("a step that is wanted again while it is still being made ready is not made ready twice", async (t) => {
  let world: Rig;
  let finish: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const script: Script = async ({ stepId }) => {
    await (stepId === "x" ? until(() => world.trail.includes("prepare z")) : undefined);
    return success();
  };
  const steps = [run("p", { needs: ["x"] }), run("q", { needs: ["x"] }), run("x"), run("z")];
  world = await rig(planOf([parallel("all", steps)]), script);
  const { prepare } = world.ports.attempts;
  Object.assign(world.ports.attempts, {
    prepare: async (...given: Parameters<typeof prepare>) => {
      const ready = await prepare(...given);
      await (given[0].stepId === "z" ? held : undefined);
      return ready;
    },
  });
  const onEvents = (events: readonly { readonly eventType: string; readonly stepId?: string }[]): void => {
    // The turn that follows wants the last step.
    if (events.some(({ eventType, stepId }) => eventType === "step.succeeded" && stepId === "q")) {
      setImmediate(() => finish());
    }
  };
  const end = await world.drive({ maxParallel: 1, onEvents });
  t.ok(end.ok && end.value.state.status === "succeeded");
  const trail =
    "prepare x, start x, prepare z, end x, prepare p, start p, prepare q, end p, start q, end q, start z, end z";
  t.same(world.trail, trail.split(", "));
});
