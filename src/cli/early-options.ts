import type { Command } from "commander";
import { sharedOptions } from "./options.ts";

/** An option as it stands on the command line, with its value where that is a word of its own. */
type GivenOption = readonly string[];

/** Words of a command line, without the options of every command that they begin with. */
export type Early = { readonly options: readonly GivenOption[]; readonly rest: readonly string[] };

const ENDS_OPTIONS = "--";
const FORMAT = /^--(?:json$|format(?:=|$))/;

export function earlyOptions(words: readonly string[]): Early {
  const shared = sharedOptions();
  const options: GivenOption[] = [];
  let at = 0;
  for (let word = words[at]; word !== undefined; word = words[at]) {
    const [name, value] = word.split("=", 2);
    const option = shared.find(({ long }) => long === name);
    if (option === undefined || (value !== undefined && !option.required)) {
      break;
    }
    const length = option.required && value === undefined ? 2 : 1;
    options.push(words.slice(at, at + length));
    at += length;
  }
  return { options, rest: words.slice(at) };
}

/**
 * The same command line, with the options of every command behind the last word that names one, where commander looks for
 * them; those that stood nearer to it stand later and win. A group by itself does nothing that they could be for.
 */
export function lateOptions(
  command: Command,
  words: readonly string[],
  before: readonly GivenOption[] = [],
): readonly string[] {
  const { options, rest } = earlyOptions(words);
  const [word = "", ...behind] = rest;
  const child = command.commands.find((each) => each.name() === word);
  if (child !== undefined) {
    return [word, ...lateOptions(child, behind, [...without(before, options.flat()), ...options])];
  }
  const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0;
  return isGroup ? rest : [...without(before, words).flat(), ...words];
}

/** `--json` and `--format` are one option under two names: what is nearer speaks for both. */
function without(options: readonly GivenOption[], nearer: readonly string[]): readonly GivenOption[] {
  const end = nearer.indexOf(ENDS_OPTIONS);
  const words = end === -1 ? nearer : nearer.slice(0, end);
  return words.some((word) => FORMAT.test(word)) ? options.filter(([name = ""]) => !FORMAT.test(name)) : options;
}
