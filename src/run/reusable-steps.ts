import { siblingOf, type Instance } from "./instance.ts";
import type { RunState } from "./state.ts";
import type { Values } from "./value.ts";

/**
 * The steps of a finished run that another run of the same plan may take over, with their outputs. Linear in the run.
 * 1. Only run steps that succeeded, and none of `finally`, which belongs to its own run.
 * 2. None that stands behind a step which runs again, because of its needs or those of a container around it: what it made
 *    may rest on what that step makes anew.
 * 3. What did not succeed runs again, and so does what `named` names (instance ids or template ids). Gates are asked again, and
 *    so are conditions; a step whose condition was false holds nothing back.
 */
export function reusableSteps(state: RunState, named: ReadonlySet<string>): Readonly<Record<string, Values>> {
  const all = [...state.live.byId.values()];
  const again = runAgain(all.filter((instance) => isDue(instance, named)));
  const reused = all.filter(
    (instance) =>
      instance.at.node.kind === "run" &&
      !instance.at.inFinally &&
      instance.record?.status === "succeeded" &&
      !again.has(instance),
  );
  return Object.fromEntries(reused.map(({ id, record }): [string, Values] => [id, record?.outputs ?? {}]));
}

function isDue({ id, at, record }: Instance, named: ReadonlySet<string>): boolean {
  const skipped = record?.status === "skipped" && record.reason === "WHEN_FALSE";
  const left = at.node.kind === "run" && record?.status !== "succeeded" && !skipped;
  return left || named.has(id) || named.has(at.node.id);
}

/** These, what is inside them, and all that stands behind any of that. */
function runAgain(due: readonly Instance[]): ReadonlySet<Instance> {
  const again = new Set<Instance>();
  // What holds back its dependents: what runs again, and every container in which something does.
  const holding = new Set<Instance>();
  const open = [...due];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (!again.has(next)) {
      again.add(next);
      next.kids.forEach((kids) => open.push(...kids));
      for (let at: Instance | undefined = next; at !== undefined && !holding.has(at); at = at.parent) {
        holding.add(at);
        open.push(...dependentsOf(at));
      }
    }
  }
  return again;
}

function dependentsOf(instance: Instance): readonly Instance[] {
  return instance.at.dependents.flatMap((node) => siblingOf(instance, node) ?? []);
}
