import { checkDeclared } from "#app/check-secrets.ts";
import type { PlannedPack } from "#app/plan-pack.ts";
import { readSettings } from "#app/settings.ts";
import { readPlanFile, writeUserFile } from "#app/user-file.ts";
import type { Fault } from "#fault/fault.ts";
import { planDiffText } from "#view/plan-diff-text.ts";
import { isSamePlan, planDiff, type PlanDiff } from "#view/plan-diff.ts";
import { planText } from "#view/plan-text.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { readReferences } from "./drive-options.ts";
import { collect, formatOf, settingsSource, withGlobals } from "./options.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import { withPlanOptions, type PlanOptions as PackOptions } from "./plan-options.ts";
import { HERE, plannedArgument } from "./registered-plan.ts";

const DIFFERS = 20;

type PlanOptions = PackOptions &
  RegistryOptions & {
    readonly output?: string;
    readonly inputsLock?: string;
    readonly diff?: string;
    readonly detailedExitcode?: boolean;
    readonly secret?: readonly string[];
  };

/** `packrun plan PACK`. */
export const plan: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("plan [pack]").description("compile a pack and its inputs into the canonical plan");
    withPlanOptions(withGlobals(command))
      .option(...REGISTRY_OPTION)
      .option("-o, --output <file>", "write the canonical plan there; its SHA-256 is the planHash")
      .option("--inputs-lock <file>", "write the inputs lock there")
      .option("--secret <name=reference>", "names the provider of a secret for the inputs lock (repeatable)", collect)
      .option("--diff <plan>", "compare with an earlier plan file")
      .option("--detailed-exitcode", "with --diff: exit code 20 when the plans differ")
      .addHelpText(
        "after",
        "\nPACK is a folder (the current one unless given), a pack.yaml, or NAME@VERSION of the registry.\n" +
          "Exit codes: 0 planned, 2 usage, 3 findings in the pack or its inputs, 6 --diff names no plan, 20 differs.\n" +
          "Examples: packrun plan packs/quickstart -i discount=20 -o plan.canonical.json\n" +
          "          packrun plan packs/quickstart --diff plan.canonical.json --detailed-exitcode",
      )
      .action(async (pack: string = HERE, options: PlanOptions) => {
        if (options.detailedExitcode === true && options.diff === undefined) {
          cli.err("error: --detailed-exitcode says whether plans differ; name the other one with --diff\n");
          done(2);
          return;
        }
        const planned = await plannedArgument(cli, pack, options);
        const refused = planned.ok ? await trustRefusal(cli, planned.value, options) : undefined;
        done(planned.ok ? (refused ?? (await tell(cli, planned.value, options))) : planned.fault);
      });
  },
};

/** The exit code where the trust root of this place, or its revocation list, does not take the pack or its plan. */
async function trustRefusal(
  cli: Cli,
  { compiled: { plan: made, planHash } }: PlannedPack,
  options: PlanOptions,
): Promise<number | undefined> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, formatOf(options));
  }
  const [{ admitPlanned }, { sha256, verifySignature, clock }] = await Promise.all([
    import("#app/trust-admission.ts"),
    import("#compose.ts"),
  ]);
  const place = { settings: settings.value, verifySignature, sha256, now: clock.now };
  const admitted = await admitPlanned({ pack: made.pack, planHash }, place);
  return admitted.ok ? undefined : cli.fault(admitted.fault, formatOf(options));
}

async function tell(cli: Cli, planned: PlannedPack, options: PlanOptions): Promise<number> {
  const other = options.diff === undefined ? undefined : await readPlanFile(options.diff);
  if (other?.ok === false) {
    return cli.fault(other.fault, formatOf(options));
  }
  const fault = await writeFiles(cli, planned, options);
  if (fault !== undefined) {
    return cli.fault(fault, formatOf(options));
  }
  const diff = other === undefined ? undefined : planDiff(other.value, planned.compiled.plan);
  if (formatOf(options) === "json") {
    cli.out(jsonLine(answerOf(planned, options.output, diff)));
  } else {
    const { plan: made, planHash } = planned.compiled;
    cli.out(diff === undefined ? planText(made, planHash) : planDiffText(diff));
    if (options.output !== undefined) {
      cli.note(`wrote ${options.output}`);
    }
  }
  return options.detailedExitcode === true && diff !== undefined && !isSamePlan(diff) ? DIFFERS : 0;
}

async function writeFiles(cli: Cli, planned: PlannedPack, options: PlanOptions): Promise<Fault | undefined> {
  const settings = readSettings(settingsSource(cli, options));
  const references = settings.ok ? await readReferences(options.secret, settings.value) : settings;
  const declared = references.ok ? checkDeclared(planned.compiled.plan, references.value) : references;
  if (!settings.ok || !references.ok || !declared.ok) {
    return [settings, references, declared].find((read) => !read.ok)?.fault;
  }
  if (options.output !== undefined) {
    const written = await writeUserFile(options.output, planned.compiled.bytes);
    if (!written.ok) {
      return written.fault;
    }
  }
  if (options.inputsLock === undefined) {
    return undefined;
  }
  const { lockInputs } = await import("#app/plan-pack.ts");
  const { sha256 } = await import("#compose.ts");
  const written = await writeUserFile(
    options.inputsLock,
    lockInputs(planned, settings.value.tenantId, references.value, sha256),
  );
  return written.ok ? undefined : written.fault;
}

function answerOf({ compiled, diagnostics }: PlannedPack, planPath: string | undefined, diff: PlanDiff | undefined) {
  const { plan: made, planHash } = compiled;
  const nodes = [...made.steps, ...made.finally].map(({ id, kind }) => ({ id, kind }));
  return {
    schemaVersion: 1,
    planHash,
    planPath: planPath ?? null,
    pack: made.pack,
    steps: nodes,
    gates: nodes.filter(({ kind }) => kind === "gate.approval" || kind === "gate.policy"),
    secrets: Object.keys(made.secrets).sort(),
    diagnostics,
    ...(diff === undefined ? {} : { differs: !isSamePlan(diff), diff }),
  };
}
