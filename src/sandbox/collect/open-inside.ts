import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from "node:fs";
import { systemCode } from "#fault/system-problem.ts";

/** An open file of a step, or why it is none that may be taken. */
export type Opened =
  | { readonly kind: "file"; readonly fd: number; readonly size: number; readonly executable: boolean }
  | { readonly kind: "directory"; readonly fd: number; readonly device: number }
  | { readonly kind: "link" }
  | { readonly kind: "missing" }
  | { readonly kind: "unsafe"; readonly why: string };

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const FOLDER = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

function openFolder(path: string): number {
  return openSync(path, FOLDER);
}

/**
 * Opens one entry of an open folder, by way of the folder's descriptor: no link is followed, nothing blocks, and paths
 * may be longer than the system takes. Called only when nothing of the step runs any more. Only folders are held to the
 * device: in an overlay (the root of most containers) files bear that of the layer in which they lie.
 */
export function openEntry(folder: number, name: Buffer, device: number): Opened {
  const path = Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    return { kind: "missing" };
  }
  if (found.isSymbolicLink()) {
    return { kind: "link" };
  }
  if (found.isDirectory()) {
    return found.dev === device
      ? { kind: "directory", fd: openAnyway(path, FOLDER, 0o700), device }
      : { kind: "unsafe", why: "it lies on another file system" };
  }
  return found.isFile() ? openFile(path, found) : { kind: "unsafe", why: `it is ${nameOf(found)}` };
}

function openFile(path: Buffer, found: Stats): Opened {
  if (found.nlink !== 1) {
    return { kind: "unsafe", why: "it is a hard link" };
  }
  const fd = openAnyway(path, READ, 0o600);
  const opened = fstatSync(fd);
  if (opened.ino !== found.ino || opened.dev !== found.dev || !opened.isFile() || opened.nlink !== 1) {
    closeSync(fd);
    return { kind: "unsafe", why: "it changed while it was opened" };
  }
  return { kind: "file", fd, size: opened.size, executable: (found.mode & 0o100) !== 0 };
}

/** A step may take the rights to its own files away; we are their owner, or root. */
function openAnyway(path: Buffer, flags: number, mode: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (systemCode(error) !== "EACCES") {
      throw error;
    }
    chmodSync(path, mode);
    return openSync(path, flags);
  }
}

function nameOf(found: Stats): string {
  return found.isFIFO() ? "a FIFO" : found.isSocket() ? "a socket" : "a device";
}

/** Opens a path below a folder, entry by entry; `.` is the folder itself. A link on the way is the end of the way. */
export function openInside(root: string, path: string): Opened {
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (path.startsWith("/") || names.includes("..")) {
    return { kind: "unsafe", why: "its path leaves the working folder" };
  }
  const rootFd = openFolder(root);
  const device = fstatSync(rootFd).dev;
  let here: Opened = { kind: "directory", fd: rootFd, device };
  for (const name of names) {
    if (here.kind === "link") {
      return { kind: "unsafe", why: "a symbolic link is on its way" };
    }
    if (here.kind === "file") {
      closeSync(here.fd);
      return { kind: "missing" };
    }
    if (here.kind !== "directory") {
      return here;
    }
    const folder: number = here.fd;
    here = openEntry(folder, Buffer.from(name), device);
    closeSync(folder);
  }
  return here;
}
