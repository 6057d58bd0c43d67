import { reindex } from "#app/reindex.ts";
import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { errorOf, exitCodeOf } from "./fault-list.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** `packrun store reindex`. */
export const store: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("store").description("look after the store");
    const command = group.command("reindex").description("make the run index again from the ledgers");
    command.addHelpText(
      "after",
      "\nA run that cannot be read is named, and hides no other.\n" +
        "Exit codes: 0 all runs indexed, 7 the ledger of a run is broken.\nExample: packrun store reindex",
    );
    withGlobals(command).action(async (options: GlobalOptions) => {
      const work = async (workplace: Parameters<typeof reindex>[0]): Promise<number> => {
        const made = await reindex(workplace);
        if (!made.ok) {
          return cli.fault(made.fault, formatOf(options));
        }
        const { runs, unread } = made.value;
        if (formatOf(options) === "json") {
          cli.out(
            jsonLine({ schemaVersion: 1, runs, ...(unread.length === 0 ? {} : { errors: unread.map(errorOf) }) }),
          );
        } else {
          cli.out(`${runs} runs indexed\n`);
          unread.forEach((fault) => cli.fault(fault));
        }
        return exitCodeOf(unread);
      };
      done(await withWorkplace(cli, options, work));
    });
  },
};
