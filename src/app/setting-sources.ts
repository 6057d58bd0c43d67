import { resolve } from "node:path";
import type { PathPart } from "#canon/shape.ts";
import type { ConfigLayers } from "./config-layers.ts";
import { memberAt } from "#canon/member-at.ts";
import type { SettingsSource } from "./settings-source.ts";
import { isStoreAddress, storeDatabase, storeFolder, storeMode } from "./store-name.ts";

/** Where a setting may come from beside the configuration. */
type GivenBy = {
  readonly flag?: keyof SettingsSource["flags"];
  readonly variable?: string;
  /** True where an empty text is an answer, be it a wrong one; elsewhere it counts as none. */
  readonly emptyCounts?: true;
  /** What a flag or variable says of this setting; undefined where it says nothing of it. */
  readonly reads?: (text: string) => string | undefined;
  /** A file's value counts only where that other path is the one that counts with this file, too. */
  readonly belongsTo?: GivenPath;
};

/** Settings that a flag or a variable gives, by their place in the configuration; `store` has none there. */
const GIVEN_BY = {
  store: { flag: "store", variable: "PACKRUN_STORE", reads: storeFolder },
  "/TaskRunner/Storage/Mode": { flag: "store", variable: "PACKRUN_STORE", reads: storeMode },
  "/TaskRunner/Storage/Mongo/ConnectionString": {
    flag: "store",
    variable: "PACKRUN_STORE",
    reads: (text: string) => (isStoreAddress(text) ? text : undefined),
  },
  "/TaskRunner/Storage/Mongo/Database": { flag: "store", variable: "PACKRUN_STORE", reads: storeDatabase },
  "/tenant": { flag: "tenant", variable: "PACKRUN_TENANT", emptyCounts: true },
  "/trust": { flag: "trust", variable: "PACKRUN_TRUST", emptyCounts: true },
  // The configuration's list belongs to its root: another root that is named for once comes with its own.
  "/revocations": { variable: "PACKRUN_REVOCATIONS", emptyCounts: true, belongsTo: "/trust" },
  "/anchor/tsa": { variable: "PACKRUN_ANCHOR_TSA", emptyCounts: true },
  "/anchor/rekor": { variable: "PACKRUN_ANCHOR_REKOR", emptyCounts: true },
  "/secrets/age/identity": { variable: "PACKRUN_AGE_IDENTITY" },
  "/secrets/vault/address": { variable: "VAULT_ADDR" },
  "/secrets/vault/caFile": { variable: "VAULT_CACERT" },
  "/secrets/vault/namespace": { variable: "VAULT_NAMESPACE" },
  "/sandbox/scratch": { variable: "PACKRUN_SANDBOX_SCRATCH" },
  "/sandbox/proc": { variable: "PACKRUN_SANDBOX_PROC" },
  "/sandbox/upstreamProxy": { variable: "PACKRUN_SANDBOX_UPSTREAM_PROXY" },
} as const satisfies Readonly<Record<string, GivenBy>>;

type Given = keyof typeof GIVEN_BY;
type GivenPath = "/trust";
const givenBy: Readonly<Record<string, GivenBy>> = GIVEN_BY;

/** Variables that are no settings: where passwords and tokens come from, and how crashes are shown. */
export const OTHER_VARIABLES = [
  "PACKRUN_KEY_PASSWORD",
  "COSIGN_PASSWORD",
  "PACKRUN_TOKEN",
  "VAULT_TOKEN",
  "PACKRUN_DEBUG",
];

/** Which server commands work through, and where its token is: nothing of this place. */
export const CLIENT_VARIABLES = ["PACKRUN_SERVER", "PACKRUN_TOKEN_FILE"];

/** Every variable that gives a setting. */
export const settingVariables: ReadonlySet<string> = new Set([
  "PACKRUN_CONFIG",
  ...Object.values(givenBy).flatMap(({ variable }) => variable ?? []),
]);

