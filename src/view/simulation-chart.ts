import { printDuration } from "#canon/duration.ts";
import type { ChartMark, Flowchart } from "./flowchart.ts";
import type { Simulation } from "./simulation.ts";
import type { StepPreview } from "./step-preview.ts";

/** What a simulation draws: every step of the plan, those that would fail or be skipped marked. */
export function simulationChart(simulation: Simulation): Flowchart {
  const marks = marksOf(simulation);
  return {
    pack: simulation.pack,
    planHash: simulation.planHash,
    nodes: simulation.steps.map((step) => {
      const { id, kind, section, parent, needs } = step;
      const mark = marks.get(id);
      return { id, kind, section, parent, needs, lines: linesOf(step), ...(mark === undefined ? {} : { mark }) };
    }),
  };
}

function linesOf(step: StepPreview): readonly string[] {
  return [step.id, ...ownLines(step), ...(step.when === undefined ? [] : [`when ${step.when.text}`])];
}

function ownLines(step: StepPreview): readonly string[] {
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

/** Failed where any iteration failed, skipped where all were; open where only the run decides whether it runs. */
function marksOf({ steps, waves, failed, skipped }: Simulation): ReadonlyMap<string, ChartMark> {
  const moved = new Set(waves.flatMap((wave) => wave.steps.map((step) => step.step)));
  const skippedIds = new Set(skipped.map(({ id }) => id.replaceAll(/\[\d+\]/g, "[*]")));
  const failedIds = new Set(failed.map(({ step }) => step));
  const marks = new Map<string, ChartMark>();
  for (const step of steps) {
    const gone = marks.get(step.parent ?? "") === "skipped" || (!moved.has(step.id) && skippedIds.has(step.id));
    if (failedIds.has(step.id)) {
      marks.set(step.id, "failed");
    } else if (gone) {
      marks.set(step.id, "skipped");
    } else if (step.when?.decided === "run" || (step.kind === "map" && step.decided === "run")) {
      marks.set(step.id, "open");
    }
  }
  return marks;
}
