import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder; `t` removes it when the test ends. */
export function folder(t: { readonly teardown: (work: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), "packrun-keys-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
