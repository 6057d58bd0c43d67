import { readTimeline } from "#app/read-timeline.ts";
import type { RunId } from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { timelineText } from "#view/timeline-text.ts";
import { seconds } from "#view/transition.ts";
import { jsonLine, type Cli } from "./cli.ts";
import type { RunDesk } from "./run-desk.ts";

/** `packrun runs timeline RUN`. */
export async function showTimeline(cli: Cli, runId: RunId, desk: RunDesk, format: string): Promise<number> {
  const { clock } = await import("#compose.ts");
  const read = await readTimeline(desk.fold(runId), clock.now);
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
    const answer = { runId, status: state.status, from: timestampOf(from), to: timestampOf(to), steps };
    cli.out(jsonLine({ schemaVersion: 1, ...answer }));
    return 0;
  }
  const { name, version } = state.plan.pack;
  cli.out(`run ${runId}  ${name}@${version}  ${state.status}  ${seconds(to - from)} from ${timestampOf(from)}\n`);
  cli.out(timelineText(timeline, cli.columns));
  return 0;
}
