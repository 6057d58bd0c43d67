import { lintPack } from "#app/plan-pack.ts";
import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { diagnosticsExitCode } from "./exit-code.ts";
import { formatOf, withGlobals } from "./options.ts";

/** `packrun lint PACK…`. */
export const lint: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("lint <pack...>").description("check packs and show everything that is wrong"))
      .addHelpText("after", "\nPACK is a folder or a pack.yaml.\nExample: packrun lint packs/quickstart")
      .action(async (packs: string[], options: GlobalOptions) => {
        const { folders, sha256 } = await import("#compose.ts");
        let code = 0;
        const answers = [];
        for (const pack of packs) {
          const found = await lintPack(pack, { folders, sha256, cwd: cli.cwd });
          if (!found.ok) {
            code ||= cli.fault(found.fault, formatOf(options));
            continue;
          }
          const { diagnostics, file, text } = found.value;
          code ||= diagnosticsExitCode(diagnostics);
          if (formatOf(options) === "json") {
            answers.push({ pack, diagnostics });
          } else {
            cli.diagnostics(diagnostics, (name) => (name === file ? text : undefined));
            cli.out(diagnostics.length === 0 ? `${pack}: no findings\n` : `${pack}: ${diagnostics.length} findings\n`);
          }
        }
        if (formatOf(options) === "json") {
          cli.out(
            jsonLine({ schemaVersion: 1, packs: answers, diagnostics: answers.flatMap((each) => each.diagnostics) }),
          );
        }
        done(code);
      });
  },
};
