import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import type { Pack } from "#pack/pack.ts";
import { object, string } from "#canon/shape.ts";
import type { BuiltInRules } from "#plan/built-in-rule.ts";
import { compilePlan, type CompiledPlan } from "#plan/compile-plan.ts";
import type { Plan, PlanInput } from "#plan/plan.ts";

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** A digest that reads well in golden files. */
export function digestOfDigits(digits: string): Digest {
  return digestOfHex(digits.repeat(64 / digits.length));
}

function fileOfPack(path: string, mode: FileEntry["mode"], digits: string): FileEntry {
  return { path, mode, size: 1, sha256: digits.repeat(64 / digits.length) };
}

export const sampleFiles: readonly FileEntry[] = [
  fileOfPack("bin/split", "755", "77"),
  fileOfPack("bin/tool", "755", "78"),
  fileOfPack("data/feeds.tar", "644", "79"),
  fileOfPack("policies/licences.wasm", "644", "7a"),
];

/** One built-in with a shape of its own: compiling must not depend on those that packrun has. */
export const sampleBuiltIns: BuiltInRules = new Map([
  [
    "stage.file",
    {
      withShape: object({ source: string() }, { name: string(), checksum: string() }),
      outputs: { staged: { file: "staged" } },
      packFiles: ["source"],
      refusals: (given) =>
        given["checksum"] === "none"
          ? [{ fault: { code: "SAMPLE_REFUSED", message: "no", hint: "give another" }, member: "checksum" }]
          : [],
    },
  ],
]);

export function golden(name: string): string {
  return readFileSync(new URL(`golden/${name}`, import.meta.url), "utf8");
}

/** The pack of a text that must be right. */
export function packOf(text: string, files: readonly FileEntry[] = sampleFiles): Pack {
  const read = readPack(new TextEncoder().encode(text), { file: "pack.yaml", files });
  if (!read.ok) {
    throw new Error(
      read.fault.map(({ code, message, range }) => `${range?.start.line}: ${code} ${message}`).join("\n"),
    );
  }
  return read.value;
}

export type Given = Readonly<Record<string, PlanInput>>;

export function compileText(text: string, inputs: Given = {}): Result<CompiledPlan, readonly Diagnostic[]> {
  return compilePlan({
    pack: packOf(text),
    packDigest: digestOfDigits("3f"),
    packFiles: sampleFiles,
    inputs,
    builtIns: sampleBuiltIns,
    sha256,
  });
}

/** The plan of a text that must compile. */
export function planOf(text: string, inputs: Given = {}): Plan {
  const compiled = compileText(text, inputs);
  if (!compiled.ok) {
    throw new Error(
      compiled.fault.map(({ code, message, range }) => `${range?.start.line}: ${code} ${message}`).join("\n"),
    );
  }
  return compiled.value.plan;
}

/** A pack with inputs of every kind around some steps, with what else belongs under `spec`. */
export function packAround(steps: string, spec = ""): string {
  const indent = (text: string): string =>
    text
      .trim()
      .split("\n")
      .map((line) => `    ${line}`)
      .join("\n");
  return `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/sample, version: 1.2.3}
spec:
  inputs:
    channel: {type: string}
    count: {type: integer}
    ratio: {type: number}
    dry: {type: boolean}
    hosts: {type: array}
    settings: {type: object}
    archive: {type: file}
    tree: {type: directory}
    note: {type: string}
  secrets: {token: {description: a token}, spare: {}}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  policies: {always: {engine: cel, expression: "true"}}
${spec}${spec === "" ? "" : "\n"}  steps:
${indent(steps)}
`;
}

export const sampleInputs: Given = {
  channel: { type: "string", value: "beta" },
  count: { type: "integer", value: 3 },
  ratio: { type: "number", value: 2 },
  dry: { type: "boolean", value: false },
  hosts: { type: "array", value: ["eu", "us"] },
  settings: { type: "object", value: { depth: 2, "9": "nine", "10": "ten" } },
  archive: { type: "file", name: "a b.tar", size: 7, digest: digestOfDigits("aa") },
  tree: { type: "directory", name: "src", digest: digestOfDigits("bb") },
};

/** Code and stretch of each finding: `EXPR_TYPE inputs.count`. */
export function saysIn(text: string, inputs: Given = sampleInputs): readonly string[] {
  return findingsIn(text, inputs).map(({ code, at }) => `${code} ${at}`);
}

export type Finding = Diagnostic & { readonly at: string };

export function findingsIn(text: string, inputs: Given = sampleInputs): readonly Finding[] {
  const compiled = compileText(text, inputs);
  return compiled.ok ? [] : compiled.fault.map((found) => ({ ...found, at: stretchOf(text, found) }));
}

function stretchOf(text: string, { range }: Diagnostic): string {
  const line = text.split("\n")[(range?.start.line ?? 1) - 1] ?? "";
  const isOneLine = range !== undefined && range.end.line === range.start.line;
  return line.slice((range?.start.column ?? 1) - 1, isOneLine ? range.end.column - 1 : line.length);
}

/** What is wrong with one expression as the value of an environment variable, seen behind three finished steps. */
export function saysOf(expression: string): readonly string[] {
  return saysIn(packAround(stepsAround(JSON.stringify(`\${{ ${expression} }}`))));
}

/** The plan value of one expression in a place that takes any value. */
export function valueOf(expression: string): unknown {
  const plan = planOf(packAround(stepsAround('"x"', JSON.stringify(`\${{ ${expression} }}`))), sampleInputs);
  const node = plan.steps.find(({ id }) => id === "probe");
  return node?.kind === "gate.policy" ? (node.with as { readonly value: unknown }).value : undefined;
}

function stepsAround(env: string, given = "1"): string {
  return `
- id: scan
  run: {command: ["true"]}
  outputs: {critical: {type: integer}, share: {type: number}, names: {type: array}, meta: {type: object}, text: {type: string}, ok: {type: boolean}, report: {file: r.html}, site: {dir: site}}
- {id: build-sbom, run: {command: ["true"]}, outputs: {sbom: {file: s.json}}}
- {id: many, map: {items: [1, 2], steps: [{id: one, run: {command: ["true"]}, outputs: {size: {type: integer}}}]}}
- {id: use, run: {command: ["true"]}, env: {VALUE: ${env}}}
- {id: probe, gate: {policy: always, with: {value: ${given}}}}`;
}
