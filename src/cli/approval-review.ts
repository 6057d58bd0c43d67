import { counted } from "#fault/counted.ts";
import type { ApprovalReview } from "#app/approval-sign.ts";
import { planDiffText } from "#view/plan-diff-text.ts";
import type { Simulation } from "#view/simulation.ts";
import { visibleText } from "#view/visible-text.ts";

const WIDTH = 14;
/** Of an input's value; the whole of it stands in the plan. */
const LONGEST_VALUE = 400;

type StepPreview = Simulation["steps"][number];
type RunPreview = Extract<StepPreview, { kind: "run" }>;

/** What is about to be signed, for the person who signs. No text of a pack can move the cursor or hide a line. */
export function approvalReviewText(review: ApprovalReview): string {
  const lines = [
    ...headLines(review),
    "",
    ...inputLines(review),
    "what the plan does",
    ...review.given.simulation.steps.flatMap(stepLines),
    "",
    ...reachLines(review.given.simulation),
    ...previousLines(review),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function headLines({ given, decision, reason, development, mayDecide }: ApprovalReview): readonly string[] {
  const { request, rule, planHash, requestDigest } = given;
  const { pack } = request;
  const people = `${rule.required} of: ${mayDecide.length === 0 ? "nobody in this trust root" : mayDecide.join(", ")}`;
  return [
    ...field("decision", `${decision.toUpperCase()} gate ${request.gateId} of run ${request.runId}`),
    ...field("reason", reason.trim() === "" ? "none is given" : reason),
    ...field("pack", `${pack.name}@${pack.version}`),
    ...field("pack digest", pack.digest),
    ...field("planHash", planHash),
    ...field("message", request.message ?? "none"),
    ...field("asked by", `${request.requestedBy}, at ${request.requestedAt}`),
    ...field("good until", request.notAfter),
    ...field("rule", `${request.approval}: ${people}${rule.separationOfDuties ? "; not who asked for the run" : ""}`),
    ...field("tenant", `${request.tenantId} in trust domain ${request.trustDomain}`),
    ...field("request", `${requestDigest}, signed by a run attestor of the trust root`),
    ...(development ? field("trust", "development only: whoever can use that folder can sign") : []),
  ];
}

function inputLines({ given }: ApprovalReview): readonly string[] {
  const inputs = Object.entries(given.plan.inputs);
  const lines = inputs.map(([name, input]) => {
    const { source = "" } = given.inputsLock.inputs[name] ?? {};
    const what = "digest" in input ? `${input.type} ${input.name}, ${input.digest}` : shortJson(input.value);
    return `  ${name} = ${what}  (${source})`;
  });
  return inputs.length === 0 ? [] : ["inputs", ...lines, ""];
}

function shortJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)`;
}

function stepLines(step: StepPreview): readonly string[] {
  const head = `  ${step.section === "finally" ? "finally " : ""}${step.id}`;
  switch (step.kind) {
    case "run":
      return [`${head}  ${programOf(step)}`, ...reachOf(step)];
    case "gate.approval":
      return [`${head}  approval ${step.approval}: ${step.required} of ${step.from.join(" or ")}`];
    case "gate.policy":
      return [`${head}  policy ${step.policy}: ${firstLine(step.text)}`];
    case "map":
      return [`${head}  for each ${step.as} in ${firstLine(step.items)}`];
    case "parallel":
      return [`${head}  in parallel`];
  }
}

function programOf({ program }: RunPreview): string {
  switch (program.kind) {
    case "command":
      return firstLine(program.text);
    case "script":
      return `${program.shell} script: ${firstLine(program.text)}`;
    case "uses":
      return `${program.uses} with ${firstLine(program.with)}`;
  }
}

function reachOf({ sandbox, secrets }: RunPreview): readonly string[] {
  const reach = [
    ...sandbox.egress.map((place) => `network ${place}`),
    ...secrets.map(({ name }) => `secret ${name}`),
    ...(sandbox.mode === "sealed" ? [] : [`sandbox ${sandbox.mode}`]),
  ];
  return reach.length === 0 ? [] : [`    may reach: ${reach.join(", ")}`];
}

/** The first line of what may be a whole script; the rest stands in simulation.txt, and what the pack's files say in pack/. */
function firstLine(text: string): string {
  const [first = "", ...more] = text.trim().split("\n");
  return more.length === 0 ? first : `${first} … (${more.length + 1} lines)`;
}

function reachLines({ steps, approvals, secrets, sandbox }: Simulation): readonly string[] {
  const runs = steps.filter((step): step is RunPreview & StepPreview => step.kind === "run");
  const hosts = [...new Set(runs.flatMap((step) => step.sandbox.egress))].toSorted();
  const names = Object.keys(secrets).toSorted();
  return [
    ...field("steps", `${runs.length} that run, ${counted(approvals.gates, "gate")}`),
    ...field("network", hosts.length === 0 ? "none" : hosts.join(", ")),
    ...field("secrets", names.length === 0 ? "none" : names.join(", ")),
    ...field("sandbox", sandbox.mode),
    ...field("in full", "simulation.txt and pack/ of the request, which are held to this planHash"),
  ];
}

function previousLines({ previous }: ApprovalReview): readonly string[] {
  if (previous === undefined) {
    return [];
  }
  const { run, path, diff } = previous;
  const approved = run === undefined || run.approvedBy.length === 0 ? "nobody" : run.approvedBy.join(", ");
  const what = run === undefined ? `the plan in ${path}` : `run ${run.runId} (${run.outcome}, approved by ${approved})`;
  return ["", `what changed since ${what}`, ...planDiffText(diff).trimEnd().split("\n")];
}

function field(label: string, text: string): readonly string[] {
  const [first = "", ...more] = text.trimEnd().split("\n");
  return [label.padEnd(WIDTH) + first, ...more.map((line) => " ".repeat(WIDTH) + line)];
}
