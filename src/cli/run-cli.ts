import { styleText } from "node:util";
import { Command, CommanderError, Help } from "commander";
import { diagnosticsExitCode } from "./exit-code.ts";
import { jsonLine, type Cli, type Style, type Whereabouts } from "./cli.ts";
import { commandTable } from "./command-table.ts";
import { crashText } from "./crash-text.ts";
import { earlyOptions, lateOptions } from "./early-options.ts";
import { codeEntry } from "./explained-codes.ts";
import { annotation, findingAnnotation, onGithub } from "./github-annotation.ts";
import { goOnWithoutOutput, writerTo } from "./lost-output.ts";
import { withNextSteps } from "./next-step.ts";
import { EARLY_OPTIONS, SHARED_OPTIONS, sharedOptions } from "./options.ts";
import { userFileCodes } from "#app/user-file-codes.ts";
import { faultOf } from "#fault/code-table.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { diagnosticRenderer } from "#fault/source-frame.ts";
import type { Fault } from "#fault/fault.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { visibleText } from "#view/visible-text.ts";
import { usageCodes } from "./usage-codes.ts";
import { asksForJson, usageFault, usageWords } from "./usage-words.ts";
import { visibleEntry } from "./visible-entry.ts";
import { version } from "./version.ts";

const USAGE = 2;

/** Runs one command line; the exit code. */
export async function runCli(given: readonly string[]): Promise<number> {
  const early = earlyOptions(given);
  const asked = early.rest[0] === "help" ? earlyOptions(early.rest.slice(1)) : undefined;
  const words = asked === undefined ? early.rest : [...asked.rest, "--help"];
  const argv = [...early.options.flat(), ...(asked?.options.flat() ?? []), ...words];
  let where: Whereabouts = {};
  const name = words[0] ?? "--help";
  const doing: Doing = { command: name, runId: undefined };
  const cli = nodeCli(argv, () => where, doing);
  goOnWithoutOutput({
    onlyShows: name === "runs",
    answers: name !== "serve",
    sayLost: (error) =>
      cli.fault(faultOf(userFileCodes, "USER_FILE_WRITE", { file: "stdout", problem: systemProblem(error) })),
  });
  // What is thrown where nobody waits for it, in an event of a socket or a timer, ends the process in the same words.
  process.once("uncaughtException", (error) => void endFor(error, cli, doing));
  let code = 0;
  const program = programOf(cli, name)
    .exitOverride((error) => {
      doing.command = "";
      throw error;
    })
    .hook("preAction", (_, command) => {
      where = command.opts<Whereabouts>();
      doing.command = nameOf(command);
    });
  const entry = Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
  if (entry !== undefined) {
    (await entry.load()).define(program, cli, (ended) => {
      code = ended;
    });
    program.commands.forEach((command) => nameInErrors(command, doing));
  } else if (name.startsWith("-")) {
    listCommands(program);
  } else {
    return unknownCommand(cli, name, asksForJson(argv));
  }
  try {
    await program.parseAsync(words.length === 0 ? ["--help", ...argv] : [...lateOptions(program, argv)], {
      from: "user",
    });
    return code;
  } catch (error) {
    return error instanceof CommanderError
      ? usageExit(cli, error, doing, asksForJson(argv))
      : await crash(cli, error, doing);
  }
}

/** What a crash tells of. */
type Doing = { command: string; runId: string | undefined };

/** `runs show`, as it is written behind `packrun`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

const AFTER_HELP = `
First steps: packrun init hello, packrun run hello, packrun verify last.
Exit codes: 0 ok, 1 run failed, 2 usage, 3 findings, 4 waiting, 5 refused,
6 drift, 7 not verified, 8 sandbox, 10 store, 11 stale, 20 differs,
124 wall clock, 130 cancelled, 143 by SIGTERM.
\`packrun COMMAND --help\` shows options and examples; \`packrun explain CODE\`
explains any error code.`;

function programOf(cli: Cli, name: string): Command {
  const about = Object.hasOwn(commandTable, name) ? `packrun ${name}` : "packrun";
  const program = new Command("packrun")
    .description("Run exactly the plan that was approved, and leave proof that anyone can check offline.")
    .version(version, "-V, --version")
    .configureHelp({ groupItems: sharedLast })
    .configureOutput({ writeOut: cli.out, writeErr: cli.err, outputError: (text, write) => write(usageWords(text)) })
    .showSuggestionAfterError(true)
    .showHelpAfterError(usageHint(about));
  return about === "packrun" ? program.addHelpText("after", AFTER_HELP) : program;
}

const usageHint = (about: string): string => `  = help: ${about} --help shows how it is used`;

/** A wrong use of `runs show` is explained by `runs show --help`, not by the help of its group. */
function nameInErrors(command: Command, doing: Doing): void {
  const name = nameOf(command);
  command.showHelpAfterError(usageHint(`packrun ${name}`)).exitOverride((error) => {
    doing.command = name;
    throw error;
  });
  command.commands.forEach((child) => nameInErrors(child, doing));
}

/** What is peculiar to a command comes before what all commands share. */
const sharedLast: Help["groupItems"] = (items, visible, groupOf) => {
  const shared = (item: (typeof items)[number]): number =>
    Number([SHARED_OPTIONS, EARLY_OPTIONS].includes(groupOf(item)));
  return new Help().groupItems(
    items.toSorted((a, b) => shared(a) - shared(b)),
    visible,
    groupOf,
  );
};

