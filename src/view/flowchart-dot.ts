import {
  chartEdges,
  isContainer,
  type ChartEdge,
  type ChartMark,
  type ChartNode,
  type Flowchart,
} from "./flowchart.ts";
import { grouped } from "./grouped.ts";
import { visibleText } from "./visible-text.ts";

/**
 * A flowchart in the DOT language of Graphviz. Arrows of containers begin and end at their border: `compound` clips an arrow
 * between two nodes inside to the clusters that `ltail` and `lhead` name.
 */
export function flowchartDot(chart: Flowchart): string {
  const names = new Map(chart.nodes.map((node, at) => [node.id, `n${at}`]));
  const name = (id: string): string => names.get(id) ?? "";
  const children = grouped(chart.nodes, ({ section, parent }) => `${section} ${parent ?? ""}`);
  const draw = (section: ChartNode["section"], parent: string, indent: string): readonly string[] =>
    (children.get(`${section} ${parent}`) ?? []).flatMap((node) =>
      isContainer(node)
        ? cluster(name(node.id), node, draw(section, node.id, `${indent}  `), indent)
        : [`${indent}${name(node.id)} [${attributes(node)}];`],
    );
  const last = draw("finally", "", "    ");
  const lines = [
    `digraph ${quoted(`${chart.pack.name}@${chart.pack.version}`)} {`,
    `  // planHash ${chart.planHash}`,
    '  graph [compound=true, fontname="sans-serif"];',
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ...draw("steps", "", "  "),
    ...(last.length === 0 ? [] : ["  subgraph cluster_finally {", '    label="finally";', ...last, "  }"]),
    ...arrows(chart, name),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function cluster(name: string, node: ChartNode, inside: readonly string[], indent: string): readonly string[] {
  const style = node.mark === undefined ? [] : [`${indent}  ${MARKS[node.mark]};`];
  return [`${indent}subgraph cluster_${name} {`, `${indent}  label=${title(node)};`, ...style, ...inside, `${indent}}`];
}

const MARKS: Readonly<Record<ChartMark, string>> = {
  failed: 'color="#cc0000"',
  skipped: 'style="dashed"',
  open: 'style="dotted"',
};

function attributes(node: ChartNode): string {
  const shape =
    node.kind === "gate.approval" ? ["shape=hexagon"] : node.kind === "gate.policy" ? ["shape=diamond"] : [];
  return [`label=${title(node)}`, ...shape, ...(node.mark === undefined ? [] : [MARKS[node.mark]])].join(", ");
}

function arrows(chart: Flowchart, name: (id: string) => string): readonly string[] {
  const byId = new Map(chart.nodes.map((node) => [node.id, node]));
  const children = grouped(chart.nodes, ({ parent }) => parent);
  const leaf = (id: string, at: 0 | -1): string => {
    const inside = children.get(id)?.at(at);
    return inside === undefined ? id : leaf(inside.id, at);
  };
  const border = (id: string): string | undefined => {
    const node = byId.get(id);
    return node !== undefined && isContainer(node) ? `cluster_${name(id)}` : undefined;
  };
  return chartEdges(chart).map(({ from, to, kind }) => {
    const head = kind === "last" ? "cluster_finally" : border(to);
    const clipped = [option("ltail", border(from)), option("lhead", head), styleOf(kind)].flat();
    const more = clipped.length === 0 ? "" : ` [${clipped.join(", ")}]`;
    return `  ${name(leaf(from, -1))} -> ${name(leaf(to, 0))}${more};`;
  });
}

const option = (key: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${key}=${value}`];
const styleOf = (kind: ChartEdge["kind"]): readonly string[] => (kind === "last" ? ["style=dashed"] : []);

const title = (node: ChartNode): string => quoted(node.lines.map(shortened).join("\n"));

function shortened(text: string): string {
  return visibleText(text.length > 80 ? `${text.slice(0, 79).replace(/[\uD800-\uDBFF]$/, "")}…` : text);
}

/** A quoted id of DOT, in which only quotes and backslashes mean anything; `\n` breaks the line of a label. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
