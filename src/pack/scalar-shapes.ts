import { parseByteSize } from "#canon/byte-size.ts";
import { parseDuration } from "#canon/duration.ts";
import { either, guarded, integer, string, type Shape } from "#canon/shape.ts";
import { isWholeExpression } from "./expression-text.ts";
import { ID, ID_WORDS, NAME, NAME_WORDS } from "./names.ts";

/** `90s`, `1h30m`, `250ms`; longer than nothing. */
export const duration: Shape<string> = guarded(
  "a duration such as 90s or 1h30m",
  "^(?:[0-9]+(?:ms|s|m|h|d))+$",
  (value): value is string => typeof value === "string" && (parseDuration(value) ?? 0) > 0,
);

/** A duration that may be `0s`. */
export const delay: Shape<string> = guarded(
  "a duration such as 500ms or 30s",
  "^(?:[0-9]+(?:ms|s|m|h|d))+$",
  (value): value is string => typeof value === "string" && parseDuration(value) !== undefined,
);

const sizeText: Shape<string> = guarded(
  "a size such as 512Mi, 1G or a number of bytes",
  "^[0-9]+(?:Ti|Gi|Mi|Ki|T|G|M|k)?$",
  (value): value is string => typeof value === "string" && (parseByteSize(value) ?? 0) > 0,
);
const sizeNumber = integer({ min: 1 });

/** `512Mi`, `1G`, or a number of bytes; at least one byte. */
export const size: Shape<string | number> = either([sizeText, sizeNumber], (value) =>
  typeof value === "number" ? sizeNumber : sizeText,
);

/** One `${{ … }}` and nothing else. */
export const expression: Shape<string> = guarded(
  "one whole ${{ … }} and nothing around it",
  "^\\$\\{\\{[\\s\\S]*\\}\\}$",
  (value): value is string => typeof value === "string" && isWholeExpression(value),
);

/** A string in which `${{ … }}` may stand. */
export const text: Shape<string> = string();
export const nonEmpty: Shape<string> = string({ min: 1, expected: "a string that is not empty" });
export const name: Shape<string> = string({ pattern: NAME, expected: NAME_WORDS });
export const id: Shape<string> = string({ pattern: ID, expected: ID_WORDS });

/** A relative path that stays inside its folder, with `/`; a `./` before it is allowed. */
export const innerPath: Shape<string> = guarded(
  "a relative path inside the folder, with / and without ..",
  "^(?!/)[^\\\\]+$",
  (value): value is string => typeof value === "string" && packPath(value) !== undefined,
);

/** The path without `./`; undefined when it is absolute, leaves its folder or is written in a roundabout way. */
export function packPath(path: string): string | undefined {
  const inner = path.startsWith("./") ? path.slice(2) : path;
  const isInner =
    !/[\0\\]/.test(inner) && inner.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  return isInner ? inner : undefined;
}
