import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { RunOrder } from "#app/finish-run.ts";
import { ok, type Result } from "#fault/result.ts";
import type { SecretReference } from "#port/secrets.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { collect, positiveInteger } from "./options.ts";

/** Options of the commands that drive a run. */
export type DriveOptions = GlobalOptions & {
  readonly secret?: readonly string[];
  readonly maxParallel?: number;
  readonly wait?: boolean;
  readonly evidence?: string;
  readonly output?: string;
};

export function withDriveOptions(command: Command): Command {
  return command
    .option("--secret <name=reference>", "a secret, as name=env:VAR or name=file:PATH (repeatable)", collect)
    .option("--max-parallel <n>", "steps at a time (default: number of CPUs)", positiveInteger)
    .option("--no-wait", "end with exit code 4 when the run only waits for approvals")
    .option("--evidence <folder>", "where the evidence bundle goes")
    .option("-o, --output <folder>", "copy the pack's outputs there under their names");
}

/** Reads `--secret` arguments; a refused one is never echoed. */
export async function readReferences(
  texts: readonly string[] = [],
): Promise<Result<ReadonlyMap<string, SecretReference>>> {
  const { parseSecretArgument } = await import("#compose.ts");
  const references = new Map<string, SecretReference>();
  for (const text of texts) {
    const parsed = parseSecretArgument(text);
    if (!parsed.ok) {
      return parsed;
    }
    references.set(parsed.value.name, parsed.value.reference);
  }
  return ok(references);
}

/** How this process drives: Ctrl-C once cancels in order, twice ends everything at once. */
export function interruptible(note: Cli["note"]): Pick<RunOrder, "cancel" | "abort"> & { readonly stop: () => void } {
  const cancel = new AbortController();
  const abort = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (cancel.signal.aborted) {
      note("ending everything now; `packrun resume` goes on");
      abort.abort(signal);
    } else {
      note("cancelling; once more ends everything at once");
      cancel.abort(signal);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const stop = (): void => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  return { cancel: cancel.signal, abort: abort.signal, stop };
}

export function parallelOf(options: DriveOptions): number {
  return options.maxParallel ?? availableParallelism();
}
