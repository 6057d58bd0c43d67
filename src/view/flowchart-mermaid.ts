import { CHART_MARKS, chartEdges, isContainer, type ChartNode, type Flowchart } from "./flowchart.ts";
import { grouped } from "./grouped.ts";

/** A flowchart in Mermaid: containers are boxes, gates hexagons and rhombs; skipped and failed steps are marked. */
export function flowchartMermaid(chart: Flowchart): string {
  const names = new Map(chart.nodes.map((node, at) => [node.id, `n${at}`]));
  const name = (id: string): string => names.get(id) ?? "";
  const edges = chartEdges(chart).map(({ from, to, kind }) =>
    kind === "last" ? `  ${name(from)} -.-> finally` : `  ${name(from)} --> ${name(to)}`,
  );
  const classed = CHART_MARKS.flatMap((mark) => {
    const marked = chart.nodes.filter((node) => node.mark === mark).map(({ id }) => name(id));
    return marked.length === 0 ? [] : [`  class ${marked.join(",")} ${mark}`];
  });
  const lines = [
    `%% ${label(`${chart.pack.name}@${chart.pack.version} ${chart.planHash}`)}`,
    "flowchart TD",
    ...boxes(chart.nodes, "steps", name),
    ...boxes(chart.nodes, "finally", name),
    ...edges,
    "  classDef failed stroke:#c00,stroke-width:3px",
    "  classDef skipped stroke-dasharray:4,opacity:0.6",
    "  classDef open stroke-dasharray:2",
    ...classed,
  ];
  return `${lines.join("\n")}\n`;
}

function boxes(
  nodes: readonly ChartNode[],
  section: ChartNode["section"],
  name: (id: string) => string,
): readonly string[] {
  const children = grouped(
    nodes.filter((node) => node.section === section),
    (node) => node.parent,
  );
  const draw = (parent: string | null, indent: string): readonly string[] =>
    (children.get(parent) ?? []).flatMap((node) =>
      isContainer(node)
        ? [`${indent}subgraph ${name(node.id)}["${titleOf(node)}"]`, ...draw(node.id, `${indent}  `), `${indent}end`]
        : [`${indent}${name(node.id)}${shapeOf(node)}`],
    );
  const inside = draw(null, section === "finally" ? "    " : "  ");
  return section === "steps" || inside.length === 0 ? inside : ['  subgraph finally["finally"]', ...inside, "  end"];
}

function shapeOf(node: ChartNode): string {
  const title = titleOf(node);
  switch (node.kind) {
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

const titleOf = (node: ChartNode): string => node.lines.map(label).join("<br/>");

/** Text of packs inside a quoted label: nothing of it is read as Mermaid or as markup. */
function label(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 79).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
  return short.replaceAll(/[^A-Za-z0-9 ._:/@,*$=!…-]/gu, (found) => `#${found.codePointAt(0) ?? 0};`);
}
