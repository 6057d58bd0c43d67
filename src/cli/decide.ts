import { decideGate, type DecidedGate } from "#app/decide-gate.ts";
import { isDriven } from "#app/list-runs.ts";
import type { Command } from "commander";
import { type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withRun } from "./runs.ts";

type DecideOptions = GlobalOptions & { readonly key?: string; readonly reason?: string };

/** `packrun approve RUN GATE`. */
export const approve: CommandFile = {
  define: (program, cli, done) => define(program, cli, done, "approve"),
};

/** `packrun reject RUN GATE`. */
export const reject: CommandFile = {
  define: (program, cli, done) => define(program, cli, done, "reject"),
};

function define(program: Command, cli: Cli, done: (code: number) => void, decision: "approve" | "reject"): void {
  withGlobals(program.command(`${decision} <run> <gate>`).description(`${decision} a gate with a signed decision`))
    .option("--key <file>", "private key to sign with; the configured requester's key unless given")
    .option("--reason <text>", "why, for the record", "")
    .addHelpText("after", `\nExample: packrun ${decision} last release --key alice.key --reason "checked the diff"`)
    .action(async (run: string, gateId: string, options: DecideOptions) => {
      const { key: keyFile, reason = "" } = options;
      const given = { gateId, decision, reason, ...(keyFile === undefined ? {} : { keyFile }) };
      const code = await withRun(cli, options, run, async (key, workplace) => {
        const decided = await decideGate(key, given, workplace);
        const ended = answer(cli, options, decided, wordsOf);
        if (decided.ok && formatOf(options) === "text" && !(await isDriven(key, workplace))) {
          cli.note(`no process drives the run now; go on with: packrun resume ${key.runId}`);
        }
        return ended;
      });
      done(code);
    });
}

function wordsOf({ decision, gateId, principal }: DecidedGate): string {
  return `${decision === "approve" ? "approved" : "rejected"} ${gateId} as ${principal}\n`;
}
