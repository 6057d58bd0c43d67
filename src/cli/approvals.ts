import { resolve } from "node:path";
import type { Command } from "commander";
import type { ImportedResponse } from "#app/approval-import.ts";
import type { WaitingGate } from "#app/approval-list.ts";
import type { Fault } from "#fault/fault.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { defineSign, defineStatement } from "./approval-signing.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { approvalStep } from "./approval-step.ts";
import { decidedText } from "./decided-text.ts";
import { errorOf, exitCodeOf } from "./fault-list.ts";
import { answer } from "./keys.ts";
import { nextStep } from "./next-step.ts";
import { withDesk, withRunAtDesk } from "./open-desk.ts";
import { formatOf, withGlobals } from "./options.ts";
import type { DeskOptions, RunDesk } from "./run-desk.ts";
import { withServer } from "./server-options.ts";
import { visibleEntry } from "./visible-entry.ts";

type Done = (code: number) => void;

/** `packrun approvals …`. */
export const approvals: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("approvals").description("list gates that wait, and have them decided elsewhere");
    defineList(group, cli, done);
    defineRequest(group, cli, done);
    defineSign(group, cli, done);
    defineStatement(group, cli, done);
    defineImport(group, cli, done);
    group.addHelpText(
      "after",
      "\nAcross an air gap: `approvals request` where the run is, carry the archive over, `approvals sign` there,\n" +
        "carry the response back, `approvals import`, `packrun resume`. On one machine `packrun approve` does it all.\n" +
        "Through a server (--server) `list`, `request` and `import` work on its runs; `sign` never needs one.\n" +
        "Example: packrun approvals request last release -o /media/stick/request.tar",
    );
  },
};

function defineList(group: Command, cli: Cli, done: Done): void {
  withServer(withGlobals(group.command("list").description("gates that wait, over all runs of this tenant")))
    .addHelpText(
      "after",
      "\nThe gate whose time is over first comes first. Who may approve is told by the trust root as it is now.\n" +
        "Exit codes: 0 listed, 7 the ledger of a run is broken.\nExample: packrun approvals list --json",
    )
    .action(async (options: DeskOptions) => {
      done(await withDesk(cli, options, (desk) => list(cli, desk, options)));
    });
}

async function list(cli: Cli, desk: RunDesk, options: DeskOptions): Promise<number> {
  const found = await desk.approvals();
  if (!found.ok) {
    return cli.fault(found.fault, formatOf(options));
  }
  const { items, unread } = found.value;
  if (formatOf(options) === "json") {
    cli.out(jsonLine({ schemaVersion: 1, items, ...(unread.length === 0 ? {} : { errors: unread.map(errorOf) }) }));
    return exitCodeOf(unread);
  }
  items.forEach((gate) => cli.out(gateText(cli, gate, desk.access)));
  unread.forEach((fault) => cli.fault(fault));
  if (items.length + unread.length === 0) {
    cli.note("no gate waits here");
  }
  return exitCodeOf(unread);
}

function gateText(cli: Cli, gate: WaitingGate, access: ServerAccess | undefined): string {
  const { pack, mayApprove, from, decided, expired } = gate;
  const people = mayApprove ?? [`whoever holds ${from.join(" or ")} in trust domain ${gate.trustDomain}`];
  const by = decided.length === 0 ? "" : ` (${decided.map(({ principal }) => principal).join(", ")})`;
  const lines = [
    `${gate.runId}  ${gate.gateId}  ${gate.have} of ${gate.required}${by}`,
    field("pack", `${pack.name}@${pack.version}`),
    field("planHash", gate.planHash),
    ...(gate.message === undefined ? [] : [field("message", gate.message)]),
    field("asked by", gate.requestedBy),
    field("rule", `${gate.approval}, by ${from.join(" or ")}`),
    field("may approve", people.length === 0 ? "nobody in the trust root" : people.join(", ")),
    ...(expired ? [] : [field("approve", approvalStep(cli, gate, access))]),
    field(
      "until",
      expired ? `${gate.notAfter}, which is over: ${nextStep(cli, "resume", gate.runId)} ends the run` : gate.notAfter,
    ),
  ];
  return lines.map((line) => `${visibleEntry(line, FIELD.length)}\n`).join("");
}

