import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import type { OutputRule } from "#plan/plan.ts";

/** Schemas of outputs that stand in files of one pack, each read once. */
export class OutputSchemas {
  readonly #read = new Map<string, Json | undefined>();

  /**
   * The outputs, each with its schema in place. `packFolder` is the laid out copy, whose files were held to the plan; what
   * is no JSON there was refused when the plan was made, and stays a path.
   */
  async inPlace(
    outputs: Readonly<Record<string, OutputRule>>,
    packFolder: string,
  ): Promise<Readonly<Record<string, OutputRule>>> {
    const placed: Record<string, OutputRule> = {};
    for (const [name, rule] of Object.entries(outputs)) {
      const path = "type" in rule && typeof rule.schema === "string" ? rule.schema : undefined;
      const schema = path === undefined ? undefined : await this.#schema(path, packFolder);
      placed[name] = schema === undefined || !("type" in rule) ? rule : { ...rule, schema };
    }
    return placed;
  }

  async #schema(path: string, packFolder: string): Promise<Json | undefined> {
    if (!this.#read.has(path)) {
      const read = readJson(await readFile(join(packFolder, path)), path);
      this.#read.set(path, read.ok ? (read.value as Json) : undefined);
    }
    return this.#read.get(path);
  }
}
