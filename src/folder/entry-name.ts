import { decodeUtf8 } from "#canon/utf8.ts";

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
  if (/\p{Cc}/u.test(name)) {
    const shown = name.replaceAll(/\p{Cc}/gu, "?");
    return { ok: false, shown, problem: "its name holds a control character" };
  }
  return { ok: true, name };
}

/**
 * Finds names of one folder that some file systems take for the same: `add` returns what is wrong with a name beside
 * those that were added before it.
 */
export class Siblings {
  readonly #byNormal = new Map<string, string>();
  readonly #byCase = new Map<string, string>();

  add(name: string): string | undefined {
    const normal = name.normalize("NFC");
    // Upper case first joins letters with more than one small form (ſ and s, ς and σ).
    const folded = normal.toUpperCase().toLowerCase();
    const sameNormal = this.#byNormal.get(normal);
    const sameCase = this.#byCase.get(folded);
    this.#byNormal.set(normal, name);
    this.#byCase.set(folded, name);
    if (sameNormal !== undefined) {
      return "its name differs from another one only in Unicode normalisation (NFC and NFD)";
    }
    return sameCase === undefined ? undefined : `its name differs from "${sameCase}" only in case`;
  }
}
