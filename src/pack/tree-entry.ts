/** Longest target that Linux takes, in code units; a longer one can only be an attack. */
const MAX_TARGET = 4096;

/**
 * Why a name may stand in no tree (of a pack, an input or an output): it would end a line, change the direction of the
 * text around it, or steer a terminal, wherever it is shown.
 */
export function nameProblem(name: string): string | undefined {
  if (/\p{Cc}/u.test(name)) {
    return "its name holds a control character";
  }
  return /[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u.test(name)
    ? "its name holds a character that breaks lines or turns the direction of text"
    : undefined;
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

/**
 * Why a symbolic link at `path` (relative to its tree) may not be taken; undefined when it stays inside. Only leading
 * `..` are accepted: those climb real folders, while one behind a name could climb out of where another link leads.
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target === "" || target.length > MAX_TARGET || nameProblem(target) !== undefined) {
    return "it is a link whose target is no portable name";
  }
  if (target.startsWith("/")) {
    return "it is a link with an absolute target";
  }
  const parts = target.split("/").filter((part) => part !== "." && part !== "");
  const named = parts.findIndex((part) => part !== "..");
  const up = named === -1 ? parts.length : named;
  if (parts.slice(up).includes("..")) {
    return "it is a link with a roundabout target";
  }
  return up > path.split("/").length - 1 ? "it is a link that leaves the folder" : undefined;
}
