import { faultOf } from "./code-table.ts";
import type { Fault } from "./fault.ts";
import { storeCodes } from "./store-codes.ts";
import { StoreError } from "./store-error.ts";
import { systemProblem } from "./system-problem.ts";

/** No room: the disk, a quota, a limit on the size of files, and SQLite's own word for each (SQLITE_FULL). */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * The fault that an error of the file system or of SQLite stands for. An error of neither is a bug and is thrown on. `database`: the
 * file that SQLite worked on, which it does not name.
 */
export function mediumFault(error: unknown, database?: string): Fault {
  if (error instanceof StoreError) {
    return error.fault;
  }
  const sqlite = sqliteCodeOf(error);
  const problem =
    sqlite === undefined || database === undefined ? problemOf(error) : `${database}: ${messageOf(error)}`;
  if (sqlite === SQLITE_FULL || FULL.has(systemCodeOf(error) ?? "")) {
    return faultOf(storeCodes, "STORE_FULL", { problem });
  }
  if (sqlite === undefined && systemCodeOf(error) === undefined) {
    throw error;
  }
  return faultOf(storeCodes, "STORE_UNAVAILABLE", { problem });
}

/** With the path, which Node says before everything else that it knows of a failed call. */
function problemOf(error: unknown): string {
  const path = error instanceof Error && "path" in error ? String(error.path) : undefined;
  return path === undefined ? messageOf(error) : `${path}: ${systemProblem(error)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/** `ENOENT`, `EEXIST` … of a failed system call. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** The database file itself is not what SQLite wrote. */
export function isDatabaseDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

export function isDatabaseFull(error: unknown): boolean {
  return sqliteCodeOf(error) === SQLITE_FULL;
}

/** The primary result code: the low byte of the extended one (sqlite.org/rescode.html). */
function sqliteCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}
