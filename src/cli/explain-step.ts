import { readStepStory } from "#app/read-step-story.ts";
import type { StepStory } from "#view/step-story.ts";
import { visibleText } from "#view/visible-text.ts";
import { jsonLine, type Cli } from "./cli.ts";
import { withNextSteps } from "./next-step.ts";
import { formatOf } from "./options.ts";
import { withRunAtDesk } from "./open-desk.ts";
import type { DeskOptions } from "./run-desk.ts";

/** `packrun explain STEP --run RUN`. */
export function explainStep(cli: Cli, stepId: string, run: string, options: DeskOptions): Promise<number> {
  const format = formatOf(options);
  return withRunAtDesk(cli, options, run, async (runId, desk) => {
    const { clock } = await import("#compose.ts");
    const story = await readStepStory(desk.fold(runId), runId, stepId, clock.now);
    if (!story.ok) {
      return cli.fault(story.fault, format);
    }
    cli.out(
      format === "json" ? jsonLine({ schemaVersion: 1, runId, ...story.value }) : storyText(cli, runId, story.value),
    );
    return 0;
  });
}

function storyText(cli: Cli, runId: string, { id, kind, status, reason, why, events }: StepStory): string {
  const lines = [
    `step ${id} (${kind}) of run ${runId}: ${status}${reason === undefined ? "" : ` (${reason})`}`,
    ...why.map((sentence) => `  ${withNextSteps(cli, sentence)}`),
    ...events.map(({ at, text }) => `  ${at.slice(11, 23)}  ${text}`),
    ...(reason === undefined ? [] : [`  see: packrun explain ${reason}`]),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}
