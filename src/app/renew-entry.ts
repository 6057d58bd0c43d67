import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { waitForFileLock } from "./file-lock.ts";
import { makeFolder } from "./make-folder.ts";
import type { RegistryEntry } from "./pack-registry.ts";
import { syncFolder } from "./sync-folder.ts";

/*
 * A bundle and the verdict on it are two files, and no call of the system replaces two files at once. So in an entry that was
 * renewed both names are links through one more, `.kept/now`, to a folder with both files, and it is that one which is
 * replaced. What the names mean changes at one moment, for every reader, and after a crash is the old or the new.
 */
const KEPT = ".kept";
const NOW = "now";
const GENERATION = /^[0-9a-f]{16}$/;

/**
 * Does `work` while nobody else renews this entry, in this process or another. Throws what the file system throws, and when
 * somebody else is at it for too long.
 */
export async function withEntryLock<T>({ folder }: RegistryEntry, work: () => Promise<T>): Promise<T> {
  await makeFolder(join(folder, KEPT), 0o755);
  const lock = await waitForFileLock(join(folder, KEPT, "lock"));
  if (lock === undefined) {
    throw Object.assign(new Error(`${folder} is being renewed by somebody else`), { code: "EBUSY" });
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** Puts the verdict of a staged entry in the place of the one in the registry. */
export async function renewVerdict(staged: RegistryEntry, entry: RegistryEntry): Promise<void> {
  const target = await realpath(entry.verdict);
  await rename(staged.verdict, target);
  await syncFolder(dirname(target));
}

/**
 * Puts bundle and verdict of a staged entry, whose bytes are on the medium, in the place of those in the registry, both at
 * once. What has one of the old files open reads on in it. The files of the pack are not touched. Needs the entry's lock.
 */
export async function renewBundle(staged: RegistryEntry, entry: RegistryEntry): Promise<void> {
  const kept = join(entry.folder, KEPT);
  await linkNames(staged.folder, entry);
  const draft = await newGeneration(staged.folder);
  for (const file of [staged.bundle, staged.verdict]) {
    await rename(file, join(draft, basename(file)));
  }
  const generation = await moveGeneration(draft, kept);
  await pointTo(generation, staged.folder, kept);
  await removeOthers(generation, kept);
}

/** Makes links of both names where they are files yet. They mean the same bytes before, meanwhile and afterwards. */
async function linkNames(drafts: string, entry: RegistryEntry): Promise<void> {
  const kept = join(entry.folder, KEPT);
  const targets = new Map([entry.bundle, entry.verdict].map((name) => [name, join(KEPT, NOW, basename(name))]));
  const found = await Promise.all([...targets.keys()].map((name) => readlink(name).catch(() => undefined)));
  if ([...targets.values()].every((target, at) => target === found[at])) {
    return;
  }
  const draft = await newGeneration(drafts);
  for (const name of targets.keys()) {
    await link(await realpath(name), join(draft, basename(name)));
  }
  await pointTo(await moveGeneration(draft, kept), drafts, kept);
  for (const [name, target] of targets) {
    await replaceByLink(name, target, drafts);
  }
  // Otherwise a power cut could keep one of the two and, of what comes next, the new generation.
  await syncFolder(entry.folder);
}

async function newGeneration(drafts: string): Promise<string> {
  const folder = join(drafts, randomBytes(8).toString("hex"));
  await mkdir(folder, { mode: 0o755 });
  return folder;
}

async function moveGeneration(draft: string, kept: string): Promise<string> {
  await syncFolder(draft);
  await rename(draft, join(kept, basename(draft)));
  await syncFolder(kept);
  return basename(draft);
}

async function pointTo(generation: string, drafts: string, kept: string): Promise<void> {
  await replaceByLink(join(kept, NOW), generation, drafts);
  await syncFolder(kept);
}

/** Drafts lie on the same medium; when an import was broken off they are gone, and nothing is replaced any more. */
async function replaceByLink(name: string, target: string, drafts: string): Promise<void> {
  const draft = join(drafts, `link.${randomBytes(8).toString("hex")}`);
  await symlink(target, draft);
  await rename(draft, name);
}

async function removeOthers(generation: string, kept: string): Promise<void> {
  for (const name of await readdir(kept)) {
    if (GENERATION.test(name) && name !== generation) {
      await rm(join(kept, name), { recursive: true, force: true });
    }
  }
}
