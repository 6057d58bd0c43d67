import t from "tap";
import { parse } from "yaml";
import { SECONDS, sloRules } from "#view/slo-rules.ts";

type Rule = {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
};
type Rules = { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] };

const slo = { runP95Seconds: 400, approvalP95Seconds: 3600, maxQueueDepth: 50 };
const text = sloRules("acme/release", slo);
const { groups } = parse(text) as Rules;
const rules = groups.flatMap((group) => group.rules);

t.test(
  "every objective has its ratios, its percentile and its burn rates, the queue an alert of its own",
  async (t) => {
    t.equal(new Set(groups.map(({ name }) => name)).size, 5);
    for (const word of ["run", "approval"]) {
      const recorded = rules.flatMap(({ record = "" }) => (record.startsWith(`packrun:${word}_`) ? [record] : []));
      t.same(recorded, [
        `packrun:${word}_seconds:p95_1h`,
        ...["5m", "1h", "30m", "6h", "2h", "1d", "3d"].map((window) => `packrun:${word}_too_slow:ratio_rate${window}`),
      ]);
    }
    const burns = rules.filter(({ alert }) => alert === "PackrunRunsTooSlow");
    t.same(
      burns.map(({ labels, expr }) => [labels["severity"], labels["window"], ...(expr.match(/> [0-9.]+/g) ?? [])]),
      [
        ["page", "1h", "> 0.72", "> 0.72"],
        ["page", "6h", "> 0.3", "> 0.3"],
        ["ticket", "1d", "> 0.15", "> 0.15"],
        ["ticket", "3d", "> 0.05", "> 0.05"],
      ],
    );
    t.match(rules.at(-1), {
      alert: "PackrunQueueFull",
      for: "5m",
      expr: 'max(packrun_queue_depth{pack="acme/release"}) >= 50',
    });
  },
);

t.test("alerts use only what is recorded, and records only the bounds that histograms have", async (t) => {
  const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
  const used = rules.flatMap(({ alert, expr }) =>
    alert === undefined ? [] : (expr.match(/packrun:[a-z0-9_:]+/g) ?? []),
  );
  t.ok(used.length === 16 && used.every((name) => recorded.has(name)));
  const bounds = rules.flatMap(({ expr }) => /le=~"([0-9]+)\(/.exec(expr)?.[1] ?? []);
  t.same([...new Set(bounds)], ["300", "3600"], "400 is held to the bound below it");
  t.ok(bounds.every((bound) => SECONDS.includes(Number(bound))));
});

t.test("what is promised sooner than any bound is held to the first, and nothing promised is no rule", async (t) => {
  t.match(sloRules("p", { runP95Seconds: 1 }), /le=~\\"1\(/);
  t.same(parse(sloRules("p", {})), { groups: [] });
  t.equal(sloRules("acme/release", slo), text);
});
