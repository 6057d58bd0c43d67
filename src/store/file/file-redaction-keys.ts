import { randomBytes } from "node:crypto";
import { link, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RedactionKeyStore, RunKey } from "#port/run-store.ts";
import { syncFolder } from "./durable-file.ts";
import { mediumFault, systemCodeOf } from "#fault/medium-fault.ts";
import type { RunFolders } from "./run-folders.ts";

/** No file of a run can have a name that begins with a dot, so this one is read and exported by nothing else. */
const NAME = ".redaction-key";
const LENGTH = 32;

/** Keys as files of mode 600 in the run's folder, which are written over before they are removed. */
export function fileRedactionKeys(folders: RunFolders): RedactionKeyStore {
  const onRun = async <T>(key: RunKey, work: (folder: string) => Promise<T>): Promise<Result<T>> => {
    const identity = await folders.identity(key);
    try {
      return identity.ok ? ok(await work(folders.pathOf(key))) : identity;
    } catch (error) {
      return fail(mediumFault(error));
    }
  };
  return {
    take: (key) => onRun(key, async (folder) => (await read(folder)) ?? make(folder)),
    destroy: (key) =>
      onRun(key, async (folder) => {
        // Also what a process left that died while it made the key.
        const names = (await readdir(folder)).filter((name) => name.startsWith(NAME));
        for (const name of names) {
          await wipe(join(folder, name));
        }
        if (names.length > 0) {
          await syncFolder(folder);
        }
      }),
  };
}

/** Undefined without a whole key. */
async function read(folder: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(join(folder, NAME));
    return bytes.length === LENGTH ? bytes : undefined;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

/** A link puts the key in place whole, and never over another one. */
async function make(folder: string): Promise<Uint8Array> {
  const key = randomBytes(LENGTH);
  const draft = join(folder, `${NAME}.${randomBytes(6).toString("hex")}`);
  try {
    {
      await using file = await open(draft, "wx", 0o600);
      await file.writeFile(key);
      await file.sync();
    }
    await link(draft, join(folder, NAME));
  } catch (error) {
    const there = systemCodeOf(error) === "EEXIST" ? await read(folder) : undefined;
    if (there === undefined) {
      throw error;
    }
    return there;
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(folder);
  return key;
}

async function wipe(path: string): Promise<void> {
  try {
    await using file = await open(path, "r+");
    await file.write(new Uint8Array(LENGTH), 0, LENGTH, 0);
    await file.sync();
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") {
      throw error;
    }
  }
  await rm(path, { force: true });
}
