import type { StepPreview } from "./step-preview.ts";

/** How a node of a flowchart ended, or that only the run decides whether it runs. */
export type ChartMark = "failed" | "skipped" | "open";

/** A step as it is drawn; `parallel` and `map` are boxes around the nodes whose parent they are. */
export type ChartNode = Pick<StepPreview, "id" | "kind" | "section" | "parent" | "needs"> & {
  /** What is written on it, from the top; the first line is its id. */
  readonly lines: readonly string[];
  readonly mark?: ChartMark;
};

/** A plan as boxes and arrows, in canonical order: what Mermaid and Graphviz draw is made from this. */
export type Flowchart = {
  readonly pack: { readonly name: string; readonly version: string };
  readonly planHash: string;
  readonly nodes: readonly ChartNode[];
};

export type ChartEdge = {
  readonly from: string;
  readonly to: string;
  /** `last`: what ends before `finally` begins. */
  readonly kind: "needs" | "last";
};

export const CHART_MARKS: readonly ChartMark[] = ["failed", "skipped", "open"];

export function isContainer({ kind }: Pick<ChartNode, "kind">): boolean {
  return kind === "parallel" || kind === "map";
}

/** The arrows: from what is needed to what needs it, and from the last step to the first of `finally`. */
export function chartEdges({ nodes }: Pick<Flowchart, "nodes">): readonly ChartEdge[] {
  const needs = nodes.flatMap(({ id, needs: needed }) =>
    needed.map((from): ChartEdge => ({ from, to: id, kind: "needs" })),
  );
  const last = nodes.findLast(({ parent, section }) => parent === null && section === "steps");
  const first = nodes.find(({ section }) => section === "finally");
  return last === undefined || first === undefined ? needs : [...needs, { from: last.id, to: first.id, kind: "last" }];
}
