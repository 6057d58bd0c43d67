import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { openApiText } from "../src/api/openapi.ts";
import { routeTable } from "../src/api/route-table.ts";
import { codesFile, readCodeTables } from "./code-tables.ts";
import { schemaFiles } from "./schema-files.ts";
import { verifierFile } from "./verifier-file.ts";

/** Writes every file that is made from the sources; with `--check` it only names those that are out of date. */
const check = process.argv.includes("--check");
const root = process.cwd();
const files = [
  { path: "schemas/codes.json", text: codesFile(await readCodeTables(root)) },
  ...schemaFiles(),
  { path: "schemas/openapi.json", text: openApiText(routeTable) },
  await verifierFile(root),
];

const stale = files.filter(({ path, text }) => currentText(path) !== text);
for (const { path, text } of stale) {
  if (check) {
    console.error(`${path} is out of date: npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
    console.error(`wrote ${path}`);
  }
}

function currentText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
