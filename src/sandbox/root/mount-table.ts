import { readFileSync } from "node:fs";

/** One mount as proc_pid_mountinfo(5) shows it. */
export type Mount = {
  /** `major:minor` of the file system: mounts of the same one may show the same files. */
  readonly device: string;
  /** The folder of that file system that is shown at `at`. */
  readonly root: string;
  readonly at: string;
  readonly type: string;
};

export function readMountTable(): string {
  return readFileSync("/proc/self/mountinfo", "utf8");
}

/** In the order of the table: of two mounts at one place the later covers the earlier. */
export function parseMountTable(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line): readonly Mount[] => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , device, root, at] = left.split(" ");
    const [type = ""] = right.split(" ");
    return device === undefined || root === undefined || at === undefined
      ? []
      : [{ device, root: unescape(root), at: unescape(at), type }];
  });
}

/** Space, tab, newline and backslash stand there as three octal digits. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Whether `path` is `folder` or lies in it. Both are absolute, without a slash at the end. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** Where the mounts below the root are that show one of these places or something in it; outer ones come first. */
export function mountPointsFor(places: readonly string[], mounts: readonly Mount[]): readonly string[] {
  const shows = (at: string): boolean => places.some((place) => isWithin(place, at) || isWithin(at, place));
  const points = new Set(mounts.map(({ at }) => at).filter((at) => at !== "/" && shows(at)));
  return [...points].toSorted((a, b) => a.length - b.length);
}

/** The mount that shows what stands at a path without symbolic links. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts.reduce<Mount | undefined>(
    (best, mount) =>
      isWithin(path, mount.at) && (best === undefined || mount.at.length >= best.at.length) ? mount : best,
    undefined,
  );
}

/** Other paths to what stands at a path: `same` to the thing itself, `parts` to something inside of it. */
export type Aliases = { readonly same: readonly string[]; readonly parts: readonly string[] };

/**
 * Where else the same files show: the same place of the same file system in other mounts (bind mounts, subvolumes), and
 * mounts of something inside of it. Whether the places are really there is for the caller to look at.
 */
export function aliasesOf(path: string, mounts: readonly Mount[]): Aliases {
  const own = mountOf(path, mounts);
  if (own === undefined) {
    return { same: [], parts: [] };
  }
  const inDevice = joined(own.root, path.slice(own.at === "/" ? 0 : own.at.length));
  const others = mounts.filter((mount) => mount !== own && mount.device === own.device);
  return {
    same: others.flatMap(({ root, at }) =>
      isWithin(inDevice, root) ? [joined(at, inDevice.slice(root === "/" ? 0 : root.length))] : [],
    ),
    parts: others.flatMap(({ root, at }) => (root !== inDevice && isWithin(root, inDevice) ? [at] : [])),
  };
}

function joined(folder: string, rest: string): string {
  return `${folder === "/" ? "" : folder}${rest}` || "/";
}
