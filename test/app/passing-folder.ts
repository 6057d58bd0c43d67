import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];
process.once("exit", () => {
  for (const folder of made) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** Where a host keeps files in memory, if it does: thousands of small ones are made and removed there in no time. */
const MEMORY = "/dev/shm";
const base = isWritable(MEMORY) ? MEMORY : tmpdir();

/** A fresh folder outside the checkout, which goes when this process ends. */
export function passingFolder(name: string): string {
  const folder = mkdtempSync(join(base, `packrun-${name}-`));
  made.push(folder);
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
