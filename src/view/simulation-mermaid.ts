import { printDuration } from "#canon/duration.ts";
import type { Simulation } from "./simulation.ts";
import { grouped } from "./grouped.ts";
import type { StepPreview } from "./step-preview.ts";

type End = "failed" | "skipped" | "open";

/** A simulation as a Mermaid flowchart: containers are boxes, gates hexagons and rhombs; skipped and failed steps are marked. */
export function simulationMermaid(simulation: Simulation): string {
  const names = new Map(simulation.steps.map((step, at) => [step.id, `n${at}`]));
  const ends = endsOf(simulation);
  const edges = simulation.steps.flatMap((step) =>
    step.needs.map((need) => `  ${names.get(need) ?? ""} --> ${names.get(step.id) ?? ""}`),
  );
  const classed = (["failed", "skipped", "open"] as const).flatMap((end) => {
    const of = simulation.steps.filter((step) => ends.get(step.id) === end).map((step) => names.get(step.id) ?? "");
    return of.length === 0 ? [] : [`  class ${of.join(",")} ${end}`];
  });
  const lines = [
    `%% ${label(`${simulation.pack.name}@${simulation.pack.version} ${simulation.planHash}`)}`,
    "flowchart TD",
    ...boxes(simulation.steps, "steps", names),
    ...boxes(simulation.steps, "finally", names),
    ...edges,
    ...finallyEdge(simulation.steps, names),
    "  classDef failed stroke:#c00,stroke-width:3px",
    "  classDef skipped stroke-dasharray:4,opacity:0.6",
    "  classDef open stroke-dasharray:2",
    ...classed,
  ];
  return `${lines.join("\n")}\n`;
}

function boxes(
  steps: readonly StepPreview[],
  section: StepPreview["section"],
  names: ReadonlyMap<string, string>,
): readonly string[] {
  const own = steps.filter((step) => step.section === section);
  const children = grouped(own, (step) => step.parent);
  const draw = (parent: string | null, indent: string): readonly string[] =>
    (children.get(parent) ?? []).flatMap((step) => {
      const name = names.get(step.id) ?? "";
      return step.kind === "map" || step.kind === "parallel"
        ? [`${indent}subgraph ${name}["${titleOf(step)}"]`, ...draw(step.id, `${indent}  `), `${indent}end`]
        : [`${indent}${name}${shapeOf(step)}`];
    });
  const inside = draw(null, section === "finally" ? "    " : "  ");
  return section === "steps" || inside.length === 0 ? inside : ['  subgraph finally["finally"]', ...inside, "  end"];
}

/** `finally` begins when everything else has ended. */
function finallyEdge(steps: readonly StepPreview[], names: ReadonlyMap<string, string>): readonly string[] {
  const roots = steps.filter((step) => step.parent === null && step.section === "steps");
  const last = roots.at(-1);
  const first = steps.find((step) => step.section === "finally");
  return last === undefined || first === undefined ? [] : [`  ${names.get(last.id) ?? ""} -.-> finally`];
}

function shapeOf(step: StepPreview): string {
  const title = titleOf(step);
  switch (step.kind) {
    case "gate.approval":
      return `{{"${title}"}}`;
    case "gate.policy":
      return `{"${title}"}`;
    case "run":
    case "parallel":
    case "map":
      return `["${title}"]`;
  }
}

function titleOf(step: StepPreview): string {
  const when = step.when === undefined ? [] : [`when ${step.when.text}`];
  return [step.id, ...ownTitle(step), ...when].map(label).join("<br/>");
}

function ownTitle(step: StepPreview): readonly string[] {
  switch (step.kind) {
    case "run":
      return step.sandbox.egress.length === 0 ? [] : [`egress ${step.sandbox.egress.join(", ")}`];
    case "parallel":
      return step.maxParallel === undefined ? [] : [`at most ${step.maxParallel} at a time`];
    case "map":
      return [step.count === undefined ? `up to ${step.upTo ?? 0} items` : `${step.count} items`];
    case "gate.approval":
      return [`${step.required} of ${step.from.join(" or ")} within ${printDuration(step.ttlMs)}`];
    case "gate.policy":
      return [`policy ${step.policy}`];
  }
}

/** Text of packs inside a quoted label: nothing of it is read as Mermaid or as markup. */
function label(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
  return short.replaceAll(/[^A-Za-z0-9 ._:/@,*$=!…-]/gu, (found) => `#${found.codePointAt(0) ?? 0};`);
}

/** Failed where any iteration failed, skipped where all were; open where only the run decides whether it runs. */
function endsOf({ steps, waves, failed, skipped }: Simulation): ReadonlyMap<string, End> {
  const moved = new Set(waves.flatMap((wave) => wave.steps.map((step) => step.step)));
  const skippedIds = new Set(skipped.map(({ id }) => id.replaceAll(/\[\d+\]/g, "[*]")));
  const failedIds = new Set(failed.map(({ step }) => step));
  const ends = new Map<string, End>();
  for (const step of steps) {
    const container = step.kind === "map" || step.kind === "parallel";
    const gone = ends.get(step.parent ?? "") === "skipped" || (!moved.has(step.id) && skippedIds.has(step.id));
    if (failedIds.has(step.id)) {
      ends.set(step.id, "failed");
    } else if (gone) {
      ends.set(step.id, "skipped");
    } else if (step.when?.decided === "run" || (container && step.kind === "map" && step.decided === "run")) {
      ends.set(step.id, "open");
    }
  }
  return ends;
}
