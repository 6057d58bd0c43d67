import t from "tap";
import { costBudget, OverBudget } from "#plan/cost-budget.ts";

t.test("exactly what is allowed may be spent, and what goes beyond names what was allowed", (t) => {
  const { spend, allow } = costBudget("a look");
  allow(10);
  spend(9.5);
  spend(0.5);
  t.throws(() => spend(0.1), { message: "a look takes more than 10 steps" });
  t.throws(() => spend(0), OverBudget);
  t.end();
});

t.test("what is allowed anew does not depend on what was left", (t) => {
  const { spend, allow } = costBudget("a look");
  t.throws(() => spend(1), OverBudget);
  allow(3);
  allow(2);
  spend(2);
  t.throws(() => spend(1), OverBudget);
  t.end();
});
