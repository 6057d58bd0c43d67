import { isSamePlan } from "./plan-diff.ts";
import { planDiffText } from "./plan-diff-text.ts";
import type { Pair, RunDiff, RunSide, StepSide } from "./run-diff.ts";
import { fitMiddle, padded } from "./text-width.ts";
import { seconds } from "./transition.ts";

/** Columns of the widest name and of the widest value on the left. */
const NAME_COLUMNS = 32;
const SIDE_COLUMNS = 44;

type Row = { readonly name: string; readonly differs: boolean; readonly before: string; readonly after: string };

/** Two runs for people, side by side; `~` stands before what differs in more than its time. */
export function runDiffText(diff: RunDiff): string {
  const plan = isSamePlan(diff.plan) ? [] : ["plan", ...indented(planDiffText(diff.plan))];
  const verdict = diff.differs ? [] : ["no differences but time"];
  const rows = [
    ...sideRows(diff.before, diff.after),
    ...diff.steps.map((pair) => row(pair, stepText)),
    ...diff.decisions.map((pair) =>
      row({ ...pair, id: `gate ${pair.id}` }, (given) => given.join(", ") || "no decision"),
    ),
    ...diff.outputs.map((pair) => row({ ...pair, id: `output ${pair.id}` }, valueText)),
  ];
  return `${[...table(rows), ...plan, ...verdict].join("\n")}\n`;
}

function sideRows(before: RunSide, after: RunSide): readonly Row[] {
  const both = (name: string, of: (side: RunSide) => string, counts = true): Row => {
    const [a, b] = [of(before), of(after)];
    return { name, differs: counts && a !== b, before: a, after: b };
  };
  return [
    both("run", ({ runId }) => runId, false),
    both("pack", ({ pack }) => pack),
    both("planHash", ({ planHash }) => planHash),
    both("status", ({ status, reason }) => (reason === undefined ? status : `${status} (${reason})`)),
    both("by", ({ requestedBy }) => requestedBy),
    both("took", ({ durationMs }) => (durationMs === undefined ? "not over" : seconds(durationMs)), false),
  ];
}

function row<T>({ id, differs, before, after }: Pair<T>, text: (side: T) => string): Row {
  const side = (value: T | undefined): string => (value === undefined ? "(none)" : text(value));
  return { name: id, differs, before: side(before), after: side(after) };
}

function stepText({ status, reason = "", durationMs, attempts, reusedFrom }: StepSide): string {
  const words = [
    status,
    reason,
    durationMs === undefined ? "" : seconds(durationMs),
    attempts > 1 ? `${attempts} attempts` : "",
    reusedFrom === undefined ? "" : "taken over",
  ];
  return words.filter((word) => word !== "").join(" ");
}

function valueText(value: NonNullable<RunDiff["outputs"][number]["after"]>): string {
  return value.type === "file" || value.type === "directory" ? value.digest : JSON.stringify(value.value);
}

function table(rows: readonly Row[]): readonly string[] {
  const names = padded(rows.map(({ name }) => fitMiddle(name, NAME_COLUMNS)));
  const lefts = padded(rows.map(({ before }) => fitMiddle(before, SIDE_COLUMNS)));
  return rows.map(({ differs, after }, at) =>
    `${differs ? "~" : " "} ${names[at] ?? ""}  ${lefts[at] ?? ""}  ${fitMiddle(after, SIDE_COLUMNS)}`.trimEnd(),
  );
}

const indented = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
