import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { etcFiles } from "../src/sandbox/root/inside.ts";
import { bestForm } from "../src/sandbox/root/sandbox-form.ts";
import { sealedRoot } from "../src/sandbox/root/sealed-root.ts";
import { stepVector } from "../src/sandbox/root/step-vector.ts";

const STEP_UID = 64_000;

/** What makes a peer run as steps do: their user, where the runner is root. */
export const stepUser: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: STEP_UID, gid: STEP_UID } : {};

/** A folder with all that the sandbox's own bwrap vector binds, and that vector around `true`. */
export function peerVector(): { readonly folder: string; readonly argv: readonly string[] } & Disposable {
  const folder = mkdtempSync("/var/tmp/packrun-bench-");
  chmodSync(folder, 0o711);
  return { folder, argv: vectorIn(folder), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function vectorIn(folder: string): readonly string[] {
  const at = (name: string): string => join(folder, name);
  for (const name of ["etc", "work", "pack"]) {
    mkdirSync(at(name));
  }
  for (const [name, text] of Object.entries(etcFiles)) {
    writeFileSync(join(at("etc"), name), text);
  }
  writeFileSync(at("output.json"), "");
  if (stepUser.uid !== undefined) {
    chownSync(at("work"), STEP_UID, STEP_UID);
    chownSync(at("output.json"), STEP_UID, STEP_UID);
  }
  const asked = { masks: [], mounts: [], etcFolder: at("etc"), emptyFile: "", seccompFile: "" };
  const root = sealedRoot(asked);
  if (!root.ok) {
    throw new Error(root.fault.message);
  }
  const vector = stepVector({
    root: root.value,
    form: bestForm,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8", TZ: "UTC" },
    workFolder: at("work"),
    outputFile: at("output.json"),
    packFolder: at("pack"),
    initFile: "/usr/bin/true",
    mounts: [],
    secretFiles: [],
    secretFd: 6,
    memoryBytes: 256 * 1024 * 1024,
  });
  return [...vector, "--", "true"];
}
