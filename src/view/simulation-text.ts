import { printByteSize } from "#canon/byte-size.ts";
import { printDuration } from "#canon/duration.ts";
import type { Limits, Sandbox } from "#plan/plan.ts";
import { counted } from "#fault/counted.ts";
import { grouped } from "./grouped.ts";
import type { InstancePreview, Simulation } from "./simulation.ts";
import type { ApprovalPreview, RunPreview, StepPreview } from "./step-preview.ts";
import { visibleText } from "./visible-text.ts";

/** So many iterations of a step are named in a wave; of more only the number is said. */
const NAMED = 4;

/** A simulation for people: waves, what each step may, what is skipped, ceilings, outcome. The same on every machine. */
export function simulationText(simulation: Simulation): string {
  const blocks = [
    headLines(simulation),
    ...waveBlocks(simulation),
    listBlock(
      "skipped",
      simulation.skipped.map(({ id, reason, why }) => `${id}: ${reason}, ${why}`),
    ),
    listBlock(
      "fail",
      simulation.failed.map(({ id, reason }) => `${id}: ${reason ?? ""}`),
    ),
    listBlock("never reached", unreached(simulation)),
    ceilingLines(simulation),
    outcomeLines(simulation),
  ];
  const lines = blocks.filter((block) => block.length > 0).map((block) => block.map(visibleText).join("\n"));
  return `${lines.join("\n\n")}\n`;
}

function headLines(simulation: Simulation): readonly string[] {
  const { pack, planHash, sandbox, secrets, assumptions, failurePolicy } = simulation;
  const { egressQuota: quota } = sandbox;
  return [
    `${pack.name}@${pack.version}`,
    ...field("planHash", planHash),
    ...Object.entries(simulation.inputs).flatMap(([name, input]) => field("input", `${name} = ${inputText(input)}`)),
    ...Object.entries(secrets).flatMap(([name, { steps }]) => field("secret", `${name}, for ${steps.join(", ")}`)),
    ...field("sandbox", `${sandbox.mode}; ${limitsText(sandbox.limits)}`),
    ...(quota === undefined
      ? []
      : field("quota", `${quota.requests} requests, ${printByteSize(quota.bytes)} for the whole run`)),
    ...field("on failure", failurePolicy.onFailure),
    ...assumptions.flatMap(({ step, status }) => field("assumed", `${step} ${status}`)),
  ];
}

function inputText(input: Simulation["inputs"][string]): string {
  switch (input.type) {
    case "file":
      return `file ${input.name}, ${input.size} bytes, ${input.digest}`;
    case "directory":
      return `directory ${input.name}, ${input.digest}`;
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "object":
    case "array":
      return JSON.stringify(input.value);
  }
}

function limitsText({ cpus, memoryBytes, pids, logBytes, artifactBytes, minEnforcement }: Limits): string {
  const least = minEnforcement === undefined ? "" : `, enforced by ${minEnforcement} or better`;
  const sizes = `memory ${printByteSize(memoryBytes)}, log ${printByteSize(logBytes)}, artifacts ${printByteSize(artifactBytes)}`;
  return `cpus ${cpus}, ${sizes}, pids ${pids}${least}`;
}

function waveBlocks({ waves, steps, sandbox, policies }: Simulation): readonly (readonly string[])[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const answers = new Map(policies.map((policy) => [policy.id, policy]));
  const told = new Set<string>();
  return waves.map((wave, at) => {
    const groups = grouped(wave.steps, (instance) => instance.step);
    return [
      `${wave.section === "finally" ? "finally, " : ""}wave ${at + 1}`,
      ...[...groups].flatMap(([id, instances]) => {
        const step = byId.get(id);
        const first = !told.has(id);
        told.add(id);
        return [
          `  ${namesOf(instances)}${endsOf(instances)}`,
          ...(first && step !== undefined ? stepLines(step, byId, sandbox) : []),
          ...instances.flatMap((instance) => answerLines(answers.get(instance.id))),
        ];
      }),
    ];
  });
}

