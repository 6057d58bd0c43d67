import type { Redactor } from "#port/secrets.ts";
import type { Command } from "#run/command.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { Values } from "#run/value.ts";

/**
 * Takes secrets out of what comes from outside before anything is decided on it: output, results, reasons that people
 * wrote. Ids and digests stay as they are.
 */
export function redactCommand(command: Command, redactor: Redactor): Command {
  switch (command.kind) {
    case "output":
      return { ...command, output: redactor.redactJson(command.output) };
    case "ended":
      return { ...command, outcome: redactOutcome(command.outcome, redactor) };
    case "cancel":
      return command.reason === undefined ? command : { ...command, reason: redactor.redact(command.reason) };
    case "incident":
      return { ...command, reason: redactor.redact(command.reason) };
    case "refused":
    case "drifted":
    case "gateFailed":
      return { ...command, hint: redactor.redact(command.hint) };
    case "policyEvaluated":
      return { ...command, why: redactor.redact(command.why) };
    case "create":
    case "acquire":
    case "verified":
    case "start":
    case "lost":
    case "gateOpened":
    case "decision":
    case "confirmed":
    case "incidentOver":
    case "snapshot":
    case "snapshotFailed":
    case "tick":
      return command;
  }
}

function redactOutcome(outcome: AttemptOutcome, redactor: Redactor): AttemptOutcome {
  switch (outcome.kind) {
    case "succeeded":
      return { ...outcome, outputs: redactOutputs(outcome.outputs, redactor) };
    case "failed":
      return {
        ...outcome,
        hint: redactor.redact(outcome.hint),
        ...(outcome.fault === undefined ? {} : { fault: redactor.redactJson(outcome.fault) }),
      };
    case "cancelled":
      return outcome;
  }
}

/** Of files and folders only digest and size stand there, which a short secret must not make unreadable. */
function redactOutputs(outputs: Values, redactor: Redactor): Values {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => [
      name,
      "value" in output ? { ...output, value: redactor.redactValue(output.value) } : output,
    ]),
  );
}
