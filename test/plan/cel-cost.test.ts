import t from "tap";
import { evaluateExpression } from "#plan/evaluate-expression.ts";

const items = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const TOO_MUCH = { fault: { code: "EXPR_TYPE", message: /takes more than 5000000 steps/ } };

t.test("what looks at a whole list for each of its items ends after so many steps", (t) => {
  for (const source of [
    "inputs.a.all(x, x in inputs.a)",
    "inputs.a.all(x, inputs.a == inputs.b)",
    "inputs.a.all(x, size(inputs.a + inputs.b) > 0)",
    "inputs.a.exists(x, inputs.text.contains(string(x) + 'z'))",
    "inputs.a.filter(x, inputs.text < inputs.other).size() == 0",
    "inputs.a.map(x, inputs.text + 'z').size() > 0",
  ]) {
    const text = "y".repeat(100_000);
    const context = (count: number): object => ({ inputs: { a: items(count), b: items(count), text, other: text } });
    t.match(evaluateExpression(source, context(20) as never), { ok: true }, source);
    t.match(evaluateExpression(source, context(5000) as never), TOO_MUCH, source);
  }
  t.end();
});

t.test("the first evaluation costs what each later one costs", (t) => {
  for (let count = 1000; count < 1130; count += 10) {
    // No other expression has this many blanks: it was not evaluated before.
    const source = `inputs.a.map(x, inputs.a) == inputs.b.map(x, inputs.b)${" ".repeat(count)}`;
    const context = { inputs: { a: items(count), b: items(count) } };
    const [first, ...later] = [1, 2, 3].map(() => evaluateExpression(source, context as never).ok);
    t.strictSame(later, [first, first], `${count} items`);
  }
  t.end();
});

t.test("each part of what is asked of every item costs something, and no error of one hides that", (t) => {
  const product = Array.from({ length: 400 }, () => "x").join("*");
  const flags = items(5000).map((at) => at === 4999);
  for (const source of [
    `inputs.a.all(x, ${product} > 1 || true)`,
    `inputs.a.filter(x, x > 1 ? ${product} > 1 : false).size() < 0`,
    "inputs.a.all(x, inputs.texts == inputs.others)",
    "inputs.a.all(x, inputs.other in inputs.texts)",
    "inputs.a.map(x, inputs.text).join('').size() > 0",
    "inputs.a.exists(x, size(inputs.a + inputs.a) < 0 || inputs.flags[x])",
  ]) {
    const [text, other] = ["y".repeat(100_000), `${"y".repeat(99_999)}y`];
    const more = { text, other, texts: [text], others: [other] };
    const given = (count: number): object => ({
      inputs: { a: items(count).map(source.includes("flags") ? Number : () => 1), flags, ...more },
    });
    t.notMatch(evaluateExpression(source, given(20) as never), TOO_MUCH, source);
    t.match(evaluateExpression(source, given(source.includes("x*x") ? 30_000 : 5000) as never), TOO_MUCH, source);
  }
  t.end();
});

t.test("one list may be gone over for each item of another, as long as that is not too often", (t) => {
  const context = (count: number): never =>
    ({ inputs: { a: items(count), b: items(count), sets: [items(count)] } }) as never;
  for (const [source, value] of [
    ["inputs.a.all(x, inputs.b.exists(y, y == x))", true],
    ["inputs.a.map(x, inputs.b.filter(y, y > x).size())[0]", 19],
    ["inputs.sets.all(s, s.all(x, inputs.a.all(y, y + x < 100)))", true],
  ] as const) {
    t.match(evaluateExpression(source, context(20)), { ok: true, value }, source);
    t.match(evaluateExpression(source.replace("100", "100000"), context(20_000)), TOO_MUCH, source);
  }
  t.end();
});

t.test("a long list is looked at once or a few times, and each evaluation has steps of its own", (t) => {
  const context = {
    inputs: { a: items(200_000), pairs: items(1000).map((at) => ({ at, list: [at, [at]] })) },
  } as never;
  for (let times = 0; times < 5; times += 1) {
    t.match(evaluateExpression("inputs.a.filter(x, x % 2 == 0).size()", context), { value: 100_000 });
    t.match(evaluateExpression("inputs.a == inputs.a && 7 in inputs.a", context), { value: true });
    t.match(evaluateExpression("inputs.pairs.exists(p, p.list == [3, [3]])", context), { value: true });
    t.match(evaluateExpression("inputs.pairs.map(p, p.at + 1)[9]", context), { value: 10 });
  }
  t.end();
});
