import type { PathPart } from "#canon/shape.ts";
import { diagnosticOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { FaultData } from "#fault/fault.ts";
import { packCodes, type PackCode } from "./codes.ts";
import { nearNames } from "#fault/did-you-mean.ts";
import type { Doubts, GrowingDoubts } from "./doubts.ts";
import type { PackSource } from "./pack-source.ts";

type Place = {
  readonly path: readonly PathPart[];
  readonly part: "key" | "value";
  /** The stretch of a text that is meant, by its characters. */
  readonly span?: { readonly start: number; readonly end: number };
};

/** Given what stands in its place in the text. */
type Mend = (found: string) => string;
type More = {
  readonly hint?: string | Mend | undefined;
  /** What mends it. */
  readonly fix?: Mend | undefined;
  readonly related?: { readonly message: string; readonly at: Place };
  /** What is in doubt for it, where that is not what stands at its place. */
  readonly doubt?: readonly PathPart[];
};

/** Collects what the checks of a pack find. */
export type Findings = {
  readonly add: (code: PackCode, data: FaultData, at: Place, more?: More) => void;
  /** `did you mean "x"?` when something known is near, and "x" as the mend when nothing else is. */
  readonly didYouMean: (name: string, known: ReadonlySet<string> | readonly string[]) => Pick<More, "hint" | "fix">;
  /** What the findings so far leave unknown. */
  readonly doubts: Doubts;
  /** Something that they leave unknown beside what stands at their places. */
  readonly doubt: (path: readonly PathPart[]) => void;
  readonly all: () => readonly Diagnostic[];
};

/** Findings about names that are certainly not declared: what bears them is not there unseen. */
const REFERRING: ReadonlySet<PackCode> = new Set([
  "PACK_FILE_MISSING",
  "PACK_ID_UNKNOWN",
  "PACK_NEEDS_CYCLE",
  "PACK_NEEDS_UNKNOWN",
  "SECRET_UNDECLARED",
]);

/**
 * Comparisons of names that all hints of one pack may cost together: enough for every finding that a person would
 * read, and a bound on what a text made of nothing but unknown names can cost.
 */
const COMPARISONS = 200_000;

/** `earlier` are the reader's own findings: nothing more is said about a place that has one. */
export function collectFindings(source: PackSource, earlier: readonly Diagnostic[], doubts: GrowingDoubts): Findings {
  const found: Diagnostic[] = [...earlier];
  const taken = new Set(earlier.map(({ range }) => placeKey(range)));
  const spans = new Set<string>();
  let comparisons = 0;
  return {
    doubts,
    doubt: doubts.doubt,
    add: (code, data, at, more = {}) => {
      // A PLAN_ code is about something that is right in itself, and stands where it must not.
      if (!code.startsWith("PLAN_")) {
        doubts.doubt(more.doubt ?? at.path, !REFERRING.has(code));
      }
      const { path, part, span } = at;
      const range = span === undefined ? source.range(path, part) : source.offsetRange(path, span.start, span.end);
      // Where a stretch of a text has no place of its own, all of them are at that of the text: said once.
      const key = `${code} ${placeKey(range)}`;
      if (taken.has(placeKey(range)) || (span !== undefined && spans.has(key))) {
        return;
      }
      if (span !== undefined) {
        spans.add(key);
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
