import { checkBundledTools } from "#bundle/check-bundled-tools.ts";
import { readLayout } from "#bundle/read-layout.ts";
import { never } from "#fault/never.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Pack } from "#pack/pack.ts";
import { recompilePlan } from "#plan/recompile-plan.ts";
import { builtIns } from "#step/built-ins.ts";
import { simulate } from "#view/simulation.ts";
import { contentForBundle } from "../../bundled-pack.ts";
import { openPackBundle } from "../../pack-bundle-file.ts";
import type { PackPorts } from "../../pack-folder.ts";
import { readPackInputs } from "../../pack-inputs.ts";
import { planPack, type PlannedPack } from "../../plan-pack.ts";
import { refusedBy, type PlanRefusal } from "../../plan-refusal.ts";
import { missingInput, orderInputs } from "./order-inputs.ts";
import type { PackIdentity, PlannerAnswers, PlannerJob, PlanOrder, SentPlan, SentSimulation } from "./planner-job.ts";

/** Findings that one answer carries: a pack of eight MiB can have hundreds of thousands. */
const MOST_FINDINGS = 200;

/** Does one job in the thread that it is called in, by the same use cases as a command does. */
export async function carryOut(job: PlannerJob, ports: PackPorts): Promise<PlannerAnswers[PlannerJob["kind"]]> {
  switch (job.kind) {
    case "inputs":
      return light(await readPackInputs(job.folder, ports));
    case "plan":
      return light(await planOrder(job, ports, sentPlan));
    case "simulation":
      return light(await planOrder(job, ports, (planned) => simulation(planned, ports)));
    case "pack":
      return light(await packIn(job.folder, ports));
    case "bundle":
      return packInBundle(job.path, ports);
    case "recompilation": {
      const compiled = recompilePlan({ ...job.stored, builtIns, sha256: ports.sha256 });
      return compiled.ok ? ok(compiled.value.bytes) : compiled;
    }
    default:
      return never(job);
  }
}

async function planOrder<T>(
  order: PlanOrder,
  ports: PackPorts,
  use: (planned: PlannedPack) => Result<T, PlanRefusal>,
): Promise<Result<T, PlanRefusal>> {
  const { folder, staged } = order;
  const readings = new Map([...staged.values()].map((each) => [each.path, each]));
  const folders: PackPorts["folders"] = {
    ...ports.folders,
    readFile: async (path) => readings.get(path)?.file ?? ports.folders.readFile(path),
    readTree: async (path) => readings.get(path)?.tree ?? ports.folders.readTree(path),
  };
  const request = {
    pack: ".",
    inputs: [],
    cwd: folder,
    given: (pack: Pack) => Promise.resolve(orderInputs(order, pack)),
    missing: missingInput,
  };
  const planned = await planPack(request, { ...ports, folders });
  return planned.ok ? use(planned.value) : planned;
}

function sentPlan({ compiled, packFolder, packListing, inputFiles, sources }: PlannedPack): Result<SentPlan, never> {
  const { bytes, planHash } = compiled;
  return ok({ bytes, planHash, packFolder, packListing, inputFiles, sources });
}

function simulation({ compiled }: PlannedPack, { sha256 }: PackPorts): Result<SentSimulation, PlanRefusal> {
  const { plan, planHash } = compiled;
  const simulated = simulate(plan, {}, sha256);
  return simulated.ok ? ok({ planHash, pack: plan.pack, simulation: simulated.value }) : refusedBy(simulated.fault);
}

async function packIn(folder: string, ports: PackPorts): Promise<Result<PackIdentity, PlanRefusal>> {
  const read = await contentForBundle(".", folder, ports);
  if (!read.ok) {
    return read;
  }
  const { name, version, packDigest } = read.value.content;
  return ok({ name, version, packDigest });
}

async function packInBundle(path: string, { sha256 }: PackPorts): Promise<Result<void>> {
  const opened = await openPackBundle(path);
  if (!opened.ok) {
    return opened;
  }
  await using bundle = opened.value;
  const layout = await readLayout(bundle.source, sha256);
  // Awaited here: the file is closed when this ends.
  return layout.ok ? await checkBundledTools(bundle.source, layout.value, sha256) : layout;
}

/** Without the text of the pack, and without findings behind the first ones, errors first. */
function light<T>(result: Result<T, PlanRefusal>): Result<T, PlanRefusal> {
  if (result.ok || result.fault.kind === "fault") {
    return result;
  }
  const { diagnostics } = result.fault;
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const rest = diagnostics.filter(({ severity }) => severity !== "error");
  const first = diagnostics.length > MOST_FINDINGS ? [...errors, ...rest].slice(0, MOST_FINDINGS) : diagnostics;
  return { ok: false, fault: { ...result.fault, diagnostics: first, text: undefined } };
}
