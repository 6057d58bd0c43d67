import { never } from "#fault/never.ts";
import { chartEdges, type Flowchart } from "#view/flowchart.ts";
import { flowchartDot } from "#view/flowchart-dot.ts";
import { flowchartMermaid } from "#view/flowchart-mermaid.ts";
import { simulationChart } from "#view/simulation-chart.ts";
import { simulate } from "#view/simulation.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { planArgument } from "./plan-argument.ts";
import { HERE } from "./registered-plan.ts";
import { withPlanOptions, type PlanOptions } from "./plan-options.ts";

const FORMATS = ["mermaid", "dot", "json"] as const;

type GraphOptions = PlanOptions & RegistryOptions;

/** `packrun graph PACK|PLAN`. */
export const graph: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("graph [pack]").description("draw the graph of a plan");
    withPlanOptions(withGlobals(command, FORMATS))
      .option(...REGISTRY_OPTION)
      .addHelpText(
        "after",
        "\nPACK is a folder (the current one unless given), a pack.yaml, NAME@VERSION of the registry, or a plan file that `packrun plan -o` wrote.\n" +
          "Without --format the graph is Mermaid; `packrun simulate --assume` shows it when steps fail.\n" +
          "Exit codes: 0 drawn, 2 usage, 3 findings in the pack or its inputs.\n" +
          "Examples: packrun graph packs/quickstart\n" +
          "          packrun graph packs/quickstart --format dot | dot -Tsvg > quickstart.svg",
      )
      .action(async (pack: string = HERE, options: GraphOptions) => {
        const plan = await planArgument(cli, pack, options);
        if (!plan.ok) {
          done(plan.fault);
          return;
        }
        const { sha256 } = await import("#compose.ts");
        const simulation = simulate(plan.value, { assume: [] }, sha256);
        done(
          simulation.ok
            ? draw(cli, simulationChart(simulation.value), options)
            : cli.fault(simulation.fault, formatOf(options)),
        );
      });
  },
};

function draw(cli: Cli, chart: Flowchart, options: GraphOptions): number {
  const format = options.json === true ? "json" : ((options.format ?? "mermaid") as (typeof FORMATS)[number]);
  cli.out(drawn(chart, format));
  return 0;
}

function drawn(chart: Flowchart, format: (typeof FORMATS)[number]): string {
  switch (format) {
    case "mermaid":
      return flowchartMermaid(chart);
    case "dot":
      return flowchartDot(chart);
    case "json":
      return jsonLine({ schemaVersion: 1, ...chart, edges: chartEdges(chart) });
    default:
      return never(format);
  }
}
