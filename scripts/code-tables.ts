import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CodeEntry, CodeTable } from "../src/fault/code-table.ts";

/** One room's table and where it stands. */
export type PlacedTable = { readonly path: string; readonly name: string; readonly table: CodeTable };

/** Every table in the rooms: what a file named `codes.ts` or `<noun>-codes.ts` exports under a name in `…Codes`. */
export async function readCodeTables(root: string): Promise<readonly PlacedTable[]> {
  const found: PlacedTable[] = [];
  for (const path of globSync("src/**/{codes,*-codes}.ts", { cwd: root }).toSorted()) {
    const module = (await import(pathToFileURL(join(root, path)).href)) as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(module).toSorted()) {
      const value = module[name];
      if (name.endsWith("Codes") && isCodeTable(value)) {
        found.push({ path, name, table: value });
      }
    }
  }
  return found;
}

/** Codes with two different entries, with their places. A table may be laid out over several files of its room. */
export function codesTwice(tables: readonly PlacedTable[]): readonly string[] {
  const places = new Map<string, Map<CodeEntry, string>>();
  for (const { path, name, table } of tables) {
    for (const [code, entry] of Object.entries(table)) {
      const at = places.get(code) ?? new Map<CodeEntry, string>();
      places.set(code, at.has(entry) ? at : at.set(entry, `${path} (${name})`));
    }
  }
  return [...places]
    .filter(([, at]) => at.size > 1)
    .map(([code, at]) => `${code} stands in ${[...at.values()].join(" and ")}`);
}

/** The text of `schemas/codes.json`: an object by code, sorted, explanations as Markdown. Throws on a code in two tables. */
export function codesFile(tables: readonly PlacedTable[]): string {
  const twice = codesTwice(tables);
  if (twice.length > 0) {
    throw new Error(twice.join("\n"));
  }
  const codes = tables
    .flatMap(({ table }) => Object.entries(table))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => [code, { ...entry, explanation: explanationPage(entry) }] as const);
  return `${JSON.stringify(Object.fromEntries(codes), null, 2)}\n`;
}

function explanationPage({ explanation: { cause, example, fix } }: CodeEntry): string {
  const fence = example.includes("```") ? "````" : "```";
  return `## Cause\n\n${cause}\n\n## Example\n\n${fence}text\n${example}\n${fence}\n\n## Fix\n\n${fix}\n`;
}

/** Told from other exports by its first entry: tables are data and have no mark of their own. */
function isCodeTable(value: unknown): value is CodeTable {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const [first] = Object.values(value) as readonly unknown[];
  return typeof first === "object" && first !== null && "exitCode" in first && "explanation" in first;
}
