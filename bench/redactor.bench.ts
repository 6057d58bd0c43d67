import { createHash } from "node:crypto";
import type { Redactor } from "#port/secrets.ts";
import { createRedactor } from "#secret/redactor.ts";
import { ratio, type Figure } from "./measure.ts";

const ROUNDS = 7;
const MEBIBYTES = 32;
const CHUNK = 64 * 1024;
/** By number of secrets, how much longer than a plain copy redacting may take. */
const GOALS: readonly (readonly [secrets: number, goal: number])[] = [
  [1, 1.5],
  [10, 4],
  [100, 20],
];

/** Redacting the output of a step, beside copying it: what each further secret costs, and what length does. */
export async function* figures(): AsyncGenerator<Figure> {
  const chunks = logChunks();
  const copy = (): number => chunks.reduce((sum, chunk) => sum + Buffer.from(chunk).length, 0);
  for (const [secrets, goal] of GOALS) {
    const redactor = redactorOf(secrets);
    const taken = await ratio(ROUNDS, () => redacted(redactor, chunks), copy);
    yield {
      name: `redacting with ${secrets === 1 ? "1 secret" : `${secrets} secrets`} / copying`,
      value: taken.ratio,
      unit: "×",
      goal,
      detail: `${((MEBIBYTES * 1000) / taken.a).toFixed(0)} MiB/s of ${MEBIBYTES} MiB, ${ROUNDS} pairs`,
    };
  }
  const redactor = redactorOf(100);
  const quarter = chunks.slice(0, chunks.length / 4);
  const longer = await ratio(
    ROUNDS,
    () => redacted(redactor, chunks),
    () => redacted(redactor, quarter),
  );
  yield {
    name: "redacting four times as much output with 100 secrets",
    value: longer.ratio,
    unit: "×",
    goal: 5,
    detail: `${longer.a.toFixed(0)} ms beside ${longer.b.toFixed(0)} ms`,
  };
  const beginnings = Array.from({ length: 100 }, (_, at) => secretText(at).slice(0, -1)).join("");
  const nearly = Buffer.from(beginnings.repeat(Math.ceil(CHUNK / beginnings.length)).slice(0, CHUNK));
  const worst = await ratio(
    ROUNDS,
    () => redacted(redactor, Array<Uint8Array>(chunks.length).fill(nearly)),
    () => redacted(redactor, chunks),
  );
  yield {
    name: "redacting beginnings of 100 secrets / redacting a log",
    value: worst.ratio,
    unit: "×",
    goal: 20,
    detail: `${((MEBIBYTES * 1000) / worst.a).toFixed(0)} MiB/s, ${ROUNDS} pairs`,
  };
}

function redactorOf(secrets: number): Redactor {
  const redactor = createRedactor();
  for (let at = 0; at < secrets; at += 1) {
    redactor.add(`s${at}`, secretText(at));
  }
  return redactor;
}

function redacted(redactor: Redactor, chunks: readonly Uint8Array[]): number {
  const stream = redactor.stream();
  return chunks.reduce((sum, chunk) => sum + stream.push(chunk).length, 0) + stream.end().length;
}

function secretText(at: number): string {
  return digestText(`secret ${at}`).slice(0, 32);
}

/** Lines as a build prints them: words, paths, digests. */
function logChunks(): readonly Uint8Array[] {
  const lines: string[] = [];
  for (let at = 0, size = 0; size < MEBIBYTES * 2 ** 20; at += 1) {
    const digest = digestText(String(at));
    const line = `2026-01-01T00:00:${String(at % 60).padStart(2, "0")}Z fetched layer ${at} to /var/lib/layers/${digest} in ${at % 977} ms\n`;
    lines.push(line);
    size += line.length;
  }
  const text = Buffer.from(lines.join(""));
  return Array.from({ length: Math.ceil(text.length / CHUNK) }, (_, at) => text.subarray(at * CHUNK, (at + 1) * CHUNK));
}

function digestText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
