import { readTimeline } from "#app/read-timeline.ts";
import type { Workplace } from "#app/workplace.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { RunKey } from "#port/run-store.ts";
import { timelineText } from "#view/timeline-text.ts";
import { seconds } from "#view/transition.ts";
import { jsonLine, type Cli } from "./cli.ts";

/** `packrun runs timeline RUN`. */
export async function showTimeline(cli: Cli, key: RunKey, workplace: Workplace, format: string): Promise<number> {
  const read = await readTimeline(key, workplace);
  if (!read.ok) {
    return cli.fault(read.fault, format);
  }
  const { state, timeline } = read.value;
  const { from, to, rows } = timeline;
  if (format === "json") {
    const steps = rows.map((row) => ({
      ...row,
      spans: row.spans.map((span) => ({ ...span, from: timestampOf(span.from), to: timestampOf(span.to) })),
    }));
    const answer = { runId: key.runId, status: state.status, from: timestampOf(from), to: timestampOf(to), steps };
    cli.out(jsonLine({ schemaVersion: 1, ...answer }));
    return 0;
  }
  const { name, version } = state.plan.pack;
  cli.out(`run ${key.runId}  ${name}@${version}  ${state.status}  ${seconds(to - from)} from ${timestampOf(from)}\n`);
  cli.out(timelineText(timeline, cli.columns));
  return 0;
}
