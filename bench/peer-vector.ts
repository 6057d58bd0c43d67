import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InitFiles } from "../src/sandbox/init/init-files.ts";
import { etcFiles, inside } from "../src/sandbox/root/inside.ts";
import { bestForm } from "../src/sandbox/root/sandbox-form.ts";
import { isFilteredMachine, seccompFilter } from "../src/sandbox/root/seccomp-filter.ts";
import { sealedRoot } from "../src/sandbox/root/sealed-root.ts";
import { stepVector } from "../src/sandbox/root/step-vector.ts";

const STEP_UID = 64_000;

/** What makes a peer run as steps do: their user, where the runner is root. */
export const stepUser: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: STEP_UID, gid: STEP_UID } : {};

export type PeerVector = {
  readonly folder: string;
  readonly argv: readonly string[];
  /** What bubblewrap and the init find open, by descriptor: the filter, a place for the status, the token. */
  readonly files: Readonly<Record<4 | 5 | 6, string>>;
};

/** The sandbox's own bwrap vector around `true`, from its filter to its init, and a folder with all that it binds. */
export function peerVector(): PeerVector & Disposable {
  const folder = mkdtempSync("/var/tmp/packrun-bench-");
  chmodSync(folder, 0o711);
  return { ...vectorIn(folder), [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function vectorIn(folder: string): PeerVector {
  const machine = process.arch;
  if (!isFilteredMachine(machine)) {
    throw new Error(`steps do not run on ${machine}`);
  }
  const at = (name: string): string => join(folder, name);
  for (const name of ["etc", "work", "pack"]) {
    mkdirSync(at(name));
  }
  for (const [name, text] of Object.entries(etcFiles)) {
    writeFileSync(join(at("etc"), name), text);
  }
  writeFileSync(at("output.json"), "");
  writeFileSync(at("seccomp"), seccompFilter(machine, "sealed"));
  writeFileSync(at("token"), "\n");
  if (stepUser.uid !== undefined) {
    chownSync(at("work"), STEP_UID, STEP_UID);
    chownSync(at("output.json"), STEP_UID, STEP_UID);
  }
  const seccompFile = at("seccomp");
  const root = sealedRoot({ masks: [], mounts: [], etcFolder: at("etc"), emptyFile: "", seccompFile });
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
    initFile: new InitFiles(folder, machine).fileFor({ listen: false }),
    mounts: [],
    secretFiles: [],
    secretFd: 7,
    memoryBytes: 256 * 1024 * 1024,
  });
  const channels = ["--seccomp", "4", "--json-status-fd", "5"];
  const argv = [...vector, ...channels, "--", inside.init, "/usr/bin/true", "true"];
  return { folder, argv, files: { 4: seccompFile, 5: "/dev/null", 6: at("token") } };
}
