import { decodeUtf8 } from "#canon/utf8.ts";
import { nameProblem } from "#pack/tree-entry.ts";

export type NameCheck =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly shown: string; readonly problem: string };

/** The name that a directory entry's bytes spell; refused when other systems or a terminal would read another. */
export function checkName(bytes: Buffer): NameCheck {
  const name = decodeUtf8(bytes);
  if (name === undefined) {
    return {
      ok: false,
      shown: bytes.toString("latin1").replaceAll(/[^\x20-\x7e]/g, "?"),
      problem: "its name is not valid UTF-8",
    };
  }
  const problem = nameProblem(name);
  return problem === undefined
    ? { ok: true, name }
    : { ok: false, shown: name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?"), problem };
}
