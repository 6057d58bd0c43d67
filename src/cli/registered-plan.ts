import type { PlannedPack } from "#app/plan-pack.ts";
import { packReference } from "#app/pack-registry.ts";
import type { RegisteredPack } from "#app/registered-pack.ts";
import { readSettings } from "#app/settings.ts";
import { ok, type Result } from "#fault/result.ts";
import { registryOf, type RegistryOptions } from "./bundle-import.ts";
import type { Cli } from "./cli.ts";
import { formatOf, settingsSource } from "./options.ts";
import { plannedPack, type PlanOptions } from "./plan-options.ts";

/** A PACK argument: the folder that is meant, and what it is in the registry when it is named NAME@VERSION. */
export type PackArgument = { readonly pack: string; readonly registered?: RegisteredPack };

/** The PACK that is meant where none is named. */
export const HERE = ".";

/** Opens a PACK argument; one that cannot be opened is shown, and the fault is the exit code. */
export async function packArgument(
  cli: Cli,
  pack: string,
  options: RegistryOptions,
): Promise<Result<PackArgument, number>> {
  const opened = await openPackArgument(cli, pack, options);
  return opened.ok ? opened : { ok: false, fault: cli.fault(opened.fault, formatOf(options)) };
}

/** Opens a PACK argument. Faults: those of `readSettings` and `openRegistered`. */
export async function openPackArgument(
  cli: Cli,
  pack: string,
  options: RegistryOptions,
): Promise<Result<PackArgument>> {
  const reference = packReference(pack);
  if (reference === undefined) {
    return ok({ pack });
  }
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const [{ openRegistered }, { sha256, verifySignature, clock }] = await Promise.all([
    import("#app/registered-pack.ts"),
    import("#compose.ts"),
  ]);
  const registry = registryOf(cli, settings.value, options);
  const tools = { sha256, verifySignature, now: clock.now };
  const opened = await openRegistered(reference, registry, settings.value, tools);
  return opened.ok ? ok({ pack: opened.value.folder, registered: opened.value }) : opened;
}

/** Compiles a PACK argument with the inputs of the command line, like `plannedPack`. */
export async function plannedArgument(
  cli: Cli,
  text: string,
  options: PlanOptions & RegistryOptions,
): Promise<Result<PlannedPack, number>> {
  const given = await packArgument(cli, text, options);
  const planned = given.ok ? await plannedPack(cli, given.value.pack, options) : given;
  if (!given.ok || !planned.ok || given.value.registered === undefined) {
    return planned;
  }
  const { checkUnchanged } = await import("#app/registered-pack.ts");
  const unchanged = checkUnchanged(planned.value, given.value.registered);
  return unchanged.ok ? planned : { ok: false, fault: cli.fault(unchanged.fault, formatOf(options)) };
}
