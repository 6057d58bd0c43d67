import { fitMiddle, padded, textWidth } from "./text-width.ts";
import type { Timeline, TimelineRow, TimelineSpan } from "./timeline.ts";
import { seconds } from "./transition.ts";

/** Columns of the widest id, and of the bars at least. */
const ID_COLUMNS = 32;
const LEAST_BAR = 10;
/** Columns that a mark of the scale needs with its time behind it. */
const MARK = 9;

const CELLS: Readonly<Record<TimelineSpan["kind"], string>> = { attempt: "█", retry: "·", gate: "░" };

/**
 * A timeline as bars in `columns` columns: `█` an attempt, `·` a wait before the next, `░` a wait for people. What lasted
 * less than a column still has one.
 */
export function timelineText(timeline: Timeline, columns: number): string {
  const ids = padded(timeline.rows.map(({ id }) => fitMiddle(id, ID_COLUMNS)));
  const words = timeline.rows.map(wordsOf);
  const widest = words.reduce((most, text) => Math.max(most, textWidth(text)), 0);
  const bar = Math.max(LEAST_BAR, columns - textWidth(ids[0] ?? "") - widest - 4);
  const lines = timeline.rows.map((row, at) =>
    `${ids[at] ?? ""}  ${barOf(row, timeline, bar)}  ${words[at] ?? ""}`.trimEnd(),
  );
  const indent = " ".repeat(textWidth(ids[0] ?? "") + 2);
  return `${[...lines, indent + scaleOf(timeline.to - timeline.from, bar)].join("\n")}\n`;
}

function barOf(row: TimelineRow, { from, to }: Timeline, width: number): string {
  const cells = Array.from({ length: width }, () => " ");
  const column = (time: number): number => Math.floor(((time - from) / Math.max(1, to - from)) * width);
  for (const span of row.spans) {
    const first = Math.min(column(span.from), width - 1);
    const end = Math.min(Math.max(column(span.to), first + 1), width);
    cells.fill(CELLS[span.kind], first, end);
  }
  return cells.join("");
}

function wordsOf({ status, reason, reusedFrom, spans }: TimelineRow): string {
  const attempts = spans.filter(({ kind }) => kind === "attempt");
  const lasted = spans.reduce((sum, span) => sum + (span.kind === "retry" ? 0 : span.to - span.from), 0);
  const words = [
    spans.length === 0 ? "" : seconds(lasted),
    status === "succeeded" ? "" : status,
    status === "waiting" && spans.at(-1)?.end === "expired" ? "expired" : "",
    reason ?? "",
    attempts.length > 1 ? `${attempts.length} attempts` : "",
    reusedFrom === undefined ? "" : `from run ${reusedFrom}`,
  ];
  return words.filter((word) => word !== "").join("  ");
}

/** Marks at each quarter, or in a narrow terminal at fewer places, the time since the run began behind each. */
function scaleOf(total: number, width: number): string {
  const marks = [4, 2].find((each) => width >= each * MARK) ?? 1;
  let line = "";
  for (let mark = 0; mark < marks; mark += 1) {
    const at = Math.floor((mark * width) / marks);
    line = `${line.padEnd(at)}│${seconds(Math.round((mark * total) / marks))}`;
  }
  return `${line.padEnd(width)}│${seconds(total)}`;
}
