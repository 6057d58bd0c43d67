import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];
process.once("exit", () => {
  for (const folder of made) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** A fresh folder outside the checkout, which goes when this process ends. */
export function passingFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `packrun-${name}-`));
  made.push(folder);
  return folder;
}
