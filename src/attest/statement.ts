import { array, literal, object, string, type Shape } from "#canon/shape.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf, type Digest } from "#canon/digest.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
/** The version before, of the same members, which `cosign attest-blob --predicate` still writes. */
export const OLDER_STATEMENT_TYPE = "https://in-toto.io/Statement/v0.1";
/** The first part of every predicate type of packrun. */
export const PREDICATE_BASE = "https://packrun.dev/attestations/";
/** cosign takes no statement with more. */
export const MAX_SUBJECTS = 1024;

/** One kind of statement: its predicate type, the closed shape of its predicate, and how many subjects it may name. */
export type Predicate<P> = {
  readonly type: string;
  readonly shape: Shape<P>;
  readonly maxSubjects: number;
  /** Whether a statement of the older version counts, too. It need not be canonical: nobody writes it so. */
  readonly takesOlder?: true;
};

export type Subject = { readonly name: string; readonly digest: { readonly sha256: string } };

/** An in-toto Statement v1 (in-toto attestation framework, spec/v1/statement.md). `subject[0]` is the signed file. */
export type Statement<P> = {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: P;
};

/** The whole statement with this predicate, closed at every level. */
export function statementShape<P>(predicate: Predicate<P>): Shape<Statement<P>> {
  const hex = string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" });
  const subject = object({ name: string({ min: 1 }), digest: object({ sha256: hex }) });
  return object({
    _type: literal(STATEMENT_TYPE),
    subject: array(subject, { min: 1, max: predicate.maxSubjects }),
    predicateType: literal(predicate.type),
    predicate: predicate.shape,
  });
}

/** The payload bytes of a statement (JCS) about these files; the first is the one that the sidecar stands beside. */
export function statementBytes<P>(
  predicate: Predicate<P>,
  subjects: readonly { readonly name: string; readonly digest: Digest }[],
  value: P,
): Uint8Array {
  const statement: Statement<P> = {
    _type: STATEMENT_TYPE,
    subject: subjects.map(({ name, digest }) => ({ name, digest: { sha256: hexOf(digest) } })),
    predicateType: predicate.type,
    predicate: value,
  };
  return canonicalBytes(statement);
}
