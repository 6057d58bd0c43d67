import type { Diagnostic } from "#fault/diagnostic.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { readPack } from "#pack/read-pack.ts";

/** The files that the folder of every sample pack holds. */
export const sampleFiles: readonly FileEntry[] = [
  entry("bin/tool", "755"),
  entry("bin/notes.txt", "644"),
  entry("data/seed.tar", "644"),
  entry("policies/licences.wasm", "644"),
  entry("schemas/channel.json", "644"),
];

function entry(path: string, mode: FileEntry["mode"]): FileEntry {
  return { path, mode, size: 1, sha256: "0".repeat(64) };
}

/** A pack around some steps, in which they may refer to the names below. */
export function packWith(steps: string, spec = ""): string {
  return `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.0.0}
spec:
  inputs: {channel: {type: string}}
  secrets: {deployToken: {description: a token}}
  approvals: {release: {required: 1, from: [approver], ttl: 1h}}
  policies: {severity: {engine: cel, expression: "true"}}
  sandbox: {mode: sealed, egressAllowlist: ["a.example:443"], egressQuota: {requests: 5, bytes: 1Mi}, limits: {cpus: 1, memory: 64Mi}}
${spec}${spec === "" ? "" : "\n"}  steps:
${steps
  .trim()
  .split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}
`;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The pack of a text that must be right. */
export function goodPack(text: string): Pack {
  const read = readPack(bytesOf(text), { file: "pack.yaml", files: sampleFiles });
  if (!read.ok) {
    throw new Error(read.fault.map((found) => `${place(found)} ${found.code} ${found.message}`).join("\n"));
  }
  return read.value;
}

/** What is wrong with a text: code, place and the stretch that the range covers, when that is on one line. */
export function findingsIn(text: string): readonly Finding[] {
  const read = readPack(bytesOf(text), { file: "pack.yaml", files: sampleFiles });
  return read.ok ? [] : read.fault.map((found) => ({ ...found, at: stretchOf(text, found) }));
}
export type Finding = Diagnostic & { readonly at: string };

/** Code and stretch of each finding: `PACK_TYPE 1.0`. */
export function saysIn(text: string): readonly string[] {
  return findingsIn(text).map(({ code, at }) => `${code} ${at}`);
}

function place({ range }: Diagnostic): string {
  return range === undefined ? "-" : `${range.start.line}:${range.start.column}`;
}

function stretchOf(text: string, { range }: Diagnostic): string {
  if (range === undefined) {
    return "";
  }
  const line = text.split("\n")[range.start.line - 1] ?? "";
  return line.slice(range.start.column - 1, range.end.line === range.start.line ? range.end.column - 1 : line.length);
}
