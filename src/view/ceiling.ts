import type { Plan, RunNode } from "#plan/plan.ts";
import { graphOf, type GraphNode } from "#run/graph.ts";
import { entryOf } from "#run/run-record.ts";
import { whenOf } from "./foreknowledge.ts";

/** The most that a plan can use up, whatever its steps do. Milliseconds; time spent waiting for people apart. */
export type Ceiling = {
  /** The plan's own bound of everything before `finally`. */
  readonly wallClockMs?: number;
  /** Along the longest path before `finally`: every attempt takes its whole timeout, every wait its most. */
  readonly longestPathMs: number;
  readonly finallyMs: number;
  /** The smaller of the first two, and `finally`. */
  readonly totalMs: number;
  /** Everything one after the other, as on a machine that runs one attempt at a time; bounded by the wall clock too. */
  readonly inSequenceMs: number;
  /** Along the longest path of approval gates: their times to live. */
  readonly approvalsMs: number;
  readonly attempts: number;
  readonly egress?: { readonly requests: number; readonly bytes: number };
};

/** What a step and all that is inside it takes: along its longest path, all together, and in attempts. */
type Span = { readonly path: number; readonly work: number; readonly attempts: number };
/** The same for siblings; `taken` is the time for which they hold places beside each other. */
type Siblings = Span & { readonly taken: number };

const NOTHING: Span = { path: 0, work: 0, attempts: 0 };

export function ceilingOf(plan: Plan): Ceiling {
  const graph = graphOf(plan);
  const main = spanOfSiblings(graph.main, spanOf);
  const last = spanOfSiblings(graph.finally, spanOf);
  const { wallClockMs, egressQuota } = plan.sandbox;
  const bound = wallClockMs ?? Number.POSITIVE_INFINITY;
  return {
    ...(wallClockMs === undefined ? {} : { wallClockMs }),
    longestPathMs: main.path,
    finallyMs: last.path,
    totalMs: Math.min(bound, main.path) + last.path,
    inSequenceMs: Math.min(bound, main.work) + last.work,
    approvalsMs: spanOfSiblings(graph.main, (at) => approvalSpan(at, plan)).path,
    attempts: main.attempts + last.attempts,
    ...(egressQuota === undefined ? {} : { egress: egressQuota }),
  };
}

/** The longest a step can take: all its attempts and the waits between them. */
export function longestMs({ timeoutMs, retry }: RunNode): number {
  return retry.maxAttempts * timeoutMs + retryWaits({ retry }).reduce((sum, wait) => sum + wait, 0);
}

/** The longest wait before each further attempt: jitter adds less than a fifth. */
export function retryWaits({ retry }: Pick<RunNode, "retry">): readonly number[] {
  const waits: number[] = [];
  for (let base = retry.initialMs; waits.length < retry.maxAttempts - 1; base *= retry.factor) {
    waits.push(Math.ceil(Math.min(base, retry.maxMs) * 1.2));
  }
  return waits;
}

function spanOf(at: GraphNode): Span {
  const { node } = at;
  if (whenOf(node) === false) {
    return NOTHING;
  }
  switch (node.kind) {
    case "run": {
      const longest = longestMs(node);
      return { path: longest, work: longest, attempts: node.retry.maxAttempts };
    }
    case "parallel":
      return limited(spanOfSiblings(at.children, spanOf), at.children.length, node.maxParallel);
    case "map": {
      const count = Array.isArray(node.items) ? node.items.length : node.maxItems;
      const one = spanOfSiblings(at.children, spanOf);
      const path = count === 0 ? 0 : one.path;
      const all = { path, work: one.work * count, attempts: one.attempts * count, taken: path * count };
      return limited(all, count, node.maxParallel);
    }
    case "gate.approval":
    case "gate.policy":
      return NOTHING;
  }
}

function approvalSpan(at: GraphNode, plan: Plan): Span {
  const { node } = at;
  if (node.kind === "gate.approval") {
    const path = entryOf(plan.approvals, node.approval)?.ttlMs ?? 0;
    return { path, work: path, attempts: 0 };
  }
  return spanOfSiblings(at.children, (child) => approvalSpan(child, plan));
}

/**
 * No more than `places` of `count` children at the same time. Whenever one has to wait all places are taken, so the whole
 * takes no longer than the path and the rest of the work shared out (Graham 1969, for schedules that never idle).
 */
function limited({ path, taken, work, attempts }: Siblings, count: number, places: number | undefined): Span {
  const waits = places === undefined || places >= count ? 0 : Math.ceil(Math.max(0, taken - path) / places);
  return { path: path + waits, work, attempts };
}

function spanOfSiblings(siblings: readonly GraphNode[], spanOfOne: (at: GraphNode) => Span): Siblings {
  const spans = new Map(siblings.map((at) => [at, spanOfOne(at)]));
  const ends = new Map<GraphNode, number>();
  const all = [...spans.values()];
  return {
    path: Math.max(0, ...siblings.map((at) => endOf(at, spans, ends))),
    work: all.reduce((sum, span) => sum + span.work, 0),
    attempts: all.reduce((sum, span) => sum + span.attempts, 0),
    taken: all.reduce((sum, span) => sum + span.path, 0),
  };
}

/** When a sibling ends at the latest. A step in a circle of needs, which no compiled plan has, counts as ended. */
function endOf(from: GraphNode, spans: ReadonlyMap<GraphNode, Span>, ends: Map<GraphNode, number>): number {
  const open = [from];
  const visiting = new Set<GraphNode>();
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const missing = visiting.has(at) ? [] : at.needs.filter((need) => !ends.has(need) && !visiting.has(need));
    visiting.add(at);
    if (missing.length > 0 && !ends.has(at)) {
      open.push(...missing);
      continue;
    }
    const start = Math.max(0, ...at.needs.map((need) => ends.get(need) ?? 0));
    ends.set(at, start + (spans.get(at)?.path ?? 0));
    open.pop();
  }
  return ends.get(from) ?? 0;
}
