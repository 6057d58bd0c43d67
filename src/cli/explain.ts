import { nearestName } from "#fault/did-you-mean.ts";
import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { explainedCodes } from "./explained-codes.ts";

/** `packrun explain CODE`. */
export const explain: CommandFile = {
  define: (program, cli, done) => {
    program
      .command("explain <code>")
      .description("explain an error code: cause, example, fix")
      .option("--json", "as JSON")
      .addHelpText("after", "\nExample: packrun explain PACK_UNKNOWN_FIELD")
      .action((given: string, options: GlobalOptions) => {
        const codes = explainedCodes();
        const code = given.toUpperCase();
        const entry = Object.hasOwn(codes, code) ? codes[code] : undefined;
        if (entry === undefined) {
          const near = nearestName(code, Object.keys(codes));
          cli.err(`error: there is no code ${given}\n`);
          cli.err(near === undefined ? "" : `  = help: did you mean ${near}?\n`);
          done(2);
        } else if (options.json === true) {
          cli.out(jsonLine({ schemaVersion: 1, code, ...entry }));
        } else {
          cli.out(`${code} (${entry.severity}, exit code ${entry.exitCode})\n\n`);
          cli.out(`Message: ${entry.message}\nHint: ${entry.hint}\n\n${entry.explanation}\n`);
        }
      });
  },
};
