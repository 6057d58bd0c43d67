import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** Of the system, for a test file system; nothing that the package depends on. */
const programs = { mount: "mount", unmount: "umount" };

/** A file system of its own of this many bytes, or undefined for a user who may not mount one. */
export function smallMedium(t: Test, bytes: number): string | undefined {
  const medium = mkdtempSync(join(tmpdir(), "packrun-medium-"));
  try {
    execFileSync(programs.mount, ["-t", "tmpfs", "-o", `size=${bytes}`, "packrun-test", medium], { stdio: "ignore" });
  } catch {
    rmdirSync(medium);
    return undefined;
  }
  t.teardown(() => {
    execFileSync(programs.unmount, ["-l", medium]);
    rmdirSync(medium);
  });
  return medium;
}

/** Writes a file that leaves no room for anything else. */
export function fill(path: string): void {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) {
      writeFileSync(path, chunk, { flag: "a" });
    }
  } catch {
    // Full.
  }
}
