import { lintPack, type LintedPack } from "#app/plan-pack.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { Fault } from "#fault/fault.ts";
import type { Result } from "#fault/result.ts";
import { sarifLog } from "#view/sarif.ts";
import { packReference } from "#app/pack-registry.ts";
import { counted } from "#fault/counted.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { diagnosticJson } from "./diagnostic-json.ts";
import { diagnosticsExitCode } from "./exit-code.ts";
import { explainedCodes } from "./explained-codes.ts";
import { formatOf, withGlobals } from "./options.ts";
import { HERE, openPackArgument } from "./registered-plan.ts";
import { version } from "./version.ts";

type LintOptions = RegistryOptions & { readonly fix?: boolean };
type Linted = { readonly pack: string; readonly diagnostics: readonly Diagnostic[] };

/** `packrun lint PACK…`. */
export const lint: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("lint [pack...]").description("check packs and show everything that is wrong");
    withGlobals(command, ["text", "json", "sarif"])
      .option(...REGISTRY_OPTION)
      .option("--fix", "mend what is mechanical in pack.yaml: names with one likely spelling, strings without quotes")
      .addHelpText(
        "after",
        "\nPACK is a folder (the current one unless given), a pack.yaml, or NAME@VERSION of the registry.\n" +
          "Exit codes: 0 nothing is wrong, 2 usage, 3 findings.\n" +
          "Examples: packrun lint packs/quickstart\n" +
          "          packrun lint packs/quickstart --fix\n" +
          "          packrun lint packs/* --format sarif > lint.sarif",
      )
      .action(async (named: string[], options: LintOptions) => {
        const packs = named.length === 0 ? [HERE] : named;
        const signed = packs.find((pack) => packReference(pack) !== undefined);
        if (options.fix === true && signed !== undefined) {
          cli.err(`error: ${signed} stays as its publisher signed it; fix the folder that it was made from\n`);
          done(2);
          return;
        }
        done(await lintAll(cli, packs, options));
      });
  },
};

async function lintAll(cli: Cli, packs: readonly string[], options: LintOptions): Promise<number> {
  const format = formatOf(options);
  let code = 0;
  const linted: Linted[] = [];
  for (const pack of packs) {
    const found = await lintArgument(cli, pack, options);
    if (!found.ok) {
      const diagnostics = [findingOf(found.fault, pack)];
      if (format === "text") {
        cli.fault(found.fault);
      }
      code ||= diagnosticsExitCode(diagnostics);
      linted.push({ pack, diagnostics });
      continue;
    }
    const { diagnostics, file, text } = found.value;
    code ||= diagnosticsExitCode(diagnostics);
    linted.push({ pack, diagnostics });
    if (format === "text") {
      cli.diagnostics(diagnostics, (name) => (name === file ? text : undefined));
      cli.out(`${pack}: ${countText(diagnostics.length)}\n`);
    }
  }
  const diagnostics = linted.flatMap((each) => each.diagnostics);
  if (format === "json") {
    const shown = linted.map((each) => ({ pack: each.pack, diagnostics: each.diagnostics.map(diagnosticJson) }));
    cli.out(jsonLine({ schemaVersion: 1, packs: shown, diagnostics: diagnostics.map(diagnosticJson) }));
  } else if (format === "sarif") {
    cli.out(jsonLine(sarifLog(diagnostics, explainedCodes(), version)));
  }
  return code;
}

/** One of the registry is linted as its publisher signed it, or not at all. */
async function lintArgument(cli: Cli, text: string, options: LintOptions): Promise<Result<LintedPack>> {
  const ports = await import("#compose.ts");
  const given = await openPackArgument(cli, text, options);
  if (!given.ok) {
    return given;
  }
  const { pack, registered } = given.value;
  if (registered !== undefined) {
    const { checkFilesUnchanged } = await import("#app/registered-files.ts");
    const unchanged = await checkFilesUnchanged(registered, ports);
    if (!unchanged.ok) {
      return unchanged;
    }
  }
  const { folders, inspectModule, sha256 } = ports;
  const place = { folders, sha256, inspectModule, cwd: cli.cwd };
  if (options.fix === true) {
    const { fixPack } = await import("#app/fix-pack.ts");
    const fixed = await fixPack(pack, place);
    if (!fixed.ok) {
      return fixed;
    }
    if (fixed.value > 0) {
      cli.note(`mended ${counted(fixed.value, "place")} in ${text}`);
    }
  }
  return lintPack(pack, place);
}

/** A pack that cannot be read at all is a finding among the others. */
function findingOf({ code, message, hint }: Fault, pack: string): Diagnostic {
  return { code, severity: "error", message, ...(hint === undefined ? {} : { hint }), file: pack };
}

function countText(count: number): string {
  return count === 0 ? "no findings" : counted(count, "finding");
}
