import t from "tap";
import { costBudget, OverBudget } from "#plan/cost-budget.ts";

const isRefused = (spend: () => void): boolean => {
  try {
    spend();
    return false;
  } catch (error) {
    return error instanceof OverBudget;
  }
};

t.test("exactly what is allowed may be spent, and what goes beyond names what was allowed", (t) => {
  const { spend, allow } = costBudget("a look");
  allow(10);
  spend(9.5);
  spend(0.5);
  t.throws(() => spend(0.1), { message: "a look takes more than 10 steps" });
  t.equal(
    isRefused(() => spend(0)),
    true,
  );
  t.end();
});

t.test("what is allowed anew does not depend on what was left", (t) => {
  const { spend, allow } = costBudget("a look");
  t.equal(
    isRefused(() => spend(1)),
    true,
  );
  allow(3);
  allow(2);
  spend(2);
  t.equal(
    isRefused(() => spend(1)),
    true,
  );
  t.end();
});
