import type { Json } from "#canon/json.ts";
import { isSamePlan, type NodeRef, type PlanDiff, type ValueChange } from "./plan-diff.ts";
import { visibleText } from "./visible-text.ts";

/** A comparison for people: `+` is only in the later plan, `-` only in the earlier one, `~` differs. */
export function planDiffText(diff: PlanDiff): string {
  if (isSamePlan(diff)) {
    return "no differences: both plans are the same, byte for byte\n";
  }
  const { added, removed, changed } = diff.nodes;
  const lines = [
    ...diff.inputs.flatMap((change) => changeLines(change, "")),
    ...diff.other.flatMap((change) => changeLines(change, "")),
    ...removed.map((node) => `- ${nodeText(node)}`),
    ...added.map((node) => `+ ${nodeText(node)}`),
    ...changed.flatMap((node) => [
      `~ ${nodeText(node)}`,
      ...node.changes.flatMap((change) => changeLines(change, "    ")),
    ]),
    ...(diff.order === undefined
      ? []
      : ["~ order of the nodes", `    - ${diff.order.before.join(", ")}`, `    + ${diff.order.after.join(", ")}`]),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function nodeText({ section, id, kind }: NodeRef): string {
  return `${section === "finally" ? "finally " : ""}${id} (${kind})`;
}

function changeLines({ pointer, before, after }: ValueChange, indent: string): readonly string[] {
  const mark = before === undefined ? "+" : after === undefined ? "-" : "~";
  const sides = [...sideLines("-", before), ...sideLines("+", after)];
  return [`${mark} ${pointer === "" ? "/" : pointer}`, ...sides.map((line) => `    ${line}`)].map(
    (line) => indent + line,
  );
}

function sideLines(mark: string, value: Json | undefined): readonly string[] {
  return value === undefined ? [] : [`${mark} ${JSON.stringify(value)}`];
}
