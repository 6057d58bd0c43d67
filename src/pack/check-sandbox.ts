import type { JsonObject } from "#canon/json.ts";
import { fits } from "#canon/shape.ts";
import { parseDuration } from "#canon/duration.ts";
import type { Findings } from "./findings.ts";
import { narrowSandbox } from "./narrow-sandbox.ts";
import { egressRuleOf, sandboxRuleOf } from "./sandbox-rule.ts";
import { sandboxShape, stepSandboxShape } from "./sandbox-shape.ts";
import { listOf, membersOf, objectOf, textOf, type StepView } from "./step-view.ts";

const SANDBOX = ["spec", "sandbox"] as const;

/** Holds the pack's sandbox to itself, and each step's to the pack's. */
export function checkSandbox(views: readonly StepView[], spec: JsonObject, findings: Findings): void {
  const raw = objectOf(spec["sandbox"]);
  if (listOf(raw["egressAllowlist"]).length > 0 && !Object.hasOwn(raw, "egressQuota")) {
    findings.add("SANDBOX_QUOTA_MISSING", { name: "sandbox.egressQuota" }, { path: [...SANDBOX], part: "key" });
  }
  if (!fits(sandboxShape, raw)) {
    return;
  }
  checkRepeats(raw.egressAllowlist.map(egressRuleOf), findings);
  const pack = sandboxRuleOf(raw);
  for (const { raw: step, path } of views) {
    const own = step["sandbox"];
    if (own !== undefined && fits(stepSandboxShape, own)) {
      for (const { path: inner, problem } of narrowSandbox(pack, own).widenings) {
        findings.add("SANDBOX_WIDENED", { problem }, { path: [...path, "sandbox", ...inner], part: "value" });
      }
    }
  }
}

/** Two rules for one host and port could say different things, so neither would be certain. */
function checkRepeats(rules: readonly { readonly host: string; readonly port: number }[], findings: Findings): void {
  const firsts = new Map<string, number>();
  for (const [at, { host, port }] of rules.entries()) {
    const name = `${host}:${port}`;
    const first = firsts.get(name);
    if (first === undefined) {
      firsts.set(name, at);
    } else {
      findings.add(
        "PACK_VALUE",
        { problem: `${name} stands twice in the list` },
        { path: [...SANDBOX, "egressAllowlist", at], part: "value" },
        {
          hint: "keep one rule for each host and port",
          related: {
            message: "the first one stands here",
            at: { path: [...SANDBOX, "egressAllowlist", first], part: "value" },
          },
        },
      );
    }
  }
}

/** Objectives that the pack's own limits make meaningless. */
export function checkObjectives(spec: JsonObject, findings: Findings): void {
  const { runP95Seconds, approvalP95Seconds, maxQueueDepth } = objectOf(spec["slo"]);
  const report = (name: string, problem: string): void => {
    findings.add("PLAN_SLO_CONFLICT", { problem }, { path: ["spec", "slo", name], part: "value" });
  };
  const wallClock = parseDuration(textOf(objectOf(spec["sandbox"])["wallClock"]) ?? "");
  if (typeof runP95Seconds === "number" && wallClock !== undefined && runP95Seconds * 1000 > wallClock) {
    report("runP95Seconds", `runs are ended after ${wallClock / 1000} s of wallClock, before ${runP95Seconds} s`);
  }
  for (const [id, rule] of membersOf(spec["approvals"])) {
    const ttl = parseDuration(textOf(objectOf(rule)["ttl"]) ?? "");
    if (typeof approvalP95Seconds === "number" && ttl !== undefined && approvalP95Seconds * 1000 > ttl) {
      report("approvalP95Seconds", `approval "${id}" expires after ${ttl / 1000} s, before ${approvalP95Seconds} s`);
    }
  }
  if (maxQueueDepth === 0) {
    report("maxQueueDepth", "a queue that may hold no run is always too deep");
  }
}
