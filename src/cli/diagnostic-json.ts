import type { Diagnostic } from "#fault/diagnostic.ts";

/** A finding as JSON answers have it: `related` is always there, so that whoever reads it asks nothing of it first. */
export type DiagnosticJson = Diagnostic & Required<Pick<Diagnostic, "related">>;

export function diagnosticJson(found: Diagnostic): DiagnosticJson {
  return { ...found, related: found.related ?? [] };
}
