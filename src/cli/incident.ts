import type { Command } from "commander";
import { parseIncidentTime } from "#app/incident-time.ts";
import type { IncidentOrder } from "#app/incident.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { withRunAtDesk } from "./open-desk.ts";
import { formatOf, withGlobals } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { withServer } from "./server-options.ts";

type OpenOptions = DeskOptions & { readonly reason: string; readonly ttl: string };

/** `packrun incident …`. */
export const incident: CommandFile = {
  define: (program, cli, done) => {
    const group = program
      .command("incident")
      .description("sign the evidence of a run every minute while it is looked into");
    withServer(withGlobals(group.command("open <run>").description("sign the evidence so far, now and every minute")))
      .requiredOption("--reason <text>", "why, for the ledger")
      .option("--ttl <duration>", "how long it lasts, at most 365d", "1h")
      .addHelpText("after", "\nExample: packrun incident open last --reason 'odd output of scan' --ttl 2h")
      .action(async (run: string, options: OpenOptions, command: Command) => {
        const ttlMs = parseIncidentTime(options.ttl);
        if (ttlMs === undefined) {
          command.error("error: --ttl takes a duration such as 30m or 2h, at most 365d");
        }
        done(await change(cli, run, options, { state: "open", reason: options.reason, ttlMs }));
      });
    withServer(withGlobals(group.command("close <run>").description("end it before its time"))).action(
      async (run: string, options: DeskOptions) => {
        done(await change(cli, run, options, { state: "closed" }));
      },
    );
    group.addHelpText(
      "after",
      "\nRUN is a run id, the beginning of one, or last. Nothing of gates or sandbox is relaxed.\n" +
        "Through a server the token needs the scope packs.admin; its bearer is who opens it.",
    );
  },
};

function change(cli: Cli, run: string, options: DeskOptions, order: IncidentOrder): Promise<number> {
  return withRunAtDesk(cli, options, run, async (runId, desk) => {
    const changed = await desk.incident(runId, order);
    if (!changed.ok) {
      return cli.fault(changed.fault, formatOf(options));
    }
    const { state } = order;
    cli.out(
      formatOf(options) === "json"
        ? jsonLine({ schemaVersion: 1, runId, incident: state })
        : `${runId} incident ${state}\n`,
    );
    return 0;
  });
}
