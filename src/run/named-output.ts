import type { Json } from "#canon/json.ts";
import { isCel } from "#plan/plan.ts";

/** One output of one step: `step` is its instance. There may be no such step: an expression can name anything. */
export type OutputName = { readonly step: string; readonly name: string };

const ONE_OUTPUT =
  /^steps(?:\.(?<plain>[A-Za-z_][A-Za-z0-9_]*)|\["(?<quoted>[^"\\]*)"\])\.outputs(?:\.(?<name>[A-Za-z_][A-Za-z0-9_]*)|\["(?<key>[^"\\]*)"\])$/;

/** What an output of the pack is taken from, when its expression does nothing but name it. */
export function namedOutput(from: Json): OutputName | undefined {
  const [part] = isCel(from) && from.$cel.length === 1 ? from.$cel : [];
  const { plain, quoted, name, key } = (typeof part === "object" && ONE_OUTPUT.exec(part.expr)?.groups) || {};
  const step = plain ?? quoted;
  const output = name ?? key;
  return step === undefined || output === undefined ? undefined : { step, name: output };
}
