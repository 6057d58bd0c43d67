import type { Plan } from "#plan/plan.ts";

/** Upper bounds of the histograms of runs and of approvals, in seconds: rules can tell slow from fast only at these. */
export const SECONDS: readonly number[] = [
  1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800,
];

export type Slo = NonNullable<Plan["slo"]>;

/**
 * Windows in which the error budget of 30 days may burn, as the SRE Workbook (chapter 5) has them: `share` of it within
 * `long` is that many times the speed at which it would just last. `short` lets an alert end soon after its cause.
 */
const WINDOWS = [
  { share: "2 %", long: "1h", short: "5m", speed: 14.4, severity: "page" },
  { share: "5 %", long: "6h", short: "30m", speed: 6, severity: "page" },
  { share: "10 %", long: "1d", short: "2h", speed: 3, severity: "ticket" },
  { share: "10 %", long: "3d", short: "6h", speed: 1, severity: "ticket" },
] as const;
const LENGTHS = [...new Set(WINDOWS.flatMap(({ short, long }) => [short, long]))];
/** Of a 95th percentile: so many runs may be slower. */
const BUDGET = 0.05;

type Objective = {
  readonly word: "run" | "approval";
  readonly metric: string;
  readonly alert: string;
  readonly seconds: number;
};

/** Prometheus recording and alert rules for what a pack promises, in YAML; the same pack gives the same bytes. */
export function sloRules(pack: string, slo: Slo): string {
  const objectives: readonly Objective[] = [
    ...objective("run", "packrun_run_duration_seconds", "PackrunRunsTooSlow", slo.runP95Seconds),
    ...objective("approval", "packrun_approval_wait_seconds", "PackrunApprovalsTooSlow", slo.approvalP95Seconds),
  ];
  const groups = [
    ...objectives.flatMap((each) => [recording(pack, each), alerts(pack, each)]),
    ...(slo.maxQueueDepth === undefined ? [] : [queueAlert(pack, slo.maxQueueDepth)]),
  ];
  return groups.length === 0 ? "groups: []\n" : `groups:\n${groups.join("")}`;
}

function objective(
  word: Objective["word"],
  metric: string,
  alert: string,
  seconds: number | undefined,
): readonly Objective[] {
  return seconds === undefined ? [] : [{ word, metric, alert, seconds }];
}

/** The bound at or below what is promised: a run is never counted as fast that may have been slow. */
function boundOf(seconds: number): number {
  return SECONDS.findLast((bound) => bound <= seconds) ?? SECONDS[0] ?? seconds;
}

function recording(pack: string, { word, metric, seconds }: Objective): string {
  const label = `pack=${JSON.stringify(pack)}`;
  const bound = boundOf(seconds);
  // Prometheus 3 writes the bounds of histograms as 300.0, earlier ones as they come.
  const fast = (window: string): string => `sum(rate(${metric}_bucket{${label},le=~"${bound}(\\\\.0)?"}[${window}]))`;
  const all = (window: string): string => `sum(rate(${metric}_count{${label}}[${window}]))`;
  const ratios = LENGTHS.map((window) =>
    rule("record", `packrun:${word}_too_slow:ratio_rate${window}`, `1 - ${fast(window)} / ${all(window)}`, [
      ["pack", pack],
    ]),
  );
  const quantile = `histogram_quantile(0.95, sum by (le) (rate(${metric}_bucket{${label}}[1h])))`;
  const note =
    bound === seconds
      ? `  # ${word}: 95 % within ${seconds} s\n`
      : `  # ${word}: 95 % within ${seconds} s, held to ${bound} s, the nearest bound of the histogram\n`;
  return group(note, `packrun-slo:${pack}:${word}`, [
    rule("record", `packrun:${word}_seconds:p95_1h`, quantile, [["pack", pack]]),
    ...ratios,
  ]);
}

function alerts(pack: string, { word, alert, seconds }: Objective): string {
  const burns = WINDOWS.map(({ share, long, short, speed, severity }) => {
    const most = Math.round(speed * BUDGET * 1000) / 1000;
    const over = (window: string): string =>
      `packrun:${word}_too_slow:ratio_rate${window}{pack=${JSON.stringify(pack)}} > ${most}`;
    const summary = `${share} of the month's budget for slow ${word}s of ${pack} burnt within ${long}`;
    const description = `The pack promises that 95 % of its ${word}s take at most ${seconds} s.`;
    return rule(
      "alert",
      alert,
      `${over(long)} and ${over(short)}`,
      [
        ["pack", pack],
        ["severity", severity],
        ["window", long],
      ],
      [
        ["summary", summary],
        ["description", description],
      ],
    );
  });
  return group("", `packrun-slo:${pack}:${word}:alerts`, burns);
}

/** Every server over one store tells the same depth. */
function queueAlert(pack: string, depth: number): string {
  const most = `max(packrun_queue_depth{pack=${JSON.stringify(pack)}}) >= ${depth}`;
  const summary = `the queue of ${pack} is full: new runs are refused`;
  return group("", `packrun-slo:${pack}:queue`, [
    rule(
      "alert",
      "PackrunQueueFull",
      most,
      [
        ["pack", pack],
        ["severity", "page"],
      ],
      [["summary", summary]],
      "5m",
    ),
  ]);
}

function group(note: string, name: string, rules: readonly string[]): string {
  return `${note}  - name: ${JSON.stringify(name)}\n    rules:\n${rules.join("")}`;
}

type Pairs = readonly (readonly [string, string])[];

/** Strings of JSON are strings of YAML. */
function rule(
  kind: "record" | "alert",
  name: string,
  expression: string,
  labels: Pairs,
  annotations: Pairs = [],
  wait?: string,
): string {
  const map = (title: string, pairs: Pairs): string =>
    pairs.length === 0
      ? ""
      : `        ${title}:\n${pairs.map(([key, text]) => `          ${key}: ${JSON.stringify(text)}\n`).join("")}`;
  return (
    `      - ${kind}: ${name}\n        expr: ${JSON.stringify(expression)}\n` +
    (wait === undefined ? "" : `        for: ${wait}\n`) +
    map("labels", labels) +
    map("annotations", annotations)
  );
}
