import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { record } from "./pictures/record.ts";
import { Screen } from "./pictures/screen.ts";
import { terminalSvg } from "./pictures/terminal-svg.ts";

// Writes docs/pictures/ from real runs, in terminals of their own. What differs from run to run (ids, folders, times) is
// masked. Which of two steps ends first still differs, so nothing holds the pictures to their runs:
// whoever changes what a terminal shows runs this by hand.

const root = process.cwd();
const COLUMNS = 96;
/** A short path: long ones would break lines. */
const place = mkdtempSync("/tmp/packrun-pictures-");

const env = {
  PATH: `${join(place, "bin")}:/usr/local/bin:/usr/bin:/bin`,
  HOME: place,
  TERM: "xterm-256color",
  LANG: "C.UTF-8",
  XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? "",
};

const RUN_ID = /01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** At the end of a line: elsewhere it is part of a text. */
// oxlint-disable-next-line no-control-regex -- terminals are spoken to in control characters
const DURATION = /\b\d+(?:\.\d+)?m?s(?=(?:\u001b\[\d*[A-Za-z])*\r?(?:\n|$))/g;
const TIMESTAMP = /\b20\d\d-\d\d-\d\dT[\d:.]+Z/g;

/** The same for every run. */
function masked(text: string): string {
  return text
    .replaceAll(place, "~")
    .replaceAll(RUN_ID, "01a1fe40-4dbb-755c-8c44-ec94e01c3877")
    .replaceAll(TIMESTAMP, "2026-01-05T16:00:00.000Z")
    .replaceAll(DURATION, "…s")
    .replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, "⠹");
}

async function picture(
  name: string,
  commandLine: string,
  options: { readonly cwd: string; readonly until?: RegExp },
): Promise<void> {
  const written = await record(commandLine, { ...options, columns: COLUMNS, env });
  const screen = new Screen(COLUMNS);
  screen.write(`\u001b[2m$\u001b[22m \u001b[1m${commandLine}\u001b[22m\r\n${masked(written)}`);
  const path = join(root, "docs/pictures", `${name}.svg`);
  writeFileSync(path, terminalSvg(screen.lines(), COLUMNS, commandLine));
  console.error(`wrote docs/pictures/${name}.svg`);
}

const BROKEN = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: { name: acme/deploy, version: 1.0.0 }
spec:
  sandbox: { mode: sealed, egressAllowlist: [], limits: { cpus: 1, memory: 256Mi } }
  steps:
    - id: build
      run: { comand: [make, release] }
      timeout: 5 minutes
`;

try {
  mkdirSync(join(place, "bin"));
  mkdirSync(join(root, "docs/pictures"), { recursive: true });
  symlinkSync(join(root, "packrun"), join(place, "bin/packrun"));
  cpSync(join(root, "packs/quickstart"), join(place, "quickstart"), { recursive: true });
  mkdirSync(join(place, "deploy"));
  writeFileSync(join(place, "deploy/pack.yaml"), BROKEN);
  await picture("lint", "packrun lint deploy", { cwd: place });
  // The first run says that it makes keys; the others do not.
  await picture("run", "packrun run quickstart -o out --max-parallel 1", { cwd: place });
  await record("packrun init demo --template release", { cwd: place, columns: COLUMNS, env });
  await picture("approval", "packrun run demo", { cwd: place, until: /signoff waits for approval[^\n]*\n/ });
} finally {
  rmSync(place, { recursive: true, force: true });
}
