import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { RunOrder } from "#app/finish-run.ts";
import type { Settings } from "#app/settings.ts";
import { tenantSecrets } from "#app/tenant-secrets.ts";
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

const SECRET_HELP =
  "a secret (repeatable): name=env:VAR, file:PATH, age:PATH, vault:PATH#KEY, cmd:NAME, stdin:, systemd:NAME, k8s:PATH; " +
  "name alone takes the tenant's configured one";

export function withDriveOptions(command: Command): Command {
  return command
    .option("--secret <name=reference>", SECRET_HELP, collect)
    .option("--max-parallel <n>", "steps at a time (default: number of CPUs)", positiveInteger)
    .option("--no-wait", "end with exit code 4 when the run only waits for approvals")
    .option("--evidence <folder>", "where the evidence bundle goes")
    .option("-o, --output <folder>", "copy the pack's outputs there under their names");
}

/**
 * Reads `--secret` arguments; a refused one is never echoed. Faults: SECRET_REFERENCE, SECRET_NOT_CONFIGURED. Standard input
 * has one value, so that a second secret from there is refused.
 */
export async function readReferences(
  texts: readonly string[] = [],
  settings: Pick<Settings, "secrets" | "tenantId">,
): Promise<Result<ReadonlyMap<string, SecretReference>>> {
  const { parseSecretArgument } = await import("#compose.ts");
  const references = new Map<string, SecretReference>();
  for (const text of texts) {
    const parsed = parseSecretArgument(text, [...references.values()]);
    const named = parsed.ok && parsed.value.reference === undefined ? [parsed.value.name] : [];
    const configured = tenantSecrets(named, settings.tenantId, settings);
    if (!parsed.ok || !configured.ok) {
      return parsed.ok ? configured : parsed;
    }
    const { name, reference = configured.value.get(name) } = parsed.value;
    if (reference !== undefined) {
      references.set(name, reference);
    }
  }
  return ok(references);
}

/** How this process drives: Ctrl-C once cancels in order, twice ends everything at once. */
export function interruptible(
  note: Cli["note"],
  words: { readonly cancel: string; readonly abort: () => string },
): Pick<RunOrder, "cancel" | "abort"> & { readonly stop: () => void } {
  const cancel = new AbortController();
  const abort = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (cancel.signal.aborted) {
      note(words.abort());
      abort.abort(signal);
    } else {
      note(words.cancel);
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
