import type { Json } from "#canon/json.ts";
import { isCel } from "#plan/plan.ts";

/** One output of one step that stands in no map: `step` is its instance. */
export type OutputName = { readonly step: string; readonly name: string };

const ONE_OUTPUT =
  /^steps(?:\.(?<plain>[A-Za-z0-9_]+)|\["(?<quoted>[A-Za-z0-9_-]+)"\])\.outputs(?:\.(?<name>[A-Za-z0-9_]+)|\["(?<key>[A-Za-z0-9_]+)"\])$/;

/** What an output of the pack is taken from, when its expression does nothing but name it. */
export function namedOutput(from: Json): OutputName | undefined {
  const [part] = isCel(from) && from.$cel.length === 1 ? from.$cel : [];
  const { plain, quoted, name, key } = (typeof part === "object" && ONE_OUTPUT.exec(part.expr)?.groups) || {};
  const step = plain ?? quoted;
  const output = name ?? key;
  return step === undefined || output === undefined ? undefined : { step, name: output };
}