/** What stands before the text of a field. */
const FIELD = " ".repeat(15);

function field(label: string, text: string): string {
  return `${`  ${label}`.padEnd(FIELD.length)}${text}`;
}

function defineRequest(group: Command, cli: Cli, done: Done): void {
  const what = "write all that somebody else needs to decide on a gate: a folder, or one .tar";
  withServer(withGlobals(group.command("request <run> <gate>").description(what)))
    .requiredOption("-o, --output <path>", "a new or empty folder, or FILE.tar")
    .addHelpText(
      "after",
      "\nIn it: the signed request, the plan, the inputs lock, the files of the pack, and what the plan would do\n" +
        "(simulation.txt). The request's digests bind all of it; `packrun approvals sign` checks that. The same gate\n" +
        "gives the same bytes.\n" +
        "Exit codes: 0 written, 2 usage or RUN unknown, 5 the gate is unknown or not open.\n" +
        "Examples: packrun approvals request last release -o /media/stick/request.tar\n" +
        "          packrun approvals request 01a1 release -o request",
    )
    .action(async (run: string, gateId: string, options: DeskOptions & { output: string }) => {
      const out = resolve(cli.cwd, options.output);
      const code = await withRunAtDesk(cli, options, run, async (runId, desk) => {
        const written = await desk.request(runId, gateId, out);
        return answer(cli, options, written, ({ path, requestDigest, notAfter }) => {
          cli.note(`good until ${notAfter}; decide there with: packrun approvals sign ${options.output} --key KEY …`);
          return `${path}\nrequest ${requestDigest}\n`;
        });
      });
      done(code);
    });
}

function defineImport(group: Command, cli: Cli, done: Done): void {
  withServer(withGlobals(group.command("import <file...>").description("record responses that were signed elsewhere")))
    .addHelpText(
      "after",
      "\nFILE is what `packrun approvals sign` wrote, or the Sigstore bundle of another signer over the statement of\n" +
        "`packrun approvals statement`. Each goes to the run that it names; a refusal stands in that run's ledger.\n" +
        "Through a server the token must be for that run and gate.\n" +
        "Exit codes: 0 all recorded, 2 a file cannot be read, 5 refused; of several the first that failed.\n" +
        "Example: packrun approvals import /media/stick/alice.sigstore.json",
    )
    .action(async (files: readonly string[], options: DeskOptions) => {
      done(await withDesk(cli, options, (desk) => importAll(cli, files, desk, options)));
    });
}

async function importAll(cli: Cli, files: readonly string[], desk: RunDesk, options: DeskOptions): Promise<number> {
  const asJson = formatOf(options) === "json";
  const items: object[] = [];
  const faults: Fault[] = [];
  for (const file of files) {
    const imported = await desk.importResponse(file);
    if (imported.ok) {
      items.push({ file, ...imported.value });
    } else {
      items.push({ file, error: errorOf(imported.fault) });
      faults.push(imported.fault);
    }
    if (!asJson) {
      tell(cli, file, imported.ok ? imported.value : imported.fault, desk.access !== undefined);
    }
  }
  if (asJson) {
    cli.out(jsonLine({ schemaVersion: 1, items }));
  }
  return exitCodeOf(faults);
}

/** A server goes on by itself. */
function tell(cli: Cli, file: string, found: ImportedResponse | Fault, isThere: boolean): void {
  if ("code" in found) {
    cli.fault(found.message.includes(file) ? found : { ...found, place: { file } });
    return;
  }
  cli.out(decidedText(found));
  if (!found.again && !isThere) {
    cli.note(`go on with: ${nextStep(cli, "resume", found.runId)}`);
  }
}