function namesOf(instances: readonly InstancePreview[]): string {
  const named = instances.slice(0, NAMED).map((instance) => instance.id);
  const more = instances.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

/** What becomes of them, where that is anything but success. */
function endsOf(instances: readonly InstancePreview[]): string {
  const ends = new Set(instances.filter(({ status }) => status !== "succeeded").map(({ status }) => status));
  return ends.size === 0 ? "" : ` (${[...ends].join(", ")})`;
}

function stepLines(step: StepPreview, byId: ReadonlyMap<string, StepPreview>, ofPack: Sandbox): readonly string[] {
  return [
    ...containersOf(step, byId).flatMap(containerLines),
    ...(step.when === undefined ? [] : field("when", `${step.when.text}${DECIDED[step.when.decided]}`, DEEP)),
    ...ownLines(step, ofPack),
    ...(step.continueOnError ? field("failure", "is tolerated", DEEP) : []),
  ];
}

const DECIDED = { plan: "", assumptions: "", run: ": decided at run time, taken as true" } as const;

/** What a step stands in, the innermost first: each of them may repeat it, hold it back or leave it out. */
function containersOf(step: StepPreview, byId: ReadonlyMap<string, StepPreview>): readonly StepPreview[] {
  const parent = step.parent === null ? undefined : byId.get(step.parent);
  return parent === undefined ? [] : [parent, ...containersOf(parent, byId)];
}

function containerLines(parent: StepPreview): readonly string[] {
  if (parent.kind !== "map" && parent.kind !== "parallel") {
    return [];
  }
  const limit = parent.maxParallel === undefined ? "" : `, at most ${parent.maxParallel} at a time`;
  const when = parent.when === undefined ? "" : `, when ${parent.when.text}${DECIDED[parent.when.decided]}`;
  if (parent.kind === "parallel") {
    return field("inside", `${parent.id}, a parallel${limit}${when}`, DEEP);
  }
  const size = parent.count === undefined ? `up to ${parent.upTo ?? 0} items` : `${parent.count} items`;
  const known = parent.decided === "run" ? " known at run time" : "";
  return field(
    "inside",
    `${parent.id}, a map of ${size}${known}${limit}${when}: ${parent.as} in ${parent.items}`,
    DEEP,
  );
}

function ownLines(step: StepPreview, ofPack: Sandbox): readonly string[] {
  switch (step.kind) {
    case "run":
      return runLines(step, ofPack);
    case "gate.approval":
      return approvalLines(step);
    case "gate.policy":
      return [
        ...field("policy", `${step.policy} (${step.engine}): ${step.text}`, DEEP),
        ...(step.failAction === "continue" ? field("denial", "is a warning", DEEP) : []),
      ];
    case "parallel":
    case "map":
      return [];
  }
}

function runLines({ program, sandbox, secrets, timeoutMs, attempts, waitsMs }: RunPreview, ofPack: Sandbox) {
  const own = JSON.stringify(sandbox.limits) === JSON.stringify(ofPack.limits) ? "" : `; ${limitsText(sandbox.limits)}`;
  const egress = sandbox.egress.length === 0 ? "no egress" : `egress to ${sandbox.egress.join(", ")}`;
  // Built-ins are part of the runner; everything else is a process of its own.
  const place = program.kind === "uses" ? "none, runs in packrun itself" : sandbox.mode;
  const waits = waitsMs.length === 0 ? "" : `, waits up to ${waitsMs.map(printDuration).join(", ")} between them`;
  return [
    ...programLines(program),
    ...field("sandbox", `${place}, ${egress}${own}`, DEEP),
    ...secrets.flatMap(({ name, variable, as }) => field("secret", `${name} in ${variable} (${as})`, DEEP)),
    ...field(
      "timeout",
      `${printDuration(timeoutMs)}, ${attempts === 1 ? "1 attempt" : `${attempts} attempts${waits}`}`,
      DEEP,
    ),
  ];
}

function programLines(program: RunPreview["program"]): readonly string[] {
  switch (program.kind) {
    case "command":
      return field("command", program.text, DEEP);
    case "script":
      return [
        ...field("script", program.shell, DEEP),
        ...program.text
          .trimEnd()
          .split("\n")
          .map((line) => `${" ".repeat(DEEP)}| ${line}`),
      ];
    case "uses":
      return field("uses", `${program.uses} with ${program.with}`, DEEP);
  }
}

function approvalLines(gate: ApprovalPreview): readonly string[] {
  const people = gate.required === 1 ? "1 person" : `${gate.required} people`;
  const rules = [
    ...(gate.separationOfDuties ? ["not whoever requests the run"] : []),
    ...(gate.reasonRequired ? ["with a reason"] : []),
  ];
  const how = rules.length === 0 ? "" : `; ${rules.join(", ")}`;
  return [
    ...field(
      "approval",
      `${gate.approval}: ${people} with the role ${gate.from.join(" or ")}, within ${printDuration(gate.ttlMs)}${how}`,
      DEEP,
    ),
    ...(gate.message === undefined ? [] : field("asks", gate.message, DEEP)),
  ];
}

function answerLines(policy: Simulation["policies"][number] | undefined): readonly string[] {
  if (policy === undefined) {
    return [];
  }
  const answers = {
    plan: `${policy.answer}, decided by inputs and pack alone`,
    assumptions: `${policy.answer}, if the steps end as shown here`,
    run: "decided at run time, taken as allowed",
    assumed: `${policy.answer}, as assumed`,
  } as const;
  return field("answer", answers[policy.decided], DEEP);
}

/** Gates that stand behind something that failed: who approves has to know that they are not asked for. */
function unreached({ steps, waves, skipped, outcome }: Simulation): readonly string[] {
  const moved = new Set(waves.flatMap((wave) => wave.steps.map((step) => step.step)));
  const listed = new Set(skipped.map(({ id }) => id));
  return outcome.status === "succeeded"
    ? []
    : steps.flatMap(({ id, kind }) => (kind === "gate.approval" && !moved.has(id) && !listed.has(id) ? [id] : []));
}

function listBlock(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)];
}

