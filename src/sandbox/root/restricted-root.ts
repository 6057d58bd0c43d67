import { readdirSync, readlinkSync, statSync, type Dirent } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result } from "#fault/result.ts";
import { hiddenAtRoot, hiddenFileSystems } from "./hidden-paths.ts";
import { hiddenPlaces, holdsSystem, realOf, secretPaths, strangeMounts } from "./hidden-places.ts";
import { etcFiles } from "./inside.ts";
import { isWithin, type Mount } from "./mount-table.ts";
import { cover, emptyFolder, unhidable, type RootView } from "./root-view.ts";

export type RestrictedAsk = {
  /** Files and folders of the runner that no step may see. Those that are not there are skipped. */
  readonly masks: readonly string[];
  /** Where credentials of whoever runs the runner lie; covered where programs do not need the folder. */
  readonly credentials: readonly string[];
  readonly mounts: readonly Mount[];
  readonly etcFolder: string;
  /** An empty file that everybody may read. */
  readonly emptyFile: string;
  readonly seccompFile: string;
};

/** Folders of programs that some systems keep as links into /var. */
const PROGRAM_FOLDERS = ["/opt", "/usr/local"];
/** The step's own stand there; /sys is not there at all, as in `sealed`. */
const LAID_LATER = ["/proc", "/dev", "/run", "/tmp", "/var", "/sys"];

/**
 * The root of `restricted`: the host's, read-only, without what is named in `hidden-paths.ts` and what follows from it.
 * Folders at the root are shown one by one on an empty root, so that what is not shown is not there rather than covered;
 * only what lies within a shown folder has to be covered.
 */
export function restrictedRoot(ask: RestrictedAsk): Result<RootView> {
  const { mounts } = ask;
  const { folders, links } = shownAtRoot(mounts);
  const moved = PROGRAM_FOLDERS.flatMap((path) => {
    const real = realOf(path);
    return real === undefined || folders.some((folder) => isWithin(real, folder)) ? [] : [real];
  });
  const shown = [...folders, ...moved];
  const { places, impossible } = hiddenPlaces({
    masks: ask.masks,
    wanted: [...secretPaths(), ...ask.credentials],
    places: strangeMounts(mounts),
    mounts,
    shown,
  });
  if (impossible.length > 0) {
    return fail(unhidable(impossible));
  }
  const shows = (path: string): boolean =>
    shown.some((folder) => isWithin(path, folder)) && !places.some((place) => isWithin(path, place.path));
  const options = [
    ...folders.flatMap((path) => ["--ro-bind", path, path]),
    ...links.flatMap(({ path, target }) => ["--symlink", target, path]),
    ...emptyAtRoot().flatMap((path) => emptyFolder(path)),
    ...emptyFolder("/var"),
    ...["tmp", "run"].flatMap((name) => ["--symlink", `../${name}`, `/var/${name}`]),
    ...moved.flatMap((path) => ["--ro-bind", path, path]),
    ...places.flatMap((place) => cover(place, ask.emptyFile)),
    ...etcOptions(ask.etcFolder, shows),
  ];
  return ok({ mode: "restricted", seccompFile: ask.seccompFile, options, shows });
}

type Link = { readonly path: string; readonly target: string };

/** Files at the root and names with a dot are never shown: a step needs none, and containers keep settings there. */
function shownAtRoot(mounts: readonly Mount[]): {
  readonly folders: readonly string[];
  readonly links: readonly Link[];
} {
  const folders: string[] = [];
  const links: Link[] = [];
  for (const entry of entriesOfRoot()) {
    const path = join("/", entry.name);
    if (entry.name.startsWith(".") || hiddenAtRoot.some((hidden) => hidden.path === path)) {
      continue;
    }
    if (entry.isSymbolicLink() && isFolder(path)) {
      links.push({ path, target: readlinkSync(path) });
    } else if (entry.isDirectory() && !isStrange(path, mounts)) {
      folders.push(path);
    }
  }
  return { folders, links };
}

function isStrange(path: string, mounts: readonly Mount[]): boolean {
  const type = mounts.findLast(({ at }) => at === path)?.type;
  return !["/usr", "/etc", "/opt"].includes(path) && (holdsSystem(path) || hiddenFileSystems.includes(type ?? ""));
}

function emptyAtRoot(): readonly string[] {
  const there = entriesOfRoot().flatMap((entry) => (entry.isDirectory() ? [join("/", entry.name)] : []));
  return hiddenAtRoot.flatMap(({ path }) => (there.includes(path) && !LAID_LATER.includes(path) ? [path] : []));
}

/** Nothing can be added to the host's /etc, so a file that it lacks stays away. */
function etcOptions(etcFolder: string, shows: RootView["shows"]): readonly string[] {
  return Object.keys(etcFiles).flatMap((name) => {
    const real = realOf(`/etc/${name}`);
    return real !== undefined && shows(real) ? ["--ro-bind", `${etcFolder}/${name}`, real] : [];
  });
}

function entriesOfRoot(): readonly Dirent[] {
  return readdirSync("/", { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
