import type { Findings } from "./findings.ts";
import { listOf, textOf, type StepView } from "./step-view.ts";

/** Holds the `needs` of the children of each `parallel` to its other children; everywhere else `needs` has no place. */
export function checkNeeds(views: readonly StepView[], findings: Findings): void {
  const families = new Map<StepView, StepView[]>();
  for (const view of views) {
    if (view.parent?.kind === "parallel") {
      const family = families.get(view.parent);
      if (family === undefined) {
        families.set(view.parent, [view]);
      } else {
        family.push(view);
      }
    } else if (Object.hasOwn(view.raw, "needs")) {
      findings.add(
        "PACK_VALUE",
        { problem: '"needs" has no place here: these steps run one after the other' },
        { path: [...view.path, "needs"], part: "key" },
        { hint: "remove it, or put the steps into a parallel block" },
      );
    }
  }
  for (const family of families.values()) {
    checkFamily(family, findings);
  }
}

function checkFamily(family: readonly StepView[], findings: Findings): void {
  const byId = new Map<string, StepView>();
  for (const view of family) {
    if (view.id !== undefined && !byId.has(view.id)) {
      byId.set(view.id, view);
    }
  }
  const ids = [...byId.keys()];
  const { doubts } = findings;
  const isHidden = family.some(({ path }) => doubts.touch([...path, "id"]));
  for (const { raw, id = "?", path } of family) {
    for (const [at, item] of listOf(raw["needs"]).entries()) {
      const need = textOf(item);
      if (need !== undefined && !byId.has(need) && !isHidden && !doubts.mayBe(need)) {
        const place = { path: [...path, "needs", at], part: "value" } as const;
        findings.add("PACK_NEEDS_UNKNOWN", { id, need }, place, findings.didYouMean(need, ids));
      }
    }
  }
  for (const cycle of cyclesOf(byId)) {
    const [last] = cycle;
    const owner = last === undefined ? undefined : byId.get(last);
    if (owner !== undefined) {
      const text = [...cycle, last].join(" -> ");
      findings.add("PACK_NEEDS_CYCLE", { cycle: text }, { path: [...owner.path, "needs"], part: "value" });
    }
  }
}

/** One circle for each search that meets one, as ids in the order in which each needs the next. Linear. */
function cyclesOf(byId: ReadonlyMap<string, StepView>): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const state = new Map<string, "open" | "done">();
  for (const start of byId.keys()) {
    if (state.has(start)) {
      continue;
    }
    const trail: { readonly id: string; readonly needs: Iterator<string> }[] = [];
    const enter = (id: string): void => {
      state.set(id, "open");
      trail.push({ id, needs: needsOf(byId, id) });
    };
    enter(start);
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const next = top.needs.next();
      if (next.done === true) {
        state.set(top.id, "done");
        trail.pop();
      } else if (state.get(next.value) === "open") {
        const ids = trail.map(({ id }) => id);
        cycles.push(ids.slice(ids.indexOf(next.value)));
        break;
      } else if (!state.has(next.value)) {
        enter(next.value);
      }
    }
    for (const { id } of trail) {
      state.set(id, "done");
    }
  }
  return cycles;
}

function* needsOf(byId: ReadonlyMap<string, StepView>, id: string): Generator<string, undefined> {
  for (const item of listOf(byId.get(id)?.raw["needs"])) {
    const need = textOf(item);
    if (need !== undefined && byId.has(need)) {
      yield need;
    }
  }
  return undefined;
}
