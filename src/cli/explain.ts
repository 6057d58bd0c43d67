import { existsSync } from "node:fs";
import { appCodes } from "#app/codes.ts";
import { readSettings } from "#app/settings.ts";
import { faultOf } from "#fault/code-table.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { codePage } from "./code-page.ts";
import { explainedCodes } from "./explained-codes.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { isAtServer, withServer } from "./server-options.ts";

type ExplainOptions = DeskOptions & { readonly run?: string };

/** `packrun explain [CODE or STEP]`. */
export const explain: CommandFile = {
  define: (program, cli, done) => {
    const command = program
      .command("explain [subject]")
      .description("explain an error code, or what a step of a run did");
    withServer(withGlobals(command))
      .option("--run <run>", "the run whose step is meant (default: last)")
      .addHelpText(
        "after",
        "\nSUBJECT is a code, or the id of a step: why it ran, waited, was tried again or skipped.\n" +
          "Without SUBJECT all codes are listed.\n" +
          "Examples: packrun explain PACK_UNKNOWN_FIELD\n" +
          "          packrun explain scan --run last",
      )
      .action(async (given: string | undefined, options: ExplainOptions) => {
        done(given === undefined ? list(cli, options) : await explainSubject(cli, given, options));
      });
  },
};

async function explainSubject(cli: Cli, given: string, options: ExplainOptions): Promise<number> {
  const code = given.toUpperCase();
  const codes = explainedCodes();
  const entry = Object.hasOwn(codes, code) && options.run === undefined ? codes[code] : undefined;
  if (entry !== undefined) {
    cli.out(
      formatOf(options) === "json"
        ? jsonLine({ schemaVersion: 1, code, ...entry })
        : codePage(code, entry, cli.columns),
    );
    return 0;
  }
  if (options.run === undefined && (code === given || !hasRuns(cli, options))) {
    const near = nearestName(code, Object.keys(codes));
    const hint = near === undefined ? {} : { hint: `did you mean ${near}?` };
    return cli.fault(faultOf(appCodes, "CODE_UNKNOWN", { code: given }, hint), formatOf(options));
  }
  const { explainStep } = await import("./explain-step.ts");
  return explainStep(cli, given, options.run ?? "last", options);
}

/** Explaining makes no state folder. */
function hasRuns(cli: Cli, options: ExplainOptions): boolean {
  if (isAtServer(options, cli.env)) {
    return true;
  }
  const settings = readSettings(settingsSource(cli, options));
  return !settings.ok || existsSync(settings.value.stateFolder);
}

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
