import { reindex } from "#app/reindex.ts";
import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** `packrun store reindex`. */
export const store: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("store").description("look after the store");
    const command = group.command("reindex").description("make the run index again from the ledgers");
    withGlobals(command).action(async (options: GlobalOptions) => {
      const work = async (workplace: Parameters<typeof reindex>[0]): Promise<number> => {
        const counted = await reindex(workplace);
        if (!counted.ok) {
          return cli.fault(counted.fault, formatOf(options));
        }
        const { value } = counted;
        cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, runs: value }) : `${value} runs indexed\n`);
        return 0;
      };
      done(await withWorkplace(cli, options, work));
    });
  },
};
