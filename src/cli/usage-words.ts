import type { CommanderError } from "commander";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { usageCodes } from "./usage-codes.ts";

/**
 * What commander says of a wrong command line, without what was given behind an option or as one argument too many: it may be
 * the value of a secret. Suggestions take the form of every other help.
 */
export function usageWords(said: string): string {
  return said
    .replace(/^error: unknown option '(--[^\s=']+)=[^]*'\n\(Did you mean \1\?\)/, "error: option '$1' takes no value")
    .replace(/^(error: unknown option ')([^]*?)('(?:\n\(Did you mean [^\n]*\?\))?\n?)$/, (_, ...parts: string[]) => {
      const [before = "", flag = "", after = ""] = parts;
      return `${before}${optionName(flag)}${after}`;
    })
    .replace(/^(error: too many arguments[^]*? but got \d+): [^]*?(\n?)$/, "$1.$2")
    .replace(/^\(Did you mean (.*)\?\)$/m, "  = help: did you mean $1?");
}

/** A short option is one letter, and its value may follow at once. */
function optionName(flag: string): string {
  return flag.startsWith("--") ? flag.replace(/=[^]*$/, "") : flag.slice(0, 2);
}

/** What a wrong command line is told as where JSON was asked for. */
export function usageFault({ code, message }: CommanderError, command: string): Fault {
  const about = command === "" ? "packrun" : `packrun ${command}`;
  const said = code === "commander.help" ? "a command is missing" : usageWords(message);
  const [problem = "", meant] = said.replace(/^error: /, "").split("\n  = help: ");
  const hint = meant ?? `${about} --help shows how it is used`;
  return faultOf(usageCodes, "COMMAND_LINE", { problem: problem.replace(/\.$/, "") }, { hint });
}

/** Whether an answer in JSON was asked for, as far as a wrong command line tells: by the last word on it. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  const at = words.findLastIndex((word) => /^--(?:json$|format(?:=|$))/.test(word));
  const word = words[at];
  const format = word === "--format" ? words[at + 1] : word?.slice("--format=".length);
  return word === "--json" || format === "json" || format === "ndjson";
}
