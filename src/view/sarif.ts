import type { Diagnostic } from "#fault/diagnostic.ts";
import type { Range } from "#fault/place.ts";

/** What a rule of the log says about its code. */
export type SarifRule = { readonly message: string; readonly hint: string; readonly explanation: string };

const LEVELS = { error: "error", warning: "warning", info: "note" } as const;

/**
 * Findings as one SARIF 2.1.0 log (OASIS, sarif-v2.1.0-os) with one run, as code scanning services read it. `codes` must
 * know every code; `version` is packrun's. Columns count UTF-16 code units, as places of diagnostics do.
 */
export function sarifLog(
  found: readonly Diagnostic[],
  codes: Readonly<Record<string, SarifRule>>,
  version: string,
): object {
  const ids = [...new Set(found.map(({ code }) => code))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "packrun", semanticVersion: version, rules: ids.map((id) => ruleOf(id, codes[id])) } },
        columnKind: "utf16CodeUnits",
        results: found.map((diagnostic) => resultOf(diagnostic, ids.indexOf(diagnostic.code))),
      },
    ],
  };
}

function ruleOf(id: string, rule: SarifRule | undefined): object {
  return rule === undefined
    ? { id }
    : {
        id,
        shortDescription: { text: rule.message },
        help: { text: rule.hint, markdown: rule.explanation },
      };
}

function resultOf(diagnostic: Diagnostic, ruleIndex: number): object {
  const { code, severity, message, hint, file, range, related = [] } = diagnostic;
  const text = hint === undefined ? message : `${message} (${hint})`;
  const places = related.map((each) => ({
    ...locationOf(each.file, each.range),
    message: { text: each.message },
  }));
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[severity],
    message: { text },
    locations: [locationOf(file, range)],
    ...(places.length === 0 ? {} : { relatedLocations: places }),
    ...fixesOf(diagnostic),
  };
}

function fixesOf({ file, range, fix, hint }: Diagnostic): object {
  if (range === undefined || fix === undefined) {
    return {};
  }
  const replacements = [{ deletedRegion: regionOf(range), insertedContent: { text: fix } }];
  const artifactChanges = [{ artifactLocation: { uri: uriOf(file) }, replacements }];
  return { fixes: [{ ...(hint === undefined ? {} : { description: { text: hint } }), artifactChanges }] };
}

function locationOf(file: string, range: Range | undefined): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(file) },
      ...(range === undefined ? {} : { region: regionOf(range) }),
    },
  };
}

/** A path relative to where the command ran stays so: then a log fits every checkout. */
function uriOf(path: string): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${encoded}` : encoded;
}

function regionOf({ start, end }: Range): object {
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}
