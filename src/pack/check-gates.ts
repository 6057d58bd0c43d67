import type { JsonObject } from "#canon/json.ts";
import type { Findings } from "./findings.ts";
import { objectOf, textOf, type StepView } from "./step-view.ts";

/** Gates must be declared, and nothing may let a run slip past one. */
export function checkGates(views: readonly StepView[], spec: JsonObject, findings: Findings): void {
  const known = {
    approval: new Set(Object.keys(objectOf(spec["approvals"]))),
    policy: new Set(Object.keys(objectOf(spec["policies"]))),
  };
  const blamed = new Set<StepView>();
  for (const view of views) {
    if (view.kind !== "gate") {
      continue;
    }
    checkDeclared(view, "approval", known.approval, findings);
    checkDeclared(view, "policy", known.policy, findings);
    if (view.section === "finally") {
      const at = { path: [...view.path, "gate"], part: "key" } as const;
      findings.add("PLAN_GATE_IN_FINALLY", { id: view.id ?? "?" }, at);
    }
    if (Object.hasOwn(view.body, "approval")) {
      checkSurroundings(view, blamed, findings);
    }
  }
}

function checkDeclared(
  { body, path }: StepView,
  kind: "approval" | "policy",
  known: ReadonlySet<string>,
  findings: Findings,
): void {
  const id = textOf(body[kind]);
  if (id === undefined || known.has(id)) {
    return;
  }
  const member = kind === "approval" ? "approvals" : "policies";
  if (!findings.doubts.touch(["spec", member, id]) && !findings.doubts.mayBe(id)) {
    const section = `spec.${member}`;
    const at = { path: [...path, "gate", kind], part: "value" } as const;
    findings.add("PACK_ID_UNKNOWN", { kind, id, section }, at, findings.didYouMean(id, known));
  }
}

/** Looks at an approval gate and the containers around it. Each `when` is blamed once, however many gates it hides. */
function checkSurroundings(gate: StepView, blamed: Set<StepView>, findings: Findings): void {
  const id = gate.id ?? "?";
  const place = { path: [...gate.path, "gate"], part: "key" } as const;
  let inMap = false;
  for (let view: StepView | undefined = gate; view !== undefined; view = view.parent) {
    if (view.kind === "map" && !inMap) {
      inMap = true;
      const related = { message: "the map starts here", at: { path: [...view.path, "map"], part: "key" } } as const;
      findings.add("PLAN_GATE_IN_MAP", { id, map: view.id ?? "?" }, place, { related });
    }
    if (Object.hasOwn(view.raw, "when") && !blamed.has(view)) {
      blamed.add(view);
      const at = { path: [...view.path, "when"], part: "key" } as const;
      const related = { message: "the gate stands here", at: place } as const;
      findings.add("PLAN_GATE_CONDITIONAL", { id, owner: view.id ?? "?" }, at, view === gate ? {} : { related });
    }
  }
}
