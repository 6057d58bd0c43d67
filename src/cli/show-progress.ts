import type { Cli } from "./cli.ts";
import { showLive } from "./live-progress.ts";
import type { Following, Progress } from "./progress.ts";
import { stayingLines } from "./staying-lines.ts";
import { StepTails } from "./step-tails.ts";

/** A line per transition; on a terminal also the running steps, drawn over below them. */
export function showProgress(cli: Cli, following: Following): Progress {
  return cli.live ? showLive(cli, following) : showLines(cli, following);
}

function showLines(cli: Cli, following: Following): Progress {
  const tails = new StepTails();
  return {
    events: (events) => {
      const lines = events.flatMap((event) => stayingLines(cli, event, tails.follow(event), following));
      cli.err(lines.map((line) => `${line}\n`).join(""));
    },
    note: cli.note,
    close: () => undefined,
  };
}
