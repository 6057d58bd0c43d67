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

export function fileOfPack(path: string, mode: FileEntry["mode"], digits: string): FileEntry {
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
        given["checksum"] === "none" ? [{ code: "SAMPLE_REFUSED", message: "no", hint: "give another" }] : [],
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
