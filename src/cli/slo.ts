import { sloRules } from "#view/slo-rules.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import type { Cli, CommandFile } from "./cli.ts";
import { withGlobals } from "./options.ts";
import { showRefusal } from "./plan-refusal.ts";
import { HERE, packArgument } from "./registered-plan.ts";

/** `packrun slo rules PACK`. */
export const slo: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("slo").description("what packs promise: rules for Prometheus");
    withGlobals(group.command("rules [pack]").description("print recording and burn-rate alert rules"), ["text"])
      .option(...REGISTRY_OPTION)
      .addHelpText(
        "after",
        "\nThe rules are of the metrics that `packrun serve` gives under /metrics.\n" +
          "Exit codes: 0 printed, 2 usage or a pack that promises nothing, 3 findings in the pack.\n" +
          "Example: packrun slo rules packs/release > packrun-release.rules.yaml",
      )
      .action(async (pack: string = HERE, options: RegistryOptions) => {
        done(await printRules(cli, pack, options));
      });
  },
};

async function printRules(cli: Cli, pack: string, options: RegistryOptions): Promise<number> {
  const given = await packArgument(cli, pack, options);
  if (!given.ok) {
    return given.fault;
  }
  const [{ readSlo }, { folders, sha256, inspectModule }] = await Promise.all([
    import("#app/read-slo.ts"),
    import("#compose.ts"),
  ]);
  const read = await readSlo(given.value.pack, cli.cwd, { folders, sha256, inspectModule });
  if (!read.ok) {
    return showRefusal(cli, read.fault, options);
  }
  cli.out(sloRules(read.value.name, read.value.slo));
  return 0;
}
