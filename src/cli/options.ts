import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { SettingsSource } from "#app/settings-source.ts";
import type { Cli, GlobalOptions } from "./cli.ts";

/** Heading of the options that every command knows, and what they are where it is not known which command. */
export const SHARED_OPTIONS = "Options of every command:";
/** Not all answer in JSON, or in a format at all. */
export const EARLY_OPTIONS = "Options of most commands:";

/** Adds the options that every command knows. `formats` are those of its answer; `text` is the default. */
export function withGlobals(command: Command, formats: readonly string[] = ["text", "json"]): Command {
  sharedOptions(formats).forEach((option) => command.addOption(option));
  return command;
}

/** Options that may stand before a command, too; `formats` of the answer, where it is known whose. */
export function sharedOptions(formats?: readonly string[]): readonly Option[] {
  const format = new Option("--format <format>", "format of the answer");
  return [
    formats === undefined ? format : format.choices(formats),
    ...(formats?.includes("json") === false ? [] : [new Option("--json", "the same as --format json")]),
    new Option("--color", "colours even where stderr is no terminal"),
    new Option("--no-color", "no colours"),
    new Option("--store <folder>", "state folder instead of the nearest .packrun"),
    new Option("--tenant <name>", "tenant (default: default)"),
    new Option("--trust <file>", "pinned trust root"),
    new Option("--config <file>", "configuration file"),
    new Option("--no-input", "never ask for anything"),
  ].map((option) => option.helpGroup(formats === undefined ? EARLY_OPTIONS : SHARED_OPTIONS));
}

/** The format that was asked for. */
export function formatOf(options: GlobalOptions): string {
  return options.json === true ? "json" : (options.format ?? "text");
}

export function settingsSource(cli: Cli, options: GlobalOptions): SettingsSource {
  const { store, tenant, trust, config } = options;
  const flags = { store, tenant, trust, config };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return { flags: given, env: cli.env, cwd: cli.cwd };
}

/** Collects a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("Give a whole number of at least 1.");
  }
  return number;
}
