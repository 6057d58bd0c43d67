import type { Command } from "commander";
import type { DecidedGate } from "#app/decide-gate.ts";
import { ok } from "#fault/result.ts";
import type { Cli, CommandFile } from "./cli.ts";
import { decidedText } from "./decided-text.ts";
import { answer } from "./keys.ts";
import { nextStep } from "./next-step.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withRunAtDesk } from "./open-desk.ts";
import type { DecisionOptions } from "./server-decision.ts";
import { withServer } from "./server-options.ts";

type DecideOptions = DecisionOptions & { readonly key?: string; readonly reason?: string };

/** `packrun approve RUN GATE`. */
export const approve: CommandFile = {
  define: (program, cli, done) => define(program, cli, done, "approve"),
};

/** `packrun reject RUN GATE`. */
export const reject: CommandFile = {
  define: (program, cli, done) => define(program, cli, done, "reject"),
};

function define(program: Command, cli: Cli, done: (code: number) => void, decision: "approve" | "reject"): void {
  const command = program.command(`${decision} <run> <gate>`).description(`${decision} a gate with a signed decision`);
  withServer(withGlobals(command))
    .option("--key <file>", "private key to sign with; the configured requester's key unless given")
    .option("--reason <text>", "why, for the record", "")
    .option("--yes", "through a server: do not ask at the terminal before signing what is shown")
    .addHelpText(
      "after",
      "\nThrough a server the request is checked, shown and signed here; the token must be for this run and gate.\n" +
        `Example: packrun ${decision} last release --key alice.key --reason "checked the diff"`,
    )
    .action(async (run: string, gateId: string, options: DecideOptions) => {
      const { key: keyFile, reason = "" } = options;
      const given = { gateId, decision, reason, ...(keyFile === undefined ? {} : { keyFile }) };
      const code = await withRunAtDesk(cli, options, run, async (runId, desk) => {
        const decided = await desk.decide(runId, given);
        const ended = answer(
          cli,
          options,
          decided.ok ? ok(decisionOf(decided.value)) : decided,
          ({ gateId: gate, principal }) => decidedText({ decision, gateId: gate, principal }),
        );
        if (decided.ok && formatOf(options) === "text" && !decided.value.driven) {
          cli.note(`unless a process still waits for it, go on with: ${nextStep(cli, "resume", runId)}`);
        }
        return ended;
      });
      done(code);
    });
}

function decisionOf({ runId, gateId, decision, principal }: DecidedGate): DecidedGate {
  return { runId, gateId, decision, principal };
}
