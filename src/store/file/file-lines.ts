import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";
import { isRunLinesName } from "#run/run-file.ts";
import { syncFolder } from "./durable-file.ts";
import { mediumFault, systemCodeOf } from "#fault/medium-fault.ts";
import type { RunFolders } from "./run-folders.ts";
import { Turns } from "#store/process/turns.ts";

const WINDOW = 64 * 1024;
const NEWLINE = 0x0a;

/**
 * Lines as files `<run folder>/<name>`.
 * 1. What stands behind the last newline is what is left of a write that was interrupted: it is never read, and the next
 *    append cuts it off.
 * 2. An append that fails is taken back, as far as the medium still lets it.
 * 3. A file is made durably before its first line, so a line that is durable is found again.
 */
export function fileLines(folders: RunFolders): LineStore {
  const turns = new Turns();
  const pathOf = async (key: RunKey, name: string): Promise<Result<string>> => {
    const identity = await folders.identity(key);
    if (!identity.ok) {
      return identity;
    }
    return isRunLinesName(name)
      ? ok(folders.pathOf(key, name))
      : fail(faultOf(storeCodes, "FILE_PATH", { path: name }));
  };
  return {
    append: async (key, name, lines, { durable, behind }) => {
      if (lines.length > 0 && lines.at(-1) !== NEWLINE) {
        throw new Error(`the lines for ${name} do not end with a newline`);
      }
      // The turn is taken at once: looking for the run's folder takes now longer, now shorter.
      return turns.take(`${key.runId}/${name}`, async () => {
        const path = await pathOf(key, name);
        if (!path.ok) {
          return path;
        }
        const lost = fail(faultOf(storeCodes, "LEASE_LOST", { runId: key.runId }));
        return (await append(path.value, lines, durable, behind)) ?? lost;
      });
    },
    read: async function* read(key, name, from = 0) {
      const path = await pathOf(key, name);
      if (!path.ok) {
        throw new StoreError(path.fault);
      }
      yield* readLines(path.value, from);
    },
  };
}

/** Undefined when what is there is not as long as it should be. */
async function append(
  path: string,
  lines: Uint8Array,
  durable: boolean,
  behind: number | undefined,
): Promise<Result<void> | undefined> {
  try {
    // A file is made only for lines.
    await using file = await open(path, lines.length === 0 ? "r+" : "a+");
    const end = await cutTornLine(file);
    if (behind !== undefined && behind !== end) {
      return undefined;
    }
    if (end === 0) {
      await syncFolder(dirname(path));
    }
    try {
      await file.appendFile(lines);
      if (durable) {
        await file.datasync();
      }
    } catch (error) {
      await file.truncate(end);
      throw error;
    }
    return ok(undefined);
  } catch (error) {
    if (lines.length === 0 && systemCodeOf(error) === "ENOENT") {
      return (behind ?? 0) === 0 ? ok(undefined) : undefined;
    }
    return fail(mediumFault(error));
  }
}

async function* readLines(path: string, from: number): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const end = await endOfLines(file, (await file.stat()).size);
    for (let at = from; at < end;) {
      const chunk = Buffer.allocUnsafe(Math.min(WINDOW, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) {
        return;
      }
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") {
      throw new StoreError(mediumFault(error));
    }
  }
}

/** The size of the file without a torn last line. */
async function cutTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const end = await endOfLines(file, size);
  if (end < size) {
    await file.truncate(end);
  }
  return end;
}

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  let end = size;
  // The last byte alone says it nearly always.
  for (let length = 1; end > 0; length = WINDOW) {
    const start = Math.max(0, end - length);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (newline !== -1) {
      return start + newline + 1;
    }
    end = start;
  }
  return 0;
}
