import { printByteSize } from "#canon/byte-size.ts";
import { printDuration } from "#canon/duration.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import type { EgressRecord } from "#port/egress.ts";
import type { Redactor } from "#port/secrets.ts";
import type { AttemptRequest } from "#port/step-runner.ts";
import type { Usage } from "#run/event.ts";
import { failedFor, type AttemptOutcome } from "#run/outcome.ts";
import { sandboxCodes } from "./codes.ts";
import type { Collected } from "./collect/collect.ts";
import type { StepEnd } from "./step-process.ts";

/**
 * Why an attempt failed before its outputs are looked at. Memory comes first, because the kernel's killing explains
 * everything after it; then what we ended it for; then a sandbox that was not built; the exit code last.
 */
export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "failed"; readonly fault: Fault; readonly exitCode?: number };

export function verdictOf(end: StepEnd, request: AttemptRequest): Verdict {
  const { limits } = request.sandbox;
  const exit = end.exitCode === undefined ? {} : { exitCode: end.exitCode };
  if (end.use.outOfMemory) {
    const fault = faultOf(sandboxCodes, "STEP_OOM", { limit: printByteSize(limits.memoryBytes) });
    return { kind: "failed", fault, ...exit };
  }
  switch (end.ended) {
    case "stopped":
      return { kind: "cancelled" };
    case "timeout":
      return {
        kind: "failed",
        fault: faultOf(sandboxCodes, "STEP_TIMEOUT", { timeout: printDuration(request.timeoutMs) }),
      };
    case "log":
      return {
        kind: "failed",
        fault: faultOf(sandboxCodes, "STEP_LOG_TOO_LARGE", { limit: printByteSize(limits.logBytes) }),
      };
    case "pids":
      return { kind: "failed", fault: faultOf(sandboxCodes, "STEP_PIDS", { limit: limits.pids }) };
    case "disk":
      return { kind: "failed", fault: diskFault(end.excess ?? "the disk is full") };
    case "memory":
    case undefined:
      break;
  }
  if (end.exitCode === undefined || end.unheard !== undefined) {
    return { kind: "failed", fault: setUpFault(end.tail.trim() || (end.unheard ?? ""), request.redactor) };
  }
  if (end.exitCode === 0) {
    return { kind: "passed" };
  }
  const message = `the step ended with exit code ${end.exitCode}`;
  const hint = "see what it printed with `packrun runs logs`";
  return { kind: "failed", fault: { code: "STEP_EXIT", message, hint }, ...exit };
}

/** What an attempt did to the network and nobody can prove any more makes it fail, however it ended. */
export function withRecord(verdict: Verdict, egress: EgressRecord | undefined): Verdict {
  return egress?.fault === undefined || verdict.kind === "cancelled"
    ? verdict
    : { ...(verdict.kind === "failed" ? verdict : { exitCode: 0 }), kind: "failed", fault: egress.fault };
}

export function diskFault(problem: string): Fault {
  return faultOf(sandboxCodes, "STEP_DISK", { problem });
}

/** The tail was redacted on its way; what is made of it passes once more. */
function setUpFault(problem: string, redactor: Redactor): Fault {
  const text = problem === "" ? "bubblewrap ended without saying why" : problem;
  return faultOf(sandboxCodes, "STEP_SETUP", { problem: redactor.redact(text) });
}

function usageOf(end: StepEnd, collected: Collected | undefined): Usage {
  const { memoryPeakBytes, cpuMs, ioBytes, outOfMemory, pidsRefused } = end.use;
  const tooLarge = collected?.faults.some(({ code }) => code === "STEP_OUTPUT_TOO_LARGE") ?? false;
  const hit = [
    ...(tooLarge ? ["artifactBytes"] : []),
    ...(end.ended === "disk" ? ["diskBytes"] : []),
    ...(end.ended === "log" ? ["logBytes"] : []),
    ...(outOfMemory ? ["memoryBytes"] : []),
    ...(pidsRefused ? ["pids"] : []),
    ...(end.ended === "timeout" ? ["timeoutMs"] : []),
  ];
  return {
    hit,
    ...(memoryPeakBytes === undefined ? {} : { memoryPeakBytes }),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(ioBytes === undefined ? {} : { ioBytes }),
  };
}

export function outcomeOf(
  end: StepEnd,
  verdict: Verdict,
  collected: Collected | undefined,
  egress: EgressRecord | undefined,
): AttemptOutcome {
  const measured = {
    durationMs: end.durationMs,
    artifacts: collected?.artifacts ?? [],
    usage: usageOf(end, collected),
    ...(egress === undefined ? {} : { egress: egress.use, denied: egress.denied }),
  };
  switch (verdict.kind) {
    case "cancelled":
      return { ...measured, kind: "cancelled" };
    case "failed": {
      const exit = verdict.exitCode === undefined ? {} : { exitCode: verdict.exitCode };
      return { ...measured, ...failedFor(verdict.fault), ...exit };
    }
    case "passed": {
      const [first] = collected?.faults ?? [];
      return first === undefined
        ? { ...measured, kind: "succeeded", outputs: collected?.outputs ?? {} }
        : { ...measured, ...failedFor(first), exitCode: 0 };
    }
  }
}