function listCommands(program: Command): void {
  for (const [name, { group, summary }] of Object.entries(commandTable)) {
    program.command(name).description(summary).helpGroup(group).allowUnknownOption();
  }
  sharedOptions().forEach((option) => program.addOption(option));
  program.helpCommand(false);
}

function unknownCommand(cli: Cli, name: string, asJson: boolean): number {
  const near = nearestName(name, Object.keys(commandTable));
  const problem = `unknown command "${name}"`;
  const hint = near === undefined ? "packrun --help lists the commands" : `did you mean "${near}"?`;
  cli.err(`error: ${problem}\n  = help: ${hint}\n`);
  return asJson ? cli.fault(faultOf(usageCodes, "COMMAND_LINE", { problem }, { hint }), "json") : USAGE;
}

/** Commander has already said in text what is wrong; asking for help is no error. */
function usageExit(cli: Cli, error: CommanderError, { command }: Doing, asJson: boolean): number {
  if (error.exitCode === 0) {
    return 0;
  }
  return asJson ? cli.fault(usageFault(error, command), "json") : USAGE;
}

/** What was thrown may hold anything, the secrets of a run included. */
async function endFor(error: Error, cli: Cli, doing: Doing): Promise<never> {
  process.exit(await crash(cli, error, doing));
}

async function crash(cli: Cli, error: unknown, doing: Doing): Promise<number> {
  const { withoutSecrets } = await import("#compose.ts");
  const message = withoutSecrets(error instanceof Error ? error.message : String(error));
  cli.err(crashText(cli, { ...doing, message }));
  if (cli.env["PACKRUN_DEBUG"] === "1" && error instanceof Error) {
    cli.err(`${withoutSecrets(error.stack ?? "")}\n`);
  }
  return 1;
}

function nodeCli(argv: readonly string[], where: () => Whereabouts, doing: Doing): Cli {
  const out = writerTo(process.stdout);
  const err = writerTo(process.stderr);
  const colour = wantsColour(argv);
  const style = (name: Style, text: string): string =>
    colour ? styleText(name, text, { validateStream: false }) : text;
  return {
    commands: commandTable,
    env: process.env,
    cwd: process.cwd(),
    out,
    err,
    style,
    live: process.stderr.isTTY && process.env["CI"] === undefined,
    get columns() {
      return process.stderr.columns ?? 100;
    },
    get rows() {
      return process.stderr.rows ?? 25;
    },
    get where() {
      return where();
    },
    fault: (fault, format) =>
      showFault(fault, format, { out, err, style, env: process.env, cwd: process.cwd(), where: where() }),
    diagnostics: (found, sourceOf) => {
      const renderers = new Map<string, (diagnostic: Diagnostic) => string>();
      for (const diagnostic of found) {
        const { file } = diagnostic;
        const render = renderers.get(file) ?? diagnosticRenderer(sourceOf(file), { color: frameColour(style) });
        renderers.set(file, render);
        err(`${render(diagnostic)}\n`);
        if (onGithub({ env: process.env })) {
          err(findingAnnotation({ env: process.env, cwd: process.cwd() }, diagnostic));
        }
      }
      return diagnosticsExitCode(found);
    },
    worksOn: (runId) => {
      doing.runId = runId;
    },
    // Names in it may be a server's: none begins a line of its own.
    note: (text) => err(`packrun: ${visibleEntry(text)}\n`),
  };
}

/** What a fault tells of may have been named by whoever made a file: none of it is to steer the terminal. */
function showFault(
  fault: Fault,
  format: string | undefined,
  cli: Pick<Cli, "out" | "err" | "style" | "env" | "cwd" | "where">,
): number {
  const { exitCode } = codeEntry(fault.code);
  const hint = fault.hint === undefined ? undefined : withNextSteps(cli, fault.hint);
  if (format === "json" || format === "ndjson") {
    const { code, message, place } = fault;
    cli.out(jsonLine({ schemaVersion: 1, error: { code, message, hint, place, exitCode } }));
    return exitCode;
  }
  cli.err(`${cli.style("red", `error[${fault.code}]`)}: ${visibleText(fault.message)}\n`);
  if (fault.place?.file !== undefined) {
    cli.err(`  --> ${visibleText(`${fault.place.file}${fault.place.pointer ?? ""}`)}\n`);
  }
  if (hint !== undefined) {
    cli.err(`  = help: ${visibleText(hint)}\n`);
  }
  cli.err(`  = see: packrun explain ${fault.code}\n`);
  if (onGithub(cli)) {
    cli.err(annotation("error", { title: fault.code }, [fault.message, hint ?? ""].join("\n").trim()));
  }
  return exitCode;
}

function wantsColour(argv: readonly string[]): boolean {
  const said = argv.findLast((word) => word === "--color" || word === "--no-color");
  if (said === "--no-color") {
    return false;
  }
  if (said === "--color" || (process.env["FORCE_COLOR"] ?? "0") !== "0") {
    return true;
  }
  return process.stderr.isTTY && process.env["NO_COLOR"] === undefined && process.env["CI"] === undefined;
}

type FrameColour = Parameters<typeof diagnosticRenderer>[1]["color"];

const FRAME_STYLES = {
  error: "red",
  warning: "yellow",
  info: "cyan",
  gutter: "cyan",
  caret: "red",
  hint: "green",
} as const;

function frameColour(style: Cli["style"]): FrameColour {
  return (part, text) => style(FRAME_STYLES[part], text);
}
