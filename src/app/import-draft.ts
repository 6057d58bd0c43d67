import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { tryFileLock } from "./file-lock.ts";
import { makeFolder } from "./make-folder.ts";

/** A folder in a registry or among uploads that nobody lists, and the file that is locked for as long as somebody works in it. */
const DRAFT = /^\.import\.[0-9a-f]{16}$/;
const lockOf = (draft: string): string => `${draft}.lock`;
/** SQLite's, beside a file that is locked; it stays behind when the holder is killed. */
const journalOf = (draft: string): string => `${lockOf(draft)}-journal`;

/**
 * Gives work an empty folder in the one in which its result is to lie, on the same medium, and takes it away again: when the
 * work ended, at once when `signal` says so, and, after a process that was killed, when the next one begins or drafts are
 * cleared up. Throws what the file system and SQLite throw.
 */
export async function withImportDraft<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: (draft: string) => Promise<T>,
): Promise<T> {
  await makeFolder(folder, 0o755);
  await removeAbandonedDrafts(folder);
  const { draft, lock } = claimDraft(folder);
  const remove = (): void => {
    // What cannot be removed has a name that nothing looks for.
    try {
      rmSync(draft, { recursive: true, force: true });
    } finally {
      lock.close();
      rmSync(lockOf(draft), { force: true });
      rmSync(journalOf(draft), { force: true });
    }
  };
  signal?.addEventListener("abort", remove);
  try {
    await mkdir(draft, { mode: 0o755 });
    return await work(draft);
  } finally {
    signal?.removeEventListener("abort", remove);
    if (signal?.aborted !== true) {
      remove();
    }
  }
}

type Claim = { readonly draft: string; readonly lock: { readonly close: () => void } };

function claimDraft(folder: string): Claim {
  for (;;) {
    const draft = join(folder, `.import.${randomBytes(8).toString("hex")}`);
    const lock = tryFileLock(lockOf(draft));
    // Whoever clears up may have had it between its making and its locking: then it is gone again.
    if (lock !== undefined && existsSync(lockOf(draft))) {
      return { draft, lock };
    }
    lock?.close();
  }
}

/** Removes drafts whose lock can be had: they belong to nobody any more. How many; throws as `withImportDraft` does. */
export async function removeAbandonedDrafts(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder)) {
    const draft = join(folder, name.replace(/\.lock$/, ""));
    if (!name.endsWith(".lock") || !DRAFT.test(name.slice(0, -".lock".length))) {
      continue;
    }
    const lock = tryFileLock(lockOf(draft));
    if (lock !== undefined) {
      try {
        await rm(draft, { recursive: true, force: true });
        await rm(lockOf(draft), { force: true });
        removed += 1;
      } finally {
        lock.close();
        await rm(journalOf(draft), { force: true });
      }
    }
  }
  return removed;
}
