import type { Json, JsonObject } from "#canon/json.ts";
import type { PathPart } from "#canon/shape.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { Findings } from "./findings.ts";
import { ENV_NAME } from "./names.ts";
import { expressionSpans } from "./expression-text.ts";
import { KIND_MEMBERS, RUN_KINDS } from "./step-shape.ts";
import { listOf, membersOf, objectOf, textOf, type StepView } from "./step-view.ts";

/** How deep `parallel` and `map` may stand inside each other. */
const MAX_CONTAINERS = 8;
/** What an expression already calls something else, and words that CEL keeps for itself (its specification, section 2). */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "inputs pack run steps index true false null in as break const continue else for function if import let loop " +
    "package namespace return var void while"
  ).split(" "),
);

/** What every step must have right by itself, whatever stands around it. */
export function checkSteps(views: readonly StepView[], spec: JsonObject, findings: Findings): void {
  const firsts = new Map<string, StepView>();
  const secrets = new Set(Object.keys(objectOf(spec["secrets"])));
  for (const view of views) {
    checkId(view, firsts, findings);
    checkKind(view, findings);
    checkContainer(view, findings);
    if (view.kind === "run") {
      checkRunKind(view, findings);
      checkExpressionFree(view, findings);
      checkSecrets(view, secrets, findings);
    }
  }
}

function checkId(view: StepView, firsts: Map<string, StepView>, findings: Findings): void {
  const { id, path } = view;
  if (id === undefined) {
    return;
  }
  const first = firsts.get(id);
  if (first === undefined) {
    firsts.set(id, view);
    return;
  }
  const at = { path: [...path, "id"], part: "value" } as const;
  const related = { message: "the first one stands here", at: { path: [...first.path, "id"], part: "value" } } as const;
  findings.add("PACK_DUPLICATE_ID", { id }, at, { related });
}

function checkKind({ raw, kind, path }: StepView, findings: Findings): void {
  if (kind !== undefined) {
    return;
  }
  findings.doubt([...path, "run"]);
  if (!hasNearName(raw, KIND_MEMBERS)) {
    findings.add("PACK_STEP_KIND", { problem: "nothing says what this step does" }, { path, part: "key" });
  }
}

/** A name that is not known here is probably the missing one, mistyped: then the finding about it says enough. */
function hasNearName(object: JsonObject, names: readonly string[]): boolean {
  return Object.keys(object).some((name) => nearestName(name, names) !== undefined);
}

function checkContainer({ id = "?", kind, body, depth, path }: StepView, findings: Findings): void {
  const as = kind === "map" ? textOf(body["as"]) : undefined;
  if (as !== undefined && RESERVED.has(as)) {
    findings.add(
      "PACK_VALUE",
      { problem: `"${as}" already means something in expressions` },
      { path: [...path, "map", "as"], part: "value" },
      { hint: "take another name, such as item" },
    );
  }
  if (depth === MAX_CONTAINERS + 1 && (kind === "map" || kind === "parallel")) {
    findings.add("PLAN_TOO_DEEP", { id, limit: MAX_CONTAINERS }, { path: [...path, kind], part: "key" });
  }
}

function checkRunKind({ body, path }: StepView, findings: Findings): void {
  const run = [...path, "run"];
  const given = RUN_KINDS.filter((kind) => Object.hasOwn(body, kind));
  const [first, second] = given;
  if (first === undefined && !hasNearName(body, RUN_KINDS)) {
    const problem = "nothing says what this step runs";
    findings.add("PACK_STEP_KIND", { problem }, { path: run, part: "key" }, { hint: "add command, script or uses" });
  } else if (second !== undefined) {
    const problem = `"${first}" already says what runs, "${second}" says it again`;
    findings.add("PACK_STEP_KIND", { problem }, { path: [...run, second], part: "key" });
  }
  for (const [member, owner] of [
    ["shell", "script"],
    ["with", "uses"],
  ] as const) {
    if (Object.hasOwn(body, member) && !Object.hasOwn(body, owner)) {
      const hint = `remove it, or use "${owner}"`;
      const problem = `"${member}" means nothing without "${owner}"`;
      findings.add("PACK_VALUE", { problem }, { path: [...run, member], part: "key" }, { hint });
    }
  }
}

function checkExpressionFree({ body, path }: StepView, findings: Findings): void {
  const run = [...path, "run"];
  for (const where of ["script", "shell", "uses"] as const) {
    reportExpressions(body[where], `run.${where}`, [...run, where], findings);
  }
  reportExpressions(listOf(body["command"])[0], "command[0]", [...run, "command", 0], findings);
}

function reportExpressions(
  value: Json | undefined,
  where: string,
  path: readonly PathPart[],
  findings: Findings,
): void {
  for (const span of expressionSpans(textOf(value) ?? "")) {
    findings.add("PACK_EXPR_IN_SCRIPT", { where }, { path, part: "value", span });
  }
}

function checkSecrets({ raw, path }: StepView, secrets: ReadonlySet<string>, findings: Findings): void {
  for (const [variable, value] of membersOf(raw["env"])) {
    const name = textOf(objectOf(value)["secret"]);
    if (name !== undefined && ENV_NAME.test(variable) && !secrets.has(name) && !isHidden(name, findings)) {
      const at = { path: [...path, "env", variable, "secret"], part: "value" } as const;
      findings.add("SECRET_UNDECLARED", { name }, at, findings.didYouMean(name, secrets));
    }
  }
}

/** Declared where something is wrong, as it may be. */
function isHidden(secret: string, { doubts }: Findings): boolean {
  return doubts.touch(["spec", "secrets", secret]) || doubts.mayBe(secret);
}
