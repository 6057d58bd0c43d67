import * as fc from "fast-check";
import t from "tap";
import { runSummary } from "#run/summary.ts";
import { planTree } from "#verify/plan-tree.ts";
import { RunOrder } from "#verify/run-order.ts";
import { driveRandom } from "./random-drive.ts";
import { randomPlan, randomScript } from "./random-run.ts";
import { sha256 } from "./sample-plan.ts";

t.test("the verifier's own rules accept every ledger that the core writes, and read the same statuses from it", (t) => {
  fc.assert(
    fc.property(randomPlan, randomScript, (plan, chance) => {
      const { events, state } = driveRandom(plan, chance);
      const tree = planTree(plan);
      if (typeof tree === "string") {
        throw new Error(tree);
      }
      const order = new RunOrder(plan, tree, sha256);
      for (const event of events) {
        const wrong = order.take(event);
        if (wrong !== undefined) {
          throw new Error(`event ${event.sequence}: ${wrong.problem}`);
        }
      }
      for (const { id, status } of runSummary(state).steps) {
        const found = order.records.finalStatusOf(id);
        if (found !== status) {
          throw new Error(`${id} is ${status} to the core, ${found ?? "open"} to the verifier`);
        }
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});
