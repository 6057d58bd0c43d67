import { nearestName } from "#fault/did-you-mean.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { explainedCodes, type ExplainedCode } from "./explained-codes.ts";
import { formatOf, withFormats } from "./options.ts";

/** `packrun explain [CODE]`. */
export const explain: CommandFile = {
  define: (program, cli, done) => {
    withFormats(program.command("explain [code]").description("explain an error code: cause, example, fix"))
      .addHelpText("after", "\nWithout CODE all codes are listed.\nExample: packrun explain PACK_UNKNOWN_FIELD")
      .action((given: string | undefined, options: GlobalOptions) => {
        done(given === undefined ? list(cli, options) : explainOne(cli, given, options));
      });
  },
};

function list(cli: Cli, options: GlobalOptions): number {
  const items = Object.entries(explainedCodes()).map(([code, entry]) => ({ code, ...entry }));
  const width = Math.max(...items.map(({ code }) => code.length));
  cli.out(
    formatOf(options) === "json"
      ? jsonLine({ schemaVersion: 1, items })
      : items.map(({ code, message }) => `${code.padEnd(width)}  ${message}\n`).join(""),
  );
  return 0;
}

function explainOne(cli: Cli, given: string, options: GlobalOptions): number {
  const codes = explainedCodes();
  const code = given.toUpperCase();
  const entry = Object.hasOwn(codes, code) ? codes[code] : undefined;
  if (entry === undefined) {
    const near = nearestName(code, Object.keys(codes));
    cli.err(`error: there is no code ${given}\n`);
    cli.err(`  = help: ${near === undefined ? "packrun explain lists all codes" : `did you mean ${near}?`}\n`);
    return 2;
  }
  cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, code, ...entry }) : pageOf(code, entry));
  return 0;
}

function pageOf(code: string, { severity, exitCode, message, hint, explanation }: ExplainedCode): string {
  return `${code} (${severity}, exit code ${exitCode})\n\nMessage: ${message}\nHint: ${hint}\n\n${explanation.trimEnd()}\n`;
}
