import { configShape } from "../src/app/config.ts";
import { packBundlePredicate } from "../src/attest/pack-bundle.ts";
import { anchorFileShape } from "../src/attest/anchor-file.ts";
import { approvalPredicate, approvalRequestPredicate } from "../src/attest/approval.ts";
import { approvalRequestFileShape } from "../src/attest/approval-request.ts";
import { packRunPredicate } from "../src/attest/pack-run.ts";
import { revocationListPredicate } from "../src/attest/revocation-claim.ts";
import { trustRootPredicate } from "../src/attest/root-claim.ts";
import { runRequestPredicate } from "../src/attest/run-request.ts";
import { statementShape, type Predicate } from "../src/attest/statement.ts";
import { indexShape, packManifestShape, referrerManifestShape } from "../src/layout/oci.ts";
import { isJsonObject, type Json } from "../src/canon/json.ts";
import { evidenceManifestShape } from "../src/evidence/evidence-manifest.ts";
import { outputsShape } from "../src/evidence/outputs-file.ts";
import { packSchema } from "../src/pack/pack-schema.ts";
import { inputsLockShape } from "../src/plan/inputs-lock.ts";
import { planShape } from "../src/plan/plan.ts";
import { egressLineShape } from "../src/run/egress-line.ts";
import { eventShape } from "../src/run/event-shape.ts";
import { revocationsShape } from "../src/trust/revocation-list.ts";
import { trustRootShape } from "../src/trust/trust-root.ts";

/** A schema file and its text. */
type SchemaFile = { readonly path: string; readonly text: string };

/** The files `schemas/*.schema.json`, made from the shapes that the product checks with. */
export function schemaFiles(): readonly SchemaFile[] {
  return [
    schemaFile("pack", packSchema()),
    schemaFile("config", configShape.schema, "packrun configuration"),
    schemaFile("plan", planShape.schema, "packrun plan: its RFC 8785 bytes are what planHash is taken over"),
    schemaFile("inputs-lock", inputsLockShape.schema, "packrun inputs lock: with what a run was planned"),
    schemaFile("event", eventShape.schema, "packrun ledger event: one line of a run's ledger"),
    schemaFile("egress-line", egressLineShape.schema, "packrun record of the network: one line of egress.jsonl"),
    schemaFile("evidence-manifest", evidenceManifestShape.schema, "packrun evidence manifest"),
    schemaFile(
      "approval-request",
      approvalRequestFileShape.schema,
      "packrun approval request: what approvers are asked",
    ),
    schemaFile("outputs", outputsShape.schema, "packrun outputs file: what a finished run produced"),
    schemaFile("trust-root", trustRootShape.schema, "packrun trust root: which keys hold which roles"),
    schemaFile("anchor", anchorFileShape.schema, "packrun anchor: who vouches that an attestation was there, and when"),
    schemaFile("revocations", revocationsShape.schema, "packrun revocation list: what is revoked in a trust domain"),
    schemaFile("packs-offline-bundle", offlineBundleSchema(), "packrun manifests of pack and evidence bundles"),
    statementFile("pack-bundle", packBundlePredicate),
    statementFile("run-request", runRequestPredicate),
    statementFile("approval-request", approvalRequestPredicate),
    statementFile("approval", approvalPredicate),
    statementFile("pack-run", packRunPredicate),
    statementFile("trust-root", trustRootPredicate),
    statementFile("revocation-list", revocationListPredicate),
  ];
}

/** Every manifest of what crosses a gap: of evidence, of a pack, of what refers to a pack, and the index of both. */
function offlineBundleSchema(): Json {
  const shapes = [evidenceManifestShape, packManifestShape, referrerManifestShape, indexShape];
  return { oneOf: shapes.map(({ schema }) => schema) };
}

function statementFile<P>(name: string, predicate: Predicate<P>): SchemaFile {
  return schemaFile(
    `statement-${name}`,
    statementShape(predicate).schema,
    `in-toto Statement v1 with the predicate ${predicate.type}`,
  );
}

function schemaFile(name: string, schema: Json, title?: string): SchemaFile {
  const body: Readonly<Record<string, unknown>> = isJsonObject(schema) ? schema : {};
  const head = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `https://packrun.dev/schemas/${name}.schema.json`,
    title: title ?? body["title"],
  };
  return { path: `schemas/${name}.schema.json`, text: `${JSON.stringify({ ...head, ...body, ...head }, null, 2)}\n` };
}
