import { canonicalBytes } from "#canon/canonical-json.ts";
import { runIdShape } from "#canon/id-shape.ts";
import { array, digest, integer, literal, object, record, string, type Infer } from "#canon/shape.ts";
import { NAME } from "#plan/plan.ts";
import { valueShape, type Values } from "#run/value.ts";

const artifactShape = object(
  { stepId: string(), name: string(), digest: digest(), size: integer({ min: 0 }) },
  { mediaType: string() },
);
/** One captured file or tree of one attempt. A tree has the digest of its listing and the size of all its files. */
export type OutputArtifact = Infer<typeof artifactShape>;

/** `outputs.json`: what the pack gave, and every captured artifact in ledger order. */
export const outputsShape = object({
  schema: literal("packrun.outputs/v1"),
  runId: runIdShape,
  outputs: record(NAME, valueShape, "a name"),
  artifacts: array(artifactShape),
});
export type OutputsFile = Infer<typeof outputsShape>;

export function outputsBytes(
  runId: OutputsFile["runId"],
  outputs: Values,
  artifacts: readonly OutputArtifact[],
): Uint8Array {
  const file: OutputsFile = { schema: "packrun.outputs/v1", runId, outputs, artifacts };
  return canonicalBytes(file);
}
