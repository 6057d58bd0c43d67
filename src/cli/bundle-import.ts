import { resolve } from "node:path";
import type { Command } from "commander";
import type { ImportedPack } from "#app/pack-bundle-import.ts";
import { listPacks, registryFolder } from "#app/pack-registry.ts";
import { readSettings, type Settings } from "#app/settings.ts";
import type { Result } from "#fault/result.ts";
import { showVerdict } from "./bundle-verdict.ts";
import { jsonLine, type Cli, type GlobalOptions } from "./cli.ts";
import { interruptCode } from "./run-end.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";
import { version } from "./version.ts";

export type RegistryOptions = GlobalOptions & { readonly registry?: string };

export const REGISTRY_OPTION = ["--registry <folder>", "registry instead of .packrun/registry"] as const;

/** `packrun bundle import FILE`. */
export function defineImport(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("import <file>").description("verify a pack bundle and put it into the registry"))
    .option(...REGISTRY_OPTION)
    .option("--revocations <file>", "revocation list (default: the configured one, or the one beside the trust root)")
    .addHelpText(
      "after",
      "\nFILE is a .packbundle.tar, or a folder of the same layout.\n" +
        "Only a bundle that verifies is taken; nothing turns that off.\n" +
        "Of a pack that is there already, a bundle with a newer list or another signature replaces the one before.\n" +
        "Exit codes: 0 imported, 2 usage, 7 refused, 10 registry not writable, 11 verified but stale.\n" +
        "Example: packrun bundle import quickstart.packbundle.tar --trust trust-root.json",
    )
    .action(async (file: string, options: RegistryOptions & { revocations?: string }) => {
      const settings = readSettings(settingsSource(cli, options));
      if (!settings.ok) {
        done(cli.fault(settings.fault, formatOf(options)));
        return;
      }
      using interrupted = untilSignal();
      const imported = await importFile(cli, file, options, settings.value, interrupted.signal);
      done(imported.ok ? tell(cli, options, imported.value) : cli.fault(imported.fault, formatOf(options)));
    });
}

/** `packrun bundle list`. */
export function defineList(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("list").description("packs of the registry"))
    .option(...REGISTRY_OPTION)
    .addHelpText("after", "\nExample: packrun bundle list --json")
    .action(async (options: RegistryOptions) => {
      const settings = readSettings(settingsSource(cli, options));
      if (!settings.ok) {
        done(cli.fault(settings.fault, formatOf(options)));
        return;
      }
      const packs = await listPacks(registryOf(cli, settings.value, options));
      const lines = packs.map(
        (pack) => `${pack.name}@${pack.version}  ${pack.packDigest ?? "record cannot be read"}\n`,
      );
      cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, packs }) : lines.join(""));
      done(0);
    });
}

/** The registry that a command means. */
export function registryOf(cli: Cli, settings: Settings, { registry }: RegistryOptions): string {
  return registryFolder(settings, registry === undefined ? undefined : resolve(cli.cwd, registry));
}

async function importFile(
  cli: Cli,
  file: string,
  options: RegistryOptions & { readonly revocations?: string },
  settings: Settings,
  signal: AbortSignal,
): Promise<Result<ImportedPack>> {
  const [{ importPackBundle }, { sha256, verifySignature, clock }] = await Promise.all([
    import("#app/pack-bundle-import.ts"),
    import("#compose.ts"),
  ]);
  const { revocations } = options;
  const order = {
    path: resolve(cli.cwd, file),
    registry: registryOf(cli, settings, options),
    version,
    signal,
    ...(revocations === undefined ? {} : { revocations: resolve(cli.cwd, revocations) }),
  };
  return importPackBundle(order, settings, { sha256, verifySignature, now: clock.now });
}

/** Ctrl-C ends an import at once: whoever listens has cleared up when the process goes. */
function untilSignal(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    controller.abort(name);
    process.exit(interruptCode(name));
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

/** A bundle that was refused answers with its verdict, one that was taken with where it is. */
function tell(cli: Cli, options: GlobalOptions, { found, kept }: ImportedPack): number {
  if (kept === undefined) {
    showVerdict(cli, options, found);
    cli.note("nothing was imported");
    return found.exitCode;
  }
  const { name, version: imported, packDigest, folder, isNew, isRenewed } = kept;
  const done = isNew ? "imported into" : isRenewed ? "renewed in" : "was already in";
  const words = `${name}@${imported} ${done} ${folder}\npack ${packDigest}\n`;
  cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, ...kept, verdict: found.verdict }) : words);
  return 0;
}
