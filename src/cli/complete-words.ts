import { existsSync } from "node:fs";
import { Command, type Option } from "commander";
import { readSettings } from "#app/settings.ts";
import type { Workplace } from "#app/workplace.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { earlyOptions } from "./early-options.ts";
import { settingsSource, sharedOptions } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** A word that may stand there, and what it means. */
export type Candidate = { readonly value: string; readonly about: string };

/** Runs that are offered: the newest. */
const OFFERED_RUNS = 50;
/** Commands that make sense only for a run that has not ended. */
const UNFINISHED: ReadonlySet<string> = new Set(["pending", "running", "waiting"]);
const NEEDS_UNFINISHED: ReadonlySet<string> = new Set(["resume", "cancel", "approve", "reject", "request"]);

/** What the last of `words` may become, given those before it (without `packrun` itself). Nothing where files are meant. */
export async function completeWords(words: readonly string[], cli: Cli): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const partial = words.at(-1) ?? "";
  const program = new Command("packrun");
  const [first] = earlyOptions(before).rest;
  const entry = first !== undefined && Object.hasOwn(cli.commands, first) ? cli.commands[first] : undefined;
  if (entry !== undefined) {
    (await entry.load()).define(program, cli, () => undefined);
  } else if (first === undefined) {
    Object.entries(cli.commands).forEach(([name, { summary }]) => program.command(name).description(summary));
  }
  return beginning(await offered(placeOf(program, before), partial, cli), partial);
}

const beginning = (all: readonly Candidate[], partial: string): readonly Candidate[] =>
  all.filter(({ value }) => value.startsWith(partial));

type Place = {
  readonly command: Command;
  /** Words that are no options, behind the names of the commands. */
  readonly given: readonly string[];
  /** The option whose value comes next. */
  readonly awaiting: Option | undefined;
  /** Values of `--store` and the like, as far as they were given. */
  readonly options: GlobalOptions;
};

function placeOf(program: Command, words: readonly string[]): Place {
  let command = program;
  let awaiting: Option | undefined;
  const given: string[] = [];
  const options: Record<string, string> = {};
  for (const word of words) {
    if (awaiting !== undefined) {
      options[awaiting.attributeName()] = word;
      awaiting = undefined;
    } else if (word.startsWith("-")) {
      const [name = "", value] = word.split("=", 2);
      const option = optionsOf(command).find(({ long, short }) => long === name || short === name);
      const takes = option?.required === true || option?.optional === true;
      if (option !== undefined && takes && value !== undefined) {
        options[option.attributeName()] = value;
      }
      awaiting = takes && value === undefined ? option : undefined;
    } else {
      const child = given.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      command = child ?? command;
      given.push(...(child === undefined ? [word] : []));
    }
  }
  return { command, given, awaiting, options };
}

/** A command that others stand behind takes the options of every command for them. */
function optionsOf(command: Command): readonly Option[] {
  return command.commands.length === 0 ? command.options : [...command.options, ...sharedOptions()];
}

async function offered(place: Place, partial: string, cli: Cli): Promise<readonly Candidate[]> {
  const { command, given, awaiting } = place;
  if (awaiting !== undefined) {
    const about = awaiting.description;
    return awaiting.attributeName() === "run"
      ? runsOf(place, cli)
      : (awaiting.argChoices ?? []).map((value) => ({ value, about }));
  }
  if (partial.startsWith("-")) {
    return optionsOf(command)
      .filter(({ hidden }) => !hidden)
      .map(({ long, short, description }) => ({ value: long ?? short ?? "", about: description }));
  }
  if (given.length === 0 && command.commands.length > 0) {
    const shown = command
      .createHelp()
      .visibleCommands(command)
      .filter((each) => each.name() !== "help");
    return [
      ...shown.map((each) => ({ value: each.name(), about: each.description() })),
      ...argumentCandidates(command, 0),
    ];
  }
  switch (command.registeredArguments[given.length]?.name() ?? "") {
    case "run":
    case "before":
    case "after":
      return runsOf(place, cli);
    case "gate":
      return gatesOf(place, given[0] ?? "", cli);
    default:
      return argumentCandidates(command, given.length);
  }
}

function argumentCandidates(command: Command, at: number): readonly Candidate[] {
  const argument = command.registeredArguments[at];
  return (argument?.argChoices ?? []).map((value) => ({ value, about: argument?.description ?? "" }));
}

function runsOf({ command, options }: Place, cli: Cli): Promise<readonly Candidate[]> {
  return fromStore(cli, options, async ({ store, settings }) => {
    const rows = await store.index.list(settings.tenantId, { limit: OFFERED_RUNS });
    const fit = NEEDS_UNFINISHED.has(command.name()) ? rows.filter(({ status }) => UNFINISHED.has(status)) : rows;
    const last = rows[0] === undefined ? [] : [{ value: "last", about: "the newest run" }];
    const named = fit.map(({ runId, packName, packVersion, status }) => ({
      value: runId,
      about: `${packName}@${packVersion} ${status}`,
    }));
    return [...last, ...named];
  });
}

function gatesOf({ options }: Place, run: string, cli: Cli): Promise<readonly Candidate[]> {
  return fromStore(cli, options, async (workplace) => {
    const [{ findRun }, { readRun }] = await Promise.all([import("#app/run-reference.ts"), import("#app/read-run.ts")]);
    const key = await findRun(run, workplace.settings.tenantId, workplace.store);
    const found = key.ok ? await readRun(key.value, workplace) : key;
    return found.ok
      ? found.value.answer.pendingGates.map(({ id, have, required, expired }) => ({
          value: id,
          about: expired ? "expired" : `${have} of ${required} approvals`,
        }))
      : [];
  });
}

/** Completing a word makes no state folder, and says nothing where something cannot be read. */
async function fromStore(
  cli: Cli,
  options: GlobalOptions,
  look: (workplace: Workplace) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok || !existsSync(settings.value.stateFolder)) {
    return [];
  }
  let found: readonly Candidate[] = [];
  const silent: Cli = { ...cli, fault: () => 1 };
  await withWorkplace(silent, { ...options, input: false }, async (workplace) => {
    found = await look(workplace);
    return 0;
  });
  return found;
}
