import { canonicalBytes } from "#canon/canonical-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { mediaTypeOf, roleOf } from "#evidence/evidence-path.ts";
import { time, type Event, type Plan } from "./release.ts";
import { digest, digestOfJson, hex, signed, statementOf, type Members } from "./signed-file.ts";
import { statusesOf } from "./statuses.ts";

import { MANIFEST, ATTESTATION, same, type Files, type Change, type Identity, type Manifest } from "./change.ts";

export const inputDigest = (input: Members): unknown =>
  "value" in input ? digestOfJson(input["value"]) : input["digest"];

export const inputsOf = (plan: Plan): readonly Members[] =>
  Object.entries(plan["inputs"] as Record<string, Members>)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([name, input]) => ({ name, digest: inputDigest(input) }));

type Sealed = {
  readonly plan: Plan;
  readonly identity: Identity;
  readonly events: readonly Event[];
  readonly lines: readonly string[];
};

/** Manifest and attestation over the files as they are now. */
export function seal(files: Files, run: Sealed, change: Change): void {
  const { identity, events } = run;
  const types = new Map(
    events.map(({ metadata }) => [String(metadata["digest"]), metadata["mediaType"] as string | undefined]),
  );
  const hashes = [...files]
    .map(([path, bytes]) => ({
      path,
      sha256: hex(bytes),
      size: bytes.length,
      mediaType: mediaTypeOf(path, types.get(`sha256:${path.split("/").at(-1) ?? ""}`)),
      role: roleOf(path) ?? "artifact",
    }))
    .toSorted((a, b) => compareUtf8(a.path, b.path));
  const { planHash } = identity;
  const manifest = (change.manifest ?? same)({
    schema: "packrun.evidence/v1",
    ...identity,
    plan: { hash: planHash, canonicalPlanPath: "plan.canonical.json" },
    final: change.snapshot !== true,
    hashes,
    verifier: { name: "verify_offline_bundle.mjs", version: "0.1.0", digest: `sha256:${"f".repeat(64)}` },
  });
  const plain = Buffer.from(canonicalBytes(manifest));
  const bytes = change.manifestBytes?.(plain) ?? plain;
  const listed = (manifest as Manifest).hashes ?? hashes;
  const ledger = {
    count: run.lines.length,
    headHash: headOf(run.lines),
    digest: digest(files.get("ledger.jsonl") ?? ""),
  };
  if (change.snapshot === true) {
    const subject = (change.subjects ?? same)([{ name: MANIFEST, digest: digest(bytes) }]);
    const soFar = (change.predicate ?? same)({ ...identity, ledger, takenAt: time(60_000) });
    const statement = statementOf("evidence-snapshot/v1", subject, soFar);
    files.set(MANIFEST, bytes);
    files.set(ATTESTATION, signed(statement, "attestor", change.signing).sidecar);
    return;
  }
  const predicate = (change.predicate ?? same)({
    ...runPredicate(run),
    ledger,
    evidence: {
      manifestDigest: digest(bytes),
      fileCount: listed.length,
      totalBytes: listed.reduce((sum, { size }) => sum + size, 0),
    },
    steps: (change.statuses ?? same)(statusesOf(run.plan, events)),
  });
  const end = events.findLast(({ eventType }) => eventType === "run.finished");
  const outputs = Object.entries(end?.metadata["outputs"] ?? {}).toSorted(([a], [b]) => compareUtf8(a, b));
  const further = outputs.flatMap(([name, value]) => {
    const { digest: of } = value as { readonly digest?: string };
    return of === undefined ? [] : [{ name, digest: of }];
  });
  const subjects = (change.subjects ?? same)([{ name: MANIFEST, digest: digest(bytes) }, ...further]);
  files.set(MANIFEST, bytes);
  files.set(ATTESTATION, signed(statementOf("pack-run/v1", subjects, predicate), "attestor", change.signing).sidecar);
}

const headOf = (lines: readonly string[]): unknown => /"hash":"([^"]*)"/.exec(lines.at(-1) ?? "")?.[1] ?? digest("");

function runPredicate({ plan, identity, events }: Sealed): Members {
  const first = (type: string): Event | undefined => events.find(({ eventType }) => eventType === type);
  const created = first("run.created");
  const started = first("run.started");
  const finished = first("run.finished");
  const reason = finished?.metadata["reason"];
  return {
    schemaVersion: 1,
    ...identity,
    pack: plan.pack,
    packSource: created?.metadata["packSource"] ?? "folder",
    inputs: inputsOf(plan),
    inputsLock: { digest: created?.metadata["inputsLock"] ?? digest("") },
    outcome: finished?.metadata["status"] ?? "succeeded",
    ...(reason === undefined ? {} : { reason }),
    approvals: events.flatMap(({ eventType, stepId, metadata: { decision, principal, payloadDigest } }) =>
      eventType === "gate.decision" ? [{ gateId: stepId, decision, principal, payloadDigest }] : [],
    ),
    redaction: { policy: plan.security.secretsRedactionPolicy },
    sandbox: { mode: plan.sandbox.mode, enforcement: { memoryBytes: "kernel-tree" } },
    engine: started?.metadata["engine"] ?? { name: "packrun", version: "0.1.0" },
    requestedAt: created?.timestamp ?? time(0),
    ...(started === undefined ? {} : { startedAt: started.timestamp }),
    completedAt: finished?.timestamp ?? time(0),
  };
}
