import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { hiddenFileSystems, hiddenInEtc, secretAtRoot } from "./hidden-paths.ts";
import { aliasesOf, isWithin, type Mount } from "./mount-table.ts";

/** Something in a shown folder that is covered: by an empty folder or an empty file. The path has no symbolic links. */
export type HiddenPlace = { readonly path: string; readonly isFolder: boolean };

export type Hiding = {
  /** Paths that must not be seen; one that cannot be covered without covering every program makes the root impossible. */
  readonly masks: readonly string[];
  /** Paths that are covered where that is possible. */
  readonly wanted: readonly string[];
  /** The same, of the place only: what else the files show at is looked at by itself. */
  readonly places: readonly string[];
  readonly mounts: readonly Mount[];
  /** The folders of the host that are shown. */
  readonly shown: readonly string[];
};

export type Hidden = { readonly places: readonly HiddenPlace[]; readonly impossible: readonly string[] };

/** Without these there is nothing to run. */
const ESSENTIAL = ["/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local/bin", "/bin", "/sbin", "/lib", "/lib64", "/etc"];

/** Everything that has to be covered in what is shown, outer places before inner ones, and none within another. */
export function hiddenPlaces(hiding: Hiding): Hidden {
  const impossible: string[] = [];
  const found = new Map<string, HiddenPlace>();
  const take = (paths: readonly string[]): boolean => {
    const places = paths
      .map((each) => coverable(each))
      .filter((each) => hiding.shown.some((folder) => isWithin(each, folder)));
    const coverableOnes = places.filter((each) => !ESSENTIAL.some((essential) => isWithin(essential, each)));
    coverableOnes.forEach((each) => found.set(each, { path: each, isFolder: statSync(each).isDirectory() }));
    return coverableOnes.length === places.length;
  };
  for (const path of hiding.masks) {
    const real = realOf(path);
    const holdsShown = real !== undefined && hiding.shown.some((folder) => folder !== real && isWithin(folder, real));
    if (holdsShown || (real !== undefined && !take(allPathsTo(real, hiding.mounts)))) {
      impossible.push(path);
    }
  }
  for (const path of hiding.wanted) {
    const real = realOf(path);
    take(real === undefined ? [] : allPathsTo(real, hiding.mounts));
  }
  take(hiding.places.flatMap((path) => realOf(path) ?? []));
  return { places: outermost([...found.values()]), impossible };
}

function allPathsTo(path: string, mounts: readonly Mount[]): readonly string[] {
  const { same, parts } = aliasesOf(path, mounts);
  return [path, ...same.filter((alias) => isSame(alias, path)), ...parts.filter((part) => existsSync(part))];
}

/** What is not to be seen of any host: what is named, homes, private files. */
export function secretPaths(): readonly string[] {
  return [...named(), ...homes(), ...privateInEtc()];
}

/** Mounts that are not to be seen wherever they are: of kernel file systems, in memory, of another system's root. */
export function strangeMounts(mounts: readonly Mount[]): readonly string[] {
  return mounts.flatMap(({ at, type }) => (hiddenFileSystems.includes(type) || holdsSystem(at) ? [at] : []));
}

/** Whether a folder holds a system of its own (a chroot, the host's root in a container, an old root). */
export function holdsSystem(folder: string): boolean {
  return folder !== "/" && existsSync(join(folder, "etc", "passwd"));
}

export function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function named(): readonly string[] {
  return [...secretAtRoot, ...hiddenInEtc].flatMap(({ path }) => {
    if (!path.endsWith("*")) {
      return [path];
    }
    const prefix = basename(path).slice(0, -1);
    return namesIn(dirname(path)).flatMap((name) => (name.startsWith(prefix) ? [join(dirname(path), name)] : []));
  });
}

/** Homes of those who log in. Homes of services are mostly folders of programs or lie in /var. */
function homes(): readonly string[] {
  return readText("/etc/passwd")
    .split("\n")
    .flatMap((line) => {
      const [, , uid = "", , , home = ""] = line.split(":");
      const isPerson = uid === "0" || (Number(uid) >= 1000 && Number(uid) !== 65_534);
      return isPerson && home.startsWith("/") ? [home] : [];
    });
}

/**
 * A runner that is not root has groups, and its steps keep them; root's steps have none. So what not everyone may read
 * is covered where secrets lie most.
 */
function privateInEtc(): readonly string[] {
  return process.getuid?.() === 0 ? [] : privateIn("/etc", 0);
}

function privateIn(folder: string, depth: number): readonly string[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isSymbolicLink()) {
      return [];
    }
    const wanted = found.isDirectory() ? 0o005 : 0o004;
    if ((found.mode & wanted) !== wanted) {
      return [path];
    }
    return found.isDirectory() && depth < 8 ? privateIn(path, depth + 1) : [];
  });
}

/**
 * The path itself, or the nearest folder on the way that a step's user cannot pass: bubblewrap, which runs as that user,
 * could mount nothing behind it.
 */
function coverable(path: string): string {
  let at = "";
  for (const part of path.split("/").slice(1, -1)) {
    at += `/${part}`;
    if (!passes(at)) {
      return at;
    }
  }
  return path;
}

function passes(folder: string): boolean {
  if (process.getuid?.() === 0) {
    return (statSync(folder).mode & 0o001) !== 0;
  }
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isSame(alias: string, path: string): boolean {
  const [one, other] = [alias, path].map((each) => lstatSync(each, { throwIfNoEntry: false }));
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

function outermost(places: readonly HiddenPlace[]): readonly HiddenPlace[] {
  const kept: HiddenPlace[] = [];
  for (const place of places.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!kept.some(({ path, isFolder }) => isFolder && isWithin(place.path, path))) {
      kept.push(place);
    }
  }
  return kept;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
