import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder that is removed when its owner is done. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "packrun-bench-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const HEAD = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: bench/pack, version: 1.0.0}
spec:
  inputs:
    channel: {type: string, default: beta}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 2, memory: 256Mi}}
`;

/**
 * A pack of steps as people write them: commands, expressions over inputs and earlier outputs, retries. Another `name`
 * makes other expressions, so that nothing that was read before is remembered.
 */
export function writtenPack(steps: number, name: string): string {
  const lines = [HEAD, "  steps:\n"];
  for (let at = 0; at < steps; at += 1) {
    lines.push(`    - id: ${name}${at}\n      title: Step number ${at}\n`);
    lines.push(`      run: {command: [echo, "\${{ inputs.channel }}", "${at}"]}\n`);
    lines.push(`      env: {CHANNEL: "\${{ inputs.channel }}", NUMBER: "${at}"}\n`);
    lines.push("      outputs: {count: {type: integer}}\n      retry: {maxAttempts: 2}\n");
    if (at > 0) {
      lines.push(`      when: "\${{ steps.${name}${at - 1}.outputs.count < 10 }}"\n`);
    }
  }
  return lines.join("");
}

/** Independent sealed `true` steps. */
export function truePack(steps: number): string {
  const lines = [HEAD, "  steps:\n    - id: all\n      parallel:\n        steps:\n"];
  for (let at = 0; at < steps; at += 1) {
    lines.push(`          - {id: t${at}, run: {command: ["true"]}}\n`);
  }
  return lines.join("");
}

/** Steps that each leave one large file. */
export function filePack(files: number, mebibytes: number): string {
  const limits = `{mode: sealed, egressAllowlist: [], limits: {cpus: 2, memory: 256Mi, artifacts: 4Gi}}`;
  const lines = [HEAD.replace(/\{mode: sealed.*\}\}/, limits), "  steps:\n"];
  for (let at = 0; at < files; at += 1) {
    lines.push(`    - id: f${at}\n      run: {script: "head -c ${mebibytes}M /dev/urandom > out.bin\\n"}\n`);
    lines.push("      outputs: {file: {file: out.bin}}\n");
  }
  return lines.join("");
}

/** Writes a pack folder below `folder`; its path. */
export function writePack(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "pack.yaml"), text);
  return path;
}

/** One step that prints lines of a thousand characters. */
export function printingPack(mebibytes: number): string {
  const limits = `{mode: sealed, egressAllowlist: [], limits: {cpus: 2, memory: 256Mi, log: 2Gi}}`;
  const script = `yes \\"$(printf %0999d 0)\\" | head -c ${mebibytes}M\\n`;
  const step = `    - id: print\n      timeout: 30m\n      run: {script: "${script}"}\n`;
  return `${HEAD.replace(/\{mode: sealed.*\}\}/, limits)}  steps:\n${step}`;
}
