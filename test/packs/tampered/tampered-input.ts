import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applyPatch, type Patch } from "./patch.ts";
import { archived, AT, type Site } from "./tampered-case.ts";

const HERE = import.meta.dirname;

/** An entry of `expected.json`. */
export type Entry = {
  readonly path: string;
  readonly verdict: "verified" | "stale" | "failed";
  /** Flags besides `--trust trust-root.json` and `--at`. */
  readonly args?: readonly string[];
  readonly at?: string;
  /** The check that has to speak, and with which code; absent where nothing is wrong. */
  readonly check?: string;
  readonly code?: string;
  /** What follows from it: `check CODE` of further checks. */
  readonly also?: readonly string[];
  /** With which code `packrun verify` refuses it, once it has verified with these flags. */
  readonly remembered?: { readonly args: readonly string[]; readonly code: string };
};

/** All inputs by name, as the data files say. */
export function readInputs(): readonly (readonly [string, Entry])[] {
  return Object.entries(JSON.parse(readFileSync(join(HERE, "expected.json"), "utf8")) as Record<string, Entry>);
}

const folder = join(HERE, "original");
const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
  statSync(join(folder, path)).isFile(),
);
/** The good bundle, its trust root beside it. */
const original: Site = new Map(paths.map((path) => [path, readFileSync(join(folder, path))]));
const archive = archived(original);

/** The files of an input, made from its original. */
export function siteOf({ path }: Entry): Site {
  const patch = JSON.parse(readFileSync(join(HERE, path), "utf8")) as Patch;
  return applyPatch(patch, patch.base === "archive" ? archive : original);
}

export function writeSite(site: Site, folder: string): void {
  for (const [path, entry] of site) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    if (entry instanceof Uint8Array) {
      writeFileSync(place, entry);
    } else if ("link" in entry) {
      symlinkSync(entry.link, place);
    } else {
      spawnSync("mkfifo", [place]);
    }
  }
}

/** The command line of an input, in the folder of its site. */
export function argumentsOf({ args = [], at = AT }: Entry, site: Site): readonly string[] {
  const trust = args.includes("--trust") || args.includes("--no-trust") ? [] : ["--trust", "trust-root.json"];
  const bundle = site.has("bundle.tar") ? "bundle.tar" : "bundle";
  return [bundle, ...trust, "--at", at, ...args.filter((arg) => arg !== "--no-trust"), "--format", "json"];
}

/** `check CODE` of everything that a verifier has to find. */
export function findingsOf({ check, code, also = [] }: Entry): readonly string[] {
  return check === undefined || code === undefined ? [] : [`${check} ${code}`, ...also];
}
