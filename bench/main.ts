import { figures as api } from "./api.bench.ts";
import { figures as egress } from "./egress.bench.ts";
import { figures as output } from "./output.bench.ts";
import { figures as plan } from "./plan.bench.ts";
import { figures as redactor } from "./redactor.bench.ts";
import { figures as run } from "./run.bench.ts";
import { figures as startUp } from "./start-up.bench.ts";
import { figures as verify } from "./verify.bench.ts";
import { figures as wayOut } from "./way-out.bench.ts";
import type { Figure } from "./measure.ts";

// Every figure is a ratio or a size taken in this one run; machines differ, ratios less.
const all = { startUp, plan, run, output, redactor, wayOut, egress, verify, api };
const asked = process.argv.slice(2);
const found: Figure[] = [];
for (const [name, figures] of Object.entries(all)) {
  if (asked.length === 0 || asked.includes(name)) {
    for await (const figure of figures()) {
      found.push(figure);
      const met = figure.value <= figure.goal ? "met" : "MISSED";
      process.stdout.write(
        `${figure.name}: ${figure.value.toFixed(2)} ${figure.unit} (goal ≤ ${figure.goal}, ${met}); ${figure.detail}\n`,
      );
    }
  }
}
process.exitCode = found.length === 0 ? 2 : 0;
