import type { Command } from "commander";
import type { Fault } from "#fault/fault.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";

export type Style = "red" | "yellow" | "green" | "cyan" | "bold" | "dim";

/** What a command may use of the world. stdout carries data, stderr messages and progress. */
export type Cli = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Colours for stderr; the text itself where colour is off. */
  readonly style: (style: Style, text: string) => string;
  /** True when progress may be drawn over: stderr is a terminal and CI is unset. */
  readonly live: boolean;
  /** Size of the terminal behind stderr as it is now. */
  readonly columns: number;
  readonly rows: number;
  /** Reports a fault in the asked format and returns its exit code. */
  readonly fault: (fault: Fault, format?: string) => number;
  /** Renders diagnostics on stderr and returns the exit code of the worst one. */
  readonly diagnostics: (found: readonly Diagnostic[], sourceOf: (file: string) => string | undefined) => number;
  /** Every command there is. */
  readonly commands: CommandTable;
  /** A line that begins with `packrun:` on stderr. */
  readonly note: (text: string) => void;
  /** Says which run the command works on, as soon as that is known: a crash tells it. */
  readonly worksOn: (runId: string) => void;
  /** Where the command was told to work, by its own flags: next steps have to say it again. */
  readonly where: Whereabouts;
};

/** One file of commands: defines them on the program; an action returns its exit code. */
export type CommandFile = { readonly define: (program: Command, cli: Cli, done: (code: number) => void) => void };

/** A command as the list of commands shows it; its file is loaded when it is used. */
export type CommandTable = Readonly<
  Record<string, { readonly group: string; readonly summary: string; readonly load: () => Promise<CommandFile> }>
>;

/** Options that many commands share, as commander hands them over. */
export type GlobalOptions = {
  readonly format?: string;
  readonly json?: boolean;
  readonly store?: string;
  readonly tenant?: string;
  readonly trust?: string;
  readonly config?: string;
  readonly input?: boolean;
};

export type Whereabouts = Pick<GlobalOptions, "store" | "tenant" | "trust" | "config"> & {
  readonly server?: string;
  readonly tokenFile?: string;
};

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
