import type { Plan } from "#plan/plan.ts";
import { templateIdOf } from "#run/graph.ts";
import { siblingOf, type Instance } from "#run/instance.ts";
import type { Assumption } from "./assumption.ts";
import { whenOf } from "./foreknowledge.ts";
import type { PretendedRun } from "./pretend-run.ts";
import { templateText } from "./template-text.ts";

/** A step that would not run; what is inside a skipped container is not listed again. */
export type SkipPreview = { readonly id: string; readonly reason: string; readonly why: string };

export function skipReasons(
  { skips, state }: PretendedRun,
  plan: Plan,
  assumptions: ReadonlyMap<string, Assumption>,
): readonly SkipPreview[] {
  const conditions = new Map([...plan.steps, ...plan.finally].map((node) => [node.id, whenOf(node)]));
  return skips.map(({ stepId, reason }) => {
    const assumed = assumptions.get(templateIdOf(stepId))?.act === "skip";
    const when = conditions.get(templateIdOf(stepId));
    const condition =
      when === undefined || when === false ? "its condition is false" : `${templateText(when)} is false`;
    return { id: stepId, reason, why: assumed ? "assumed" : whyOf(reason, condition, state.live.byId.get(stepId)) };
  });
}

function whyOf(reason: string, condition: string, instance: Instance | undefined): string {
  switch (reason) {
    case "WHEN_FALSE":
      return condition;
    case "UPSTREAM_FAILED":
      return `needs ${failedNeeds(instance).join(" and ")}`;
    default:
      return "the run stops";
  }
}

/** What it needs and did not get, each with what became of that. */
function failedNeeds(instance: Instance | undefined): readonly string[] {
  return (instance?.at.needs ?? []).flatMap((need) => {
    const needed = instance === undefined ? undefined : siblingOf(instance, need);
    const { status, reason } = needed?.record ?? {};
    const stands = status === "failed" || (status === "skipped" && reason === "UPSTREAM_FAILED");
    return needed !== undefined && stands
      ? [`${need.node.id}, which ${status === "failed" ? "failed" : "was skipped"}`]
      : [];
  });
}
