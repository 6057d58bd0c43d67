import type { Json } from "#canon/json.ts";
import type { PlanNode } from "#plan/plan.ts";
import { expressionsIn } from "#run/expressions.ts";
import type { Graph, GraphNode } from "#run/graph.ts";
import type { Assumption } from "./assumption.ts";

/**
 * What decides a value: the plan alone; the plan and the statuses that the simulation gives its steps; or something
 * that exists only once the run is there (outputs of steps, the run's id).
 */
export type Basis = "plan" | "assumptions" | "run";

const STATUS = /\bsteps\s*(?:\.\s*([A-Za-z0-9_]+)|\[\s*["']([A-Za-z0-9_-]+)["']\s*\])\s*\.\s*status\b/g;

/**
 * What can be known of a plan before it runs. Judges expressions by the names in their text, and in doubt says `run`: a
 * name inside a quoted text counts too.
 */
export class Foreknowledge {
  readonly #graph: Graph;
  readonly #assumptions: ReadonlyMap<string, Assumption>;
  readonly #open = new Map<GraphNode, boolean>();

  constructor(graph: Graph, assumptions: ReadonlyMap<string, Assumption>) {
    this.#graph = graph;
    this.#assumptions = assumptions;
  }

  /** What decides this value, as a step at this place sees it. */
  basisOf(template: Json, at: GraphNode): Basis {
    return this.basisOfAll(expressionsIn(template), at);
  }

  basisOfAll(expressions: readonly string[], at: GraphNode): Basis {
    let basis: Basis = "plan";
    for (const expression of expressions) {
      const statuses = [...expression.matchAll(STATUS)].map(([, plain, quoted]) => plain ?? quoted ?? "");
      const rest = expression.replaceAll(STATUS, " ");
      if (
        /(?<![.\w])(?:steps|run)\b/.test(rest) ||
        this.#namesOpenItem(rest, at) ||
        statuses.some((name) => this.#isOpen(name))
      ) {
        return "run";
      }
      basis = statuses.length > 0 ? "assumptions" : basis;
    }
    return basis;
  }

  /** What decides a step's `when`; undefined where it has none. */
  whenBasis(at: GraphNode): Basis | undefined {
    const when = whenOf(at.node);
    return when === undefined ? undefined : this.basisOf(when, at);
  }

  /** What decides the items of a map. */
  itemsBasis(at: GraphNode): Basis {
    return at.node.kind === "map" ? this.basisOf(at.node.items, at) : "plan";
  }

  /** A map of which not even the number of iterations is known: one iteration stands for all. */
  hasOpenCount(at: GraphNode): boolean {
    return at.node.kind === "map" && !Array.isArray(at.node.items) && this.itemsBasis(at) === "run";
  }

  #namesOpenItem(text: string, at: GraphNode): boolean {
    for (let map = at.parent; map !== undefined; map = map.parent) {
      if (map.node.kind !== "map") {
        continue;
      }
      const names = new RegExp(`(?<![.\\w])(?:${map.node.as}${this.hasOpenCount(map) ? "|index" : ""})\\b`);
      if (this.itemsBasis(map) === "run" && names.test(text)) {
        return true;
      }
    }
    return false;
  }

  /** Whether nobody can say yet if the step will run: a condition that is open decides over it. */
  #isOpen(name: string): boolean {
    const at = this.#graph.byName.get(name);
    return at === undefined || this.#nodeIsOpen(at);
  }

  #nodeIsOpen(at: GraphNode): boolean {
    const known = this.#open.get(at);
    if (known !== undefined) {
      return known;
    }
    // Conditions look back at earlier steps only; one that does not is never taken for decided.
    this.#open.set(at, true);
    const open =
      !this.#assumptions.has(at.node.id) &&
      (this.whenBasis(at) === "run" || (at.parent !== undefined && this.#nodeIsOpen(at.parent)));
    this.#open.set(at, open);
    return open;
  }
}

export function whenOf(node: PlanNode): Json | undefined {
  return node.kind === "gate.approval" ? undefined : node.when;
}
