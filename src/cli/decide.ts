import { decideGate } from "#app/decide-gate.ts";
import type { Command } from "commander";
import { type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { withGlobals } from "./options.ts";
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
      const code = await withRun(cli, options, run, async (key, workplace) =>
        answer(
          cli,
          options,
          await decideGate(key, given, workplace),
          (decided) =>
            `${decided.decision === "approve" ? "approved" : "rejected"} ${decided.gateId} as ${decided.principal}\n`,
        ),
      );
      done(code);
    });
}
