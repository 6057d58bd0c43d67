import fc from "fast-check";
import t from "tap";
import type { PackNode } from "#plan/pack-tree.ts";
import { needsOrder } from "#plan/needs-order.ts";
import { findingsIn, packAround, saysIn } from "./sample-plan.ts";

const uses = (id: string): string => `env: {V: "\${{ steps.${id}.status }}"}, run: {command: ["true"]}`;
const plain = 'run: {command: ["true"]}';

t.test("a step sees only what has surely ended before it", async (t) => {
  t.strictSame(saysIn(packAround(`- {id: a, ${uses("b")}}\n- {id: b, ${plain}}`)), ["EXPR_ORDER steps.b"]);
  t.strictSame(saysIn(packAround(`- {id: a, ${uses("a")}}`)), ["EXPR_ORDER steps.a"]);
  t.strictSame(saysIn(packAround(`- {id: p, parallel: {steps: [{id: a, ${plain}}, {id: b, ${uses("a")}}]}}`)), [
    "EXPR_ORDER steps.a",
  ]);
  t.strictSame(
    saysIn(packAround(`- {id: p, parallel: {steps: [{id: a, ${plain}}, {id: b, needs: [a], ${uses("a")}}]}}`)),
    [],
  );
  t.strictSame(
    saysIn(
      packAround(
        `- {id: p, parallel: {steps: [{id: c, needs: [b], ${uses("a")}}, {id: b, needs: [a], ${plain}}, {id: a, ${plain}}]}}`,
      ),
    ),
    [],
    "through another one",
  );
  t.strictSame(
    saysIn(packAround(`- {id: p, parallel: {steps: [{id: a, ${uses("p")}}]}}`)),
    ["EXPR_ORDER steps.p"],
    "the block around it has not ended",
  );
  t.strictSame(saysIn(packAround(`- {id: p, parallel: {steps: [{id: a, ${plain}}]}}\n- {id: b, ${uses("a")}}`)), []);
});

t.test(
  "steps of finally see all steps and the earlier ones of finally, and are seen by none of the others",
  async (t) => {
    const both = (step: string, last: string): readonly string[] =>
      saysIn(packAround(`- {id: a, ${step}}`, `  finally: [{id: y, ${plain}}, {id: z, ${last}}]`));
    t.strictSame(both(plain, uses("a")), []);
    t.strictSame(both(plain, uses("y")), []);
    t.strictSame(both(uses("z"), plain), ["EXPR_ORDER steps.z"]);
  },
);

t.test("a policy sees what has ended before each gate that uses it", async (t) => {
  const policies = "  finally: []";
  const text = packAround(
    `- {id: early, gate: {policy: late}}\n- {id: scan, ${plain}, outputs: {n: {type: integer}}}\n- {id: then, gate: {policy: late}}`,
    policies,
  ).replace(
    '{engine: cel, expression: "true"}',
    '{engine: cel, expression: "true"}, late: {engine: cel, expression: "steps.scan.outputs.n == 0"}',
  );
  const found = findingsIn(text);
  t.strictSame(
    found.map(({ code, at, message }) => `${code} ${at}: ${message}`),
    ['EXPR_ORDER steps.scan: step "scan" is not surely finished before "early"'],
  );
});

t.test("the hint says what to do about the order", async (t) => {
  const text = packAround(`- {id: p, parallel: {steps: [{id: a, ${plain}}, {id: b, ${uses("a")}}]}}`);
  t.match(findingsIn(text), [{ message: 'step "a" is not surely finished before "b"', hint: 'add needs: [a] to "b"' }]);
});

type Growing = PackNode & { readonly needs: PackNode[] };

/** Siblings whose needs point only backwards in a hidden order. */
const blocks = fc
  .integer({ min: 1, max: 45 })
  .chain((size) =>
    fc.tuple(
      fc.shuffledSubarray([...Array(size).keys()], { minLength: size }),
      fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
    ),
  )
  .map(([order, wishes]) => {
    const place = new Map(order.map((rank, at) => [rank, at]));
    const nodes = order.map(
      (_, rank) => ({ rank, needs: [] as PackNode[] }) as unknown as PackNode & { needs: PackNode[] },
    );
    for (const [rank, wished] of wishes.entries()) {
      const earlier = [...new Set(wished)].filter((need) => (place.get(need) ?? 0) < (place.get(rank) ?? 0));
      nodes[rank]?.needs.push(...earlier.flatMap((need) => nodes[need] ?? []));
    }
    return nodes;
  });

t.test("needs through others are found exactly as a plain search finds them", async () => {
  const reaches = (from: PackNode, to: PackNode, seen = new Set<PackNode>()): boolean =>
    from.needs.some((need) => need === to || (!seen.has(need) && reaches(need, to, seen.add(need))));
  fc.assert(
    fc.property(blocks, (nodes) => {
      const { isNeededBy } = needsOrder(nodes);
      return nodes.every((later) => nodes.every((first) => isNeededBy(first, later) === reaches(later, first)));
    }),
    { numRuns: 60 },
  );
});

t.test("a long chain of needs is looked through without listing what comes before each step", async (t) => {
  const nodes = Array.from({ length: 20_000 }, (_, rank) => ({ rank, needs: [] as PackNode[] }) as unknown as Growing);
  nodes.forEach((node, rank) =>
    node.needs.push(...(nodes[rank - 1] === undefined ? [] : [nodes[rank - 1] as PackNode])),
  );
  const { isNeededBy } = needsOrder(nodes);
  const [first] = nodes;
  t.ok(first !== undefined && nodes.slice(1).every((later) => isNeededBy(first, later) && !isNeededBy(later, first)));
});
