import type { PathPart } from "#canon/shape.ts";
import { diagnosticOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { FaultData } from "#fault/fault.ts";
import { packCodes, type PackCode } from "./codes.ts";
import { nearNames } from "#fault/did-you-mean.ts";
import type { PackSource } from "./pack-source.ts";

type Place = { readonly path: readonly PathPart[]; readonly part: "key" | "value" };

/** Given what stands in its place in the text. */
type Mend = (found: string) => string;
type More = {
  readonly hint?: string | Mend | undefined;
  /** What mends it. */
  readonly fix?: Mend | undefined;
  readonly related?: { readonly message: string; readonly at: Place };
};

/** Collects what the checks of a pack find. */
export type Findings = {
  readonly add: (code: PackCode, data: FaultData, at: Place, more?: More) => void;
  /** `did you mean "x"?` when something known is near, and "x" as the mend when nothing else is. */
  readonly didYouMean: (name: string, known: ReadonlySet<string> | readonly string[]) => Pick<More, "hint" | "fix">;
  readonly all: () => readonly Diagnostic[];
};

/**
 * Comparisons of names that all hints of one pack may cost together: enough for every finding that a person would
 * read, and a bound on what a text made of nothing but unknown names can cost.
 */
const COMPARISONS = 200_000;

/** `earlier` are the reader's own findings: nothing more is said about a place that has one. */
export function collectFindings(source: PackSource, earlier: readonly Diagnostic[]): Findings {
  const found: Diagnostic[] = [...earlier];
  const taken = new Set(earlier.map(({ range }) => placeKey(range)));
  let comparisons = 0;
  return {
    add: (code, data, at, more = {}) => {
      const range = source.range(at.path, at.part);
      if (taken.has(placeKey(range))) {
        return;
      }
      const { hint, fix, related } = more;
      const made = diagnosticOf(packCodes, code, data, {
        file: source.file,
        range,
        ...(hint === undefined ? {} : { hint: typeof hint === "string" ? hint : hint(source.textAt(range)) }),
        ...(fix === undefined ? {} : { fix: fix(source.textAt(range)) }),
      });
      found.push(
        related === undefined
          ? made
          : {
              ...made,
              related: [
                {
                  message: related.message,
                  file: source.file,
                  range: source.range(related.at.path, related.at.part),
                },
              ],
            },
      );
    },
    didYouMean: (name, known) => {
      comparisons += known instanceof Set ? known.size : (known as readonly string[]).length;
      const near = comparisons > COMPARISONS ? [] : nearNames(name, known);
      const [nearest] = near;
      return nearest === undefined
        ? {}
        : { hint: `did you mean "${nearest}"?`, fix: near.length === 1 ? () => nearest : undefined };
    },
    all: () => found,
  };
}

function placeKey(range: Diagnostic["range"]): string {
  return range === undefined ? "" : `${range.start.line}:${range.start.column}`;
}
