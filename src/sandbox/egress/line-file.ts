import { StoreError } from "#fault/store-error.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";

const NEWLINE = 0x0a;
/** A line is one object of a few short members; more is no line of ours. */
const LONGEST_LINE = 64 * 1024;

/** One file of lines of a run. */
export type LineFile = { readonly lines: LineStore; readonly key: RunKey; readonly name: string };

/** Appends durably; throws a `StoreError`. */
export async function appendLines({ lines, key, name }: LineFile, bytes: Uint8Array): Promise<void> {
  const appended = await lines.append(key, name, bytes, { durable: true });
  if (!appended.ok) {
    throw new StoreError(appended.fault);
  }
}

/** Each line without its newline, in constant memory; undefined stands for one that is too long. */
export async function* readLines({ lines, key, name }: LineFile): AsyncGenerator<string | undefined> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of lines.read(key, name)) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield textOf([...held, bytes.subarray(from, at)], length + at - from);
      held = [];
      length = 0;
      from = at + 1;
    }
    length += bytes.length - from;
    held = length > LONGEST_LINE ? [] : [...held, Buffer.from(bytes.subarray(from))];
  }
}

function textOf(parts: readonly Buffer[], length: number): string | undefined {
  return length > LONGEST_LINE ? undefined : Buffer.concat(parts).toString("utf8");
}
