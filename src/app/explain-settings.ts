import type { Json } from "#canon/json.ts";
import { pointerOf } from "#canon/shape.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import { ok, type Result } from "#fault/result.ts";
import { findConfigs, readConfigs, type FoundConfig } from "./config-file.ts";
import { configShape } from "./config.ts";
import { EFFECTIVE, shownValue } from "./effective-setting.ts";
import { settingLeaves, type SettingLeaf } from "./setting-leaves.ts";
import {
  CLIENT_VARIABLES,
  OTHER_VARIABLES,
  settingSources,
  settingVariables,
  waysToGive,
  type Origin,
  type SettingSources,
} from "./setting-sources.ts";
import { resolveSettings, type Settings } from "./settings.ts";
import type { SettingsSource } from "./settings-source.ts";

/** One setting as it is used, and who said so. */
export type ExplainedSetting = {
  /** Its place in the configuration; empty for the state folder, which has none. */
  readonly pointer: string;
  /** `server.listen`. */
  readonly name: string;
  /** Null where nothing is set; secrets, passwords and arguments of commands are `***`. */
  readonly value: Json;
  readonly source: Origin | { readonly kind: "default" };
  /** Flag and variable that stand before the configuration. */
  readonly givenBy: readonly string[];
  readonly description?: string;
};

export type ExplainedSettings = {
  /** The configuration files in their order. */
  readonly configs: readonly FoundConfig[];
  readonly settings: readonly ExplainedSetting[];
  /** Variables that are no settings and are set; their values are shown nowhere. */
  readonly secrets: readonly string[];
  /** Variables that look like packrun's and that nothing reads. */
  readonly unread: readonly { readonly name: string; readonly near?: string }[];
};

/** Every setting with its value and where it was said. Faults: those of `readSettings`. */
export function explainSettings(source: SettingsSource, scratch: string): Result<ExplainedSettings> {
  const found = findConfigs(source);
  const config = readConfigs(found);
  if (!config.ok) {
    return config;
  }
  const sources = settingSources(source, config.value);
  const settings = resolveSettings(sources, source.cwd, found);
  if (!settings.ok) {
    return settings;
  }
  const explain = explainer(sources, settings.value, scratch);
  const set = Object.keys(source.env).filter((name) => (source.env[name] ?? "") !== "");
  return ok({
    configs: found,
    settings: [stateFolder(sources, settings.value), ...settingLeaves(configShape.schema, sources.config).map(explain)],
    secrets: OTHER_VARIABLES.filter((name) => set.includes(name)),
    unread: set.filter(isUnread).map((name) => {
      const near = nearestName(name, [...settingVariables]);
      return near === undefined ? { name } : { name, near };
    }),
  });
}

function explainer(
  sources: SettingSources,
  settings: Settings,
  scratch: string,
): (leaf: SettingLeaf) => ExplainedSetting {
  return ({ path, pattern, description }) => {
    const pointer = pointerOf(path);
    const found = sources.find(pointer);
    const value = EFFECTIVE[pattern]?.({ settings, scratch, said: found?.value, path });
    return {
      pointer,
      name: path.join("."),
      value: shownValue(pattern, value),
      source: found?.origin ?? { kind: "default" },
      givenBy: waysToGive(pointer),
      ...(description === undefined ? {} : { description }),
    };
  };
}

function stateFolder(sources: SettingSources, { stateFolder }: Settings): ExplainedSetting {
  return {
    pointer: "",
    name: "state folder",
    value: stateFolder,
    source: sources.find("store")?.origin ?? { kind: "default" },
    givenBy: waysToGive("store"),
    description: "Where runs, keys made for development, and what was imported live.",
  };
}

/** `PACKRUN_RUN_ID` and the others that a step is given are no mistake. */
function isUnread(name: string): boolean {
  return (
    name.startsWith("PACKRUN_") &&
    !settingVariables.has(name) &&
    !OTHER_VARIABLES.includes(name) &&
    !CLIENT_VARIABLES.includes(name) &&
    !OF_STEPS.has(name)
  );
}

const OF_STEPS: ReadonlySet<string> = new Set(
  ["IN", "OUTPUT", "PACK", "RUN_ID", "STEP_ID", "ATTEMPT", "PLAN_HASH", "SEED"].map((name) => `PACKRUN_${name}`),
);
