import { fileURLToPath } from "node:url";

/** The built command line, on the Node that runs the benchmarks. `npm run bench` builds it first. */
export const cliProgram: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)),
];

export const verifierProgram: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../scripts/packs/verify_offline_bundle.mjs", import.meta.url)),
];
