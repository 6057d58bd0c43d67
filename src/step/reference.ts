import { digest, either, integer, literal, object, string, type Shape } from "#canon/shape.ts";
import { isJsonObject } from "#canon/json.ts";

/** What an expression gives for a file input or a file output; the bytes are in the artifact store. */
export const fileReferenceShape = object(
  { type: literal("file"), digest: digest(), size: integer({ min: 0 }) },
  { name: string(), path: string(), mediaType: string() },
);

/** What an expression gives for a directory; its tree listing stands in the artifact store under this digest. */
export const directoryReferenceShape = object(
  { type: literal("directory"), digest: digest() },
  { name: string(), path: string() },
);

const packPath = string({
  pattern: /^(?:\.\/)?(?!\/)(?!(?:.*\/)?\.\.(?:\/|$)).+$/,
  expected: "a path in the pack, without ..",
});

/** A reference, or a path in the pack. */
export function referenceOrPath<T>(reference: Shape<T>): Shape<T | string> {
  return either([reference, packPath], (value) => (isJsonObject(value) ? reference : packPath));
}

/** A path in the pack as the pack manifest writes it: `./tools/` is `tools`, `.` is empty. */
export function manifestPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "." && part !== "")
    .join("/");
}
