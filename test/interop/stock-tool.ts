import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export type StockTool = { readonly name: string; readonly program: string; readonly missing?: string };

const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const list = join(cache, "packrun-interop/tools.tsv");

/** A tool that `scripts/interop-tools` installed; `missing` says why it could not. */
export function stockTool(name: string): StockTool {
  const lines = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  const [, version = "", program = "", reason = ""] =
    lines.map((line) => line.split("\t")).find(([named]) => named === name) ?? [];
  const missing = program === "" ? `${name} ${version}: ${reason || "scripts/interop-tools was not run"}` : undefined;
  return { name, program, ...(missing === undefined ? {} : { missing }) };
}

/** The option of a test that needs this tool: where it is missing, its name and why stand in the place of the result. */
export function needs({ missing }: StockTool): { readonly skip: string | false } {
  return { skip: missing ?? false };
}
