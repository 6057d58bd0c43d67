import { encodeUtf8 } from "#canon/utf8.ts";

/** File systems in use take at most 255 bytes for one name. */
const MAX_BYTES = 255;

/**
 * Whether a text may name a staged bundle: one path part, nothing that a terminal or a shell glob would misread, and
 * not the name of the metadata beside it (in any case, for file systems that fold it).
 */
export function isSafeFilename(name: string): boolean {
  return (
    name !== "" &&
    name.isWellFormed() &&
    !/[/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name) &&
    !name.startsWith(".") &&
    !name.startsWith("-") &&
    name.toLowerCase() !== "metadata.json" &&
    encodeUtf8(name).length <= MAX_BYTES
  );
}
