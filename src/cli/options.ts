import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { SettingsSource } from "#app/settings.ts";
import type { Cli, GlobalOptions } from "./cli.ts";

/** Adds the options that every command knows. `formats` are those of its answer; `text` is the default. */
export function withGlobals(command: Command, formats: readonly string[] = ["text", "json"]): Command {
  return command
    .option("--format <format>", `format of the answer: ${formats.join(", ")}`, (value) => oneOf(formats, value))
    .option("--json", "the same as --format json")
    .option("--store <folder>", "state folder instead of the nearest .packrun")
    .option("--tenant <name>", "tenant (default: default)")
    .option("--trust <file>", "pinned trust root")
    .option("--config <file>", "configuration file")
    .option("--color", "colours even where stderr is no terminal")
    .option("--no-color", "no colours")
    .option("--no-input", "never ask for anything");
}

function oneOf(formats: readonly string[], value: string): string {
  if (!formats.includes(value)) {
    throw new InvalidArgumentError(`Choose one of ${formats.join(", ")}.`);
  }
  return value;
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
