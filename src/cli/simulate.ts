import type { PlannedPack } from "#app/plan-pack.ts";
import { never } from "#fault/never.ts";
import { flowchartMermaid } from "#view/flowchart-mermaid.ts";
import { simulationChart } from "#view/simulation-chart.ts";
import { simulationText } from "#view/simulation-text.ts";
import { simulate as simulatePlan, type Simulation } from "#view/simulation.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { collect, formatOf, withGlobals } from "./options.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import { withPlanOptions, type PlanOptions } from "./plan-options.ts";
import { planArgument } from "./plan-argument.ts";
import { HERE } from "./registered-plan.ts";

const FORMATS = ["text", "json", "mermaid"] as const;

type Plan = PlannedPack["compiled"]["plan"];
type SimulateOptions = PlanOptions & RegistryOptions & { readonly assume?: readonly string[] };

/** `packrun simulate PACK|PLAN`. */
export const simulate: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("simulate [pack]").description("show what a plan would do, without doing it");
    withPlanOptions(withGlobals(command, FORMATS))
      .option(...REGISTRY_OPTION)
      .option("--assume <step=status>", "what becomes of a step, such as scan=failed (repeatable)", collect)
      .addHelpText(
        "after",
        "\nPACK is a folder (the current one unless given), a pack.yaml, NAME@VERSION of the registry, or a plan file that `packrun plan -o` wrote.\n" +
          "Statuses: succeeded, failed, skipped; of approval gates also rejected, expired; of policy gates denied.\n" +
          "Exit codes: 0 shown (whatever the outcome), 2 usage, 3 findings in the pack or its inputs.\n" +
          "Example: packrun simulate packs/quickstart --assume clean=failed",
      )
      .action(async (pack: string = HERE, options: SimulateOptions) => {
        const plan = await planArgument(cli, pack, options);
        done(plan.ok ? await show(cli, plan.value, options) : plan.fault);
      });
  },
};

async function show(cli: Cli, plan: Plan, options: SimulateOptions): Promise<number> {
  const { sha256 } = await import("#compose.ts");
  const simulation = simulatePlan(plan, { assume: options.assume ?? [] }, sha256);
  if (!simulation.ok) {
    return cli.fault(simulation.fault, formatOf(options));
  }
  cli.out(rendered(simulation.value, formatOf(options) as (typeof FORMATS)[number]));
  return 0;
}

function rendered(simulation: Simulation, format: (typeof FORMATS)[number]): string {
  switch (format) {
    case "text":
      return simulationText(simulation);
    case "json":
      return jsonLine(simulation);
    case "mermaid":
      return flowchartMermaid(simulationChart(simulation));
    default:
      return never(format);
  }
}
