import type { AttemptOutcome } from "#run/outcome.ts";
import type { Rig, Wanted } from "../sandbox-rig.ts";

/** What has to come of an attack for the sandbox to have held; what is left out is `succeeded`, and any text. */
export type Expected = {
  /** `succeeded`, `cancelled`, or the reason of a failure. */
  readonly reason?: string;
  readonly exitCode?: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
  /** A limit that has to be among those that were hit. */
  readonly hit?: string;
  /** What the reason of the failure says of itself. */
  readonly hint?: RegExp;
};

/** Something on the host for an attack to go for. It is there before the step starts. */
export type Bait = {
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: Wanted["mounts"];
  readonly egress?: Wanted["egress"];
  /** Under which it stands in records that attacks share. */
  readonly stepId?: string;
  /** What was done to it; undefined when nothing was. */
  readonly damage?: (outcome: AttemptOutcome) => string | undefined | Promise<string | undefined>;
  readonly remove?: () => void | Promise<void>;
};

/** The program of an attack: a script for sh or bash, a program in Python that begins with attack.py, or a command. */
type Weapon =
  | { readonly sh: string }
  | { readonly bash: string }
  | { readonly py: string }
  | { readonly argv: readonly string[] };

/**
 * One attack. An attack that gets through prints `won`, and none may, whatever else is expected of it; nor may
 * anything of it still run when its attempt has ended.
 */
export type Attack = Weapon &
  Partial<Pick<Wanted, "env" | "secretEnv" | "secretFiles" | "stdin" | "limits" | "outputs" | "timeoutMs">> & {
    /** Goes on behind `a step cannot`. */
    readonly name: string;
    readonly expect: Expected;
    readonly bait?: (rig: Rig) => Bait | Promise<Bait>;
    /** The attempt is stopped when it prints this. */
    readonly stopAt?: string;
  };

export const held: Expected = { stdout: "held\n" };

/** A script that tries several things, of which none may go well. */
export function none(...tries: readonly string[]): string {
  return [
    ...tries.map((each) => `(${each}) >/dev/null 2>&1 </dev/null && echo 'won: ${quotable(each)}'`),
    "echo held",
  ].join("\n");
}

export function prints(...lines: readonly string[]): Expected {
  return { stdout: lines.map((line) => `${line}\n`).join("") };
}

export function fails(reason: string, more: Omit<Expected, "reason"> = {}): Expected {
  return { ...more, reason };
}

function quotable(text: string): string {
  return text.replaceAll("'", "");
}