function ceilingLines({ ceiling, approvals }: Simulation): readonly string[] {
  const { wallClockMs, longestPathMs, finallyMs, totalMs, inSequenceMs, egress } = ceiling;
  const parts = [
    `steps ${printDuration(longestPathMs)}`,
    ...(wallClockMs === undefined ? [] : [`wall clock ${printDuration(wallClockMs)}`]),
    ...(finallyMs === 0 ? [] : [`finally ${printDuration(finallyMs)}`]),
  ];
  const waits = `, and up to ${printDuration(ceiling.approvalsMs)} of waiting for approvals`;
  return [
    "ceilings",
    ...field("time", `${printDuration(totalMs)} (${parts.join(", ")})${approvals.gates === 0 ? "" : waits}`),
    ...field("one by one", printDuration(inSequenceMs)),
    ...field("attempts", String(ceiling.attempts)),
    ...field("egress", egress === undefined ? "none" : `${egress.requests} requests, ${printByteSize(egress.bytes)}`),
    ...field(
      "approvals",
      approvals.gates === 0 ? "none" : `${approvals.required} at ${counted(approvals.gates, "gate")}`,
    ),
  ];
}

function outcomeLines({ outcome, assumptions }: Simulation): readonly string[] {
  const reason = outcome.reason === undefined ? "" : ` (${outcome.reason})`;
  const even = outcome.status === "succeeded" ? "" : "even ";
  const under = assumptions.length === 0 ? `${even}if every step succeeds` : "under these assumptions";
  return [`outcome  ${outcome.status}${reason} ${under}`];
}

const SHALLOW = 2;
const DEEP = 6;

/** A labelled line; further lines of its text stand below the first. */
function field(label: string, text: string, indent: number = SHALLOW): readonly string[] {
  const start = " ".repeat(indent) + label.padEnd(12 - (indent - SHALLOW) / 2);
  const [first = "", ...more] = text.trimEnd().split("\n");
  return [start + first, ...more.map((line) => " ".repeat(start.length) + line)];
}
