import { runAnswer, type RunAnswer } from "#app/run-answer.ts";
import type { RunEnd } from "#app/finish-run.ts";
import { copyOutputs } from "#app/copy-outputs.ts";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Workplace } from "#app/workplace.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { counted } from "#fault/counted.ts";
import { gateStep } from "./approval-step.ts";
import { jsonLine, type Cli, type GlobalOptions } from "./cli.ts";
import type { DriveOptions } from "./drive-options.ts";
import { runExitCode } from "./exit-code.ts";
import { codeEntry } from "./explained-codes.ts";
import { formatOf } from "./options.ts";
import { nextStep } from "./next-step.ts";
import { runJson } from "./run-json.ts";
import { runText, waitingLines, type GateStepOf } from "./run-text.ts";

const SIGTERM_EXIT = 143;
const INTERRUPTED_EXIT = 130;

/** Tells how a run ended, in the asked format; its exit code. */
export async function showRunEnd(
  cli: Cli,
  end: RunEnd,
  options: DriveOptions,
  workplace: Workplace,
  signal: unknown,
): Promise<number> {
  const { output } = options;
  const copied =
    output === undefined || end.end !== "finished" ? ok(undefined) : await copyOutputs(end.state, output, workplace);
  if (end.unanchored !== undefined) {
    const { code, message } = end.unanchored;
    const later = nextStep(cli, "evidence", "anchor", end.evidence ?? "PATH");
    cli.note(`the evidence is sealed, but not anchored: ${message} [${code}]; later: ${later}`);
  }
  const answer = runAnswer(end.state, end.evidence, workplace.clock.now());
  return tellRunEnd(cli, { answer, end: end.end, copied, trust: trustOf(workplace) }, options, signal);
}

export type ToldEnd = {
  readonly answer: RunAnswer;
  readonly end: RunEnd["end"];
  /** What came of copying what was asked for. */
  readonly copied: Result<void>;
  /** The trust root to verify it by. */
  readonly trust: string;
  /** Through which server, if not here. */
  readonly access?: ServerAccess;
};

/** Tells of a run that was driven here or by a server. */
export function tellRunEnd(cli: Cli, told: ToldEnd, options: GlobalOptions, signal: unknown): number {
  const { answer, end, copied, trust, access } = told;
  const step: GateStepOf = (gate) => gateStep(cli, gate, access);
  const exitCode = end === "aborted" ? interruptCode(signal) : exitCodeOf(answer.status, answer.reason, signal);
  if (formatOf(options) === "json") {
    cli.out(jsonLine({ ...runJson(answer), exitCode, ...(copied.ok ? {} : uncopied(copied.fault)) }));
  } else if (formatOf(options) === "text") {
    cli.out(runText(answer, step));
    whyFailed(cli, answer).forEach(cli.note);
    if (answer.evidence !== undefined) {
      cli.note(`verify it with: ${nextStep(cli, "verify", answer.evidence, "--trust", trust)}`);
    }
  }
  if (!copied.ok) {
    return formatOf(options) === "json" ? codeEntry(copied.fault.code).exitCode : cli.fault(copied.fault);
  }
  if (end === "idle" && formatOf(options) !== "text") {
    waitingLines(answer, step).forEach((line) => cli.note(line.trim()));
  }
  return exitCode;
}

/** What a run that begins says of the steps that it does not repeat. */
export function takenOver(count: number, from: string): string {
  return `takes over ${counted(count, "step")} of run ${from}`;
}

/** Of a step that holds others the one in it says more. */
function whyFailed(cli: Cli, { runId, status, steps }: RunAnswer): readonly string[] {
  const failed = status === "failed" ? steps.findLast((step) => step.status === "failed") : undefined;
  return failed === undefined ? [] : [`why it failed: ${nextStep(cli, "explain", failed.id, "--run", runId)}`];
}

/** The run has ended as it has: what went wrong after it stands beside that. */
function uncopied({ code, message, hint }: Fault): object {
  const { exitCode } = codeEntry(code);
  return { exitCode, error: { code, message, hint, exitCode } };
}

function trustOf({ settings }: Workplace): string {
  return settings.trustFile ?? `${settings.stateFolder}/trust/trust-root.json`;
}

function exitCodeOf(status: string, reason: string | undefined, signal: unknown): number {
  const code = runExitCode(status, reason);
  return code === INTERRUPTED_EXIT ? interruptCode(signal) : code;
}

export function interruptCode(signal: unknown): number {
  return signal === "SIGTERM" ? SIGTERM_EXIT : INTERRUPTED_EXIT;
}