/** Flag and variable that give a setting, in their order. */
export function waysToGive(pointer: string): readonly string[] {
  const { flag, variable } = (Object.hasOwn(givenBy, pointer) ? givenBy[pointer] : undefined) ?? {};
  return [...(flag === undefined ? [] : [`--${flag}`]), ...(variable === undefined ? [] : [variable])];
}

export type Origin =
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly pointer: string };

/** A value with where it was said, and the folder that a path is relative to. */
export type Said = { readonly value: unknown; readonly origin: Origin; readonly base: string };

/** The sources of settings in their order: flags, then variables, then the configuration's files. */
export type SettingSources = {
  readonly find: (pointer: string) => Said | undefined;
  readonly text: (pointer: Given | OnlyInFiles) => string | undefined;
  readonly path: (pointer: Given | OnlyInFiles) => string | undefined;
  readonly config: ConfigLayers["value"];
  /** Folder that paths at a place of the configuration are relative to. */
  readonly baseOf: (...path: readonly PathPart[]) => string;
  readonly files: readonly string[];
};

/** Paths and keys that neither flag nor variable gives. */
type OnlyInFiles =
  | "/TaskRunner/Storage/ArtifactsPath"
  | "/requester/key"
  | "/attestor/key"
  | "/secrets/vault/tokenFile";

export function settingSources(source: SettingsSource, layers: ConfigLayers): SettingSources {
  const find = (pointer: string): Said | undefined => {
    const rule = Object.hasOwn(givenBy, pointer) ? givenBy[pointer] : undefined;
    const given = rule === undefined ? undefined : givenFor(rule, source);
    const { belongsTo } = rule ?? {};
    return given ?? (belongsTo === undefined ? saidIn(layers, pointer) : owned(layers, pointer, belongsTo));
  };
  /** The first file counts whose own view of the other path is that of all sources together. */
  const owned = (files: ConfigLayers, pointer: string, owner: GivenPath): Said | undefined => {
    const at = files.files.findIndex(({ value }) => memberAt(value, pathOf(pointer)) !== undefined);
    const own = files.from(at);
    if (at === -1 || resolved(find(owner)) === resolved(saidIn(own, owner))) {
      return saidIn(files, pointer);
    }
    return owned(own.from(1), pointer, owner);
  };
  return {
    find,
    text: (pointer) => textOf(find(pointer)),
    path: (pointer) => resolved(find(pointer)),
    config: layers.value,
    baseOf: (...path) => layers.at(path)?.base ?? source.cwd,
    files: layers.files.map(({ file }) => file),
  };
}

function saidIn(layers: ConfigLayers, pointer: string): Said | undefined {
  const path = pathOf(pointer);
  const laid = pointer.startsWith("/") ? layers.at(path) : undefined;
  return laid?.value === undefined
    ? undefined
    : {
        value: laid.value,
        base: laid.base,
        origin: { kind: "file", file: laid.file.file, line: laid.file.lineOf(path), pointer },
      };
}

function givenFor(rule: GivenBy, { flags, env, cwd }: SettingsSource): Said | undefined {
  const { flag, variable, emptyCounts = false, reads = (text: string) => text } = rule;
  const texts = [
    { text: flag === undefined ? undefined : flags[flag], origin: { kind: "flag", name: `--${flag}` } },
    { text: variable === undefined ? undefined : env[variable], origin: { kind: "variable", name: variable ?? "" } },
  ] as const;
  const first = texts.find(({ text }) => text !== undefined && (text !== "" || emptyCounts));
  const value = first?.text === undefined ? undefined : reads(first.text);
  return first === undefined || value === undefined ? undefined : { value, origin: first.origin, base: cwd };
}

function textOf(said: Said | undefined): string | undefined {
  return typeof said?.value === "string" ? said.value : undefined;
}

function resolved(said: Said | undefined): string | undefined {
  const text = textOf(said);
  return said === undefined || text === undefined ? undefined : resolve(said.base, text);
}

/** The parts of a JSON pointer; numbers are items of a list. */
function pathOf(pointer: string): readonly PathPart[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}
