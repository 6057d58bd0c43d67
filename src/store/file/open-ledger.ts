import { fstatSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { equalBytes } from "#canon/bytes.ts";
import { isDigest, type Digest, type Sha256 } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Head, Lease, RunIdentity } from "#port/run-store.ts";
import { genesisHead, headOf, readLedgerLine } from "#run/ledger-chain.ts";
import { UNCOMMITTED, wholeLines } from "./ledger-lines.ts";

/** The kernel copies a write page by page, and a process that is killed may leave it after any page. */
const PAGE = 4096;
const NEWLINE = 0x0a;

/** `moved`: the file is not as it was last seen, so it has to be read again; `conflict`: another head, other bytes. */
export type Written = "written" | "moved" | "conflict";

/**
 * A ledger opened by the holder of its lease.
 * 1. `write` is synchronous and is called only under the store's lock after the lease was checked there: a holder that
 *    was stopped in between still holds the lock, so nobody can have taken its lease over when it goes on.
 * 2. Writes go to the place where the known whole lines end; whatever stands behind it is what is left of a write that
 *    was interrupted, and is cut off first.
 * 3. A batch is there as a whole or not at all when the process dies: one that crosses a page is written behind a NUL
 *    byte, which no JSON text holds, and the first byte of the batch takes its place last.
 * 4. A write that fails is taken back.
 */
export class OpenLedger {
  readonly run: RunIdentity;
  readonly lease: Lease;
  readonly #file: FileHandle;
  #head: Head;
  /** Bytes of whole lines, and of the file as it was last seen. */
  #size: number;
  #seen: number;
  /** The last batch that is in the file: what it continued and where it begins. */
  #last: { readonly head: Head; readonly start: number } | undefined;
  #isDirty = false;

  private constructor(
    file: FileHandle,
    run: RunIdentity,
    lease: Lease,
    found: { head: Head; size: number; seen: number },
  ) {
    this.#file = file;
    this.run = run;
    this.lease = lease;
    this.#head = found.head;
    this.#size = found.size;
    this.#seen = found.seen;
  }

  /** Reads the ledger to its end. Throws the file system's errors, and a `StoreError` when the last event is broken. */
  static async open(path: string, run: RunIdentity, lease: Lease, sha256: Sha256): Promise<OpenLedger> {
    const file = await open(path, "r+");
    try {
      let size = 0;
      let lines: readonly Uint8Array[] = [];
      let count = 0;
      const seen = (await file.stat()).size;
      for await (const batch of wholeLines(file, 0)) {
        size = batch.end;
        count += batch.lines.length;
        lines = [...lines, ...batch.lines.slice(-2)].slice(-2);
      }
      const genesis = genesisHead(run, sha256);
      const head = count === 0 ? genesis : lastHead(lines, count, genesis, sha256);
      return new OpenLedger(file, run, lease, { head, size, seen });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** `bytes` are the lines of `count` events behind `head`, of which the last has the hash `hash`. */
  write(head: Head, bytes: Uint8Array, end: Head): Written {
    if (fstatSync(this.#file.fd).size !== this.#seen) {
      return "moved";
    }
    if (!sameHead(head, this.#head)) {
      return this.#repeats(head, bytes) ? "written" : "conflict";
    }
    this.#truncate(this.#size);
    try {
      this.#put(bytes);
    } catch (error) {
      this.#truncate(this.#size);
      throw error;
    }
    this.#last = { head, start: this.#size };
    this.#head = end;
    this.#size += bytes.length;
    this.#seen = this.#size;
    this.#isDirty = true;
    return "written";
  }

  /** Waits until all that was written is on the disk. */
  async sync(): Promise<void> {
    this.#isDirty = false;
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  /** Under the lock: takes back the last batch, which could not be brought to the disk, if nothing follows it. */
  takeBack(): void {
    const last = this.#last;
    if (last !== undefined && fstatSync(this.#file.fd).size === this.#seen) {
      this.#truncate(last.start);
      this.#size = last.start;
      this.#head = last.head;
      this.#last = undefined;
    }
  }

  async close(): Promise<void> {
    try {
      if (this.#isDirty) {
        await this.sync();
      }
    } finally {
      await this.#file.close();
    }
  }

  #put(bytes: Uint8Array): void {
    const crosses = Math.floor(this.#size / PAGE) !== Math.floor((this.#size + bytes.length - 1) / PAGE);
    if (!crosses || bytes.indexOf(NEWLINE) === bytes.length - 1) {
      writeAll(this.#file.fd, bytes, this.#size);
      return;
    }
    const guarded = Uint8Array.from(bytes);
    guarded[0] = UNCOMMITTED;
    writeAll(this.#file.fd, guarded, this.#size);
    writeAll(this.#file.fd, bytes.subarray(0, 1), this.#size);
  }

  #truncate(size: number): void {
    if (fstatSync(this.#file.fd).size !== size) {
      ftruncateSync(this.#file.fd, size);
    }
    this.#seen = size;
  }

  /** Whether exactly these bytes stand behind `head` already. */
  #repeats(head: Head, bytes: Uint8Array): boolean {
    const start = this.#last !== undefined && sameHead(head, this.#last.head) ? this.#last.start : this.#endOf(head);
    const there = start === undefined ? undefined : readFully(this.#file.fd, start, bytes.length);
    return there !== undefined && equalBytes(there, bytes);
  }

  /** Where the lines up to this head end: needed only when an append is repeated after the ledger was opened again. */
  #endOf(head: Head): number | undefined {
    if (head.sequence >= this.#head.sequence) {
      return undefined;
    }
    const whole = readFully(this.#file.fd, 0, this.#size) ?? Buffer.alloc(0);
    let end = 0;
    for (let line = 0; line < head.sequence; line += 1) {
      end = whole.indexOf(NEWLINE, end) + 1;
    }
    return end;
  }
}

/** The head that the last of `count` lines makes, checked against the line before it. */
function lastHead(lines: readonly Uint8Array[], count: number, genesis: Head, sha256: Sha256): Head {
  const [before, last] = count === 1 ? [undefined, lines[0]] : lines;
  const head = before === undefined ? genesis : { sequence: count - 1, hash: hashIn(before) ?? genesis.hash };
  const read = readLedgerLine(last ?? new Uint8Array(0), { ...head, timestamp: 0 }, sha256);
  if (!read.ok) {
    throw new StoreError(read.fault);
  }
  return headOf(read.value);
}

/** What a line says its hash is; undefined when it is no event. */
function hashIn(line: Uint8Array): Digest | undefined {
  try {
    const event = JSON.parse(Buffer.from(line).toString("utf8")) as unknown;
    return isJsonObject(event) && isDigest(event["hash"]) ? event["hash"] : undefined;
  } catch {
    return undefined;
  }
}

function sameHead(a: Head, b: Head): boolean {
  return a.sequence === b.sequence && a.hash === b.hash;
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    const written = writeSync(fd, bytes, at, bytes.length - at, position + at);
    if (written === 0) {
      throw new StoreError(faultOf(storeCodes, "STORE_FULL", { problem: "nothing more was written" }));
    }
    at += written;
  }
}

/** Undefined when the file ends before. */
function readFully(fd: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length;) {
    const read = readSync(fd, bytes, at, length - at, position + at);
    if (read === 0) {
      return undefined;
    }
    at += read;
  }
  return bytes;
}
