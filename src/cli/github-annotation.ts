import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { visibleText } from "#view/visible-text.ts";
import type { Cli } from "./cli.ts";

/** Where an annotation stands; lines and columns from 1. */
type Place = {
  readonly title: string;
  readonly file?: string;
  readonly line?: number;
  readonly endLine?: number;
  readonly col?: number;
  readonly endColumn?: number;
};

type Level = "error" | "warning" | "notice";

const LEVELS = { error: "error", warning: "warning", info: "notice" } as const;

/** Whether what is written is read by GitHub Actions, which takes commands out of it. */
export function onGithub({ env }: Pick<Cli, "env">): boolean {
  return env["GITHUB_ACTIONS"] === "true";
}

/** A workflow command that shows a message beside a file. Source: GitHub Actions, "Workflow commands", escaped as its toolkit does. */
export function annotation(level: Level, place: Place, message: string): string {
  const properties = Object.entries(place)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${level} ${properties.join(",")}::${escapeData(message)}\n`;
}

/** Findings as annotations. Of a finding on several lines only these are said: GitHub ignores columns there. */
export function findingAnnotation(
  cli: Pick<Cli, "env" | "cwd">,
  { code, severity, message, hint, file, range }: Diagnostic,
): string {
  const place = {
    title: code,
    file: workspacePath(cli, file),
    ...(range === undefined ? {} : { line: range.start.line, endLine: range.end.line }),
    ...(range === undefined || range.start.line !== range.end.line
      ? {}
      : { col: range.start.column, endColumn: range.end.column }),
  };
  return annotation(LEVELS[severity], place, hint === undefined ? message : `${message}\n${hint}`);
}

/** A failed step, beside the line of `pack.yaml` that declares it where that is known. */
export function stepAnnotation(
  cli: Pick<Cli, "env" | "cwd">,
  stepId: string,
  text: string,
  packFile: string | undefined,
): string {
  const line = packFile === undefined ? undefined : lineOfStep(packFile, stepId);
  const place =
    packFile === undefined ? {} : { file: workspacePath(cli, packFile), ...(line === undefined ? {} : { line }) };
  return annotation("error", { title: `step ${stepId} failed`, ...place }, text);
}

/**
 * Lines that a step printed, kept from being taken as commands: without this a step could mask, annotate or fail what it
 * likes. `token` must be one that no step can know.
 */
export function withoutCommands(lines: readonly string[], token: string): readonly string[] {
  return [`::stop-commands::${token}`, ...lines, `::${token}::`];
}

/** GitHub knows files by their path in the checked out repository. */
function workspacePath({ env, cwd }: Pick<Cli, "env" | "cwd">, file: string): string {
  const workspace = env["GITHUB_WORKSPACE"] ?? cwd;
  return relative(workspace, resolve(cwd, file));
}

/** The line that declares a step; an instance of a map stands where its step does. */
function lineOfStep(packFile: string, stepId: string): number | undefined {
  const id = stepId.slice(stepId.lastIndexOf(":") + 1);
  const declared = new RegExp(String.raw`\bid:\s*["']?${id}["']?\s*(?:[,}#]|$)`);
  try {
    const at = readFileSync(packFile, "utf8")
      .split("\n")
      .findIndex((line) => declared.test(line));
    return at === -1 ? undefined : at + 1;
  } catch {
    return undefined;
  }
}

function escapeData(text: string): string {
  const clean = text.split("\n").map(visibleText).join("\n");
  return clean.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
