import { join } from "node:path";
import { build } from "esbuild";

const HEAD = `#!/usr/bin/env node
// packrun's offline verifier: one file, no dependencies, Node.js 20 or later, no network, nothing written.
// Made from src/verify by scripts/verifier-file.ts; the same code as packrun verify. Apache-2.0.
`;

/**
 * The single-file verifier, as it stands in `scripts/packs/verify_offline_bundle.mjs`: the same bytes from the same
 * sources, in every folder and on every machine.
 */
export async function verifierFile(root: string): Promise<{ readonly path: string; readonly text: string }> {
  const { outputFiles } = await build({
    entryPoints: ["scripts/verifier-main.ts"],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@packrun/source"],
    charset: "utf8",
    legalComments: "inline",
    logLevel: "silent",
    metafile: false,
    treeShaking: true,
    ignoreAnnotations: false,
    outfile: join(root, "verify_offline_bundle.mjs"),
  });
  const [file] = outputFiles;
  if (file === undefined) {
    throw new Error("esbuild made no file");
  }
  return { path: "scripts/packs/verify_offline_bundle.mjs", text: HEAD + file.text };
}
