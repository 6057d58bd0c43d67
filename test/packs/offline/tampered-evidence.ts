import { approvalPredicate } from "#attest/approval.ts";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { approvalDraft } from "#app/approval-response.ts";
import { signStatement } from "#app/sign-statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import type { LedgerEvent } from "#run/event.ts";
import { value } from "../../attest/signing.ts";
import { chained, eventsOf, resign, type Files, type Resign } from "../../verify/bundle-tools.ts";
import { END, entryOf, inOrder, tarOf } from "../tampered/tampered-case.ts";
import type { Evidence } from "./evidence-run.ts";
import type { GoodEvidence } from "./good-evidence.ts";
import { keys, type Holder } from "./keys.ts";
import { tampered, type Sample } from "./sample.ts";
import { oddEntry } from "./tampered-packs.ts";

type Json = Record<string, unknown>;
type Sidecar = Json & {
  readonly dsseEnvelope: Json & { readonly payload: string; readonly signatures: readonly unknown[] };
};

const MANIFEST = "evidence.manifest.json";
const ATTESTATION = `${MANIFEST}.sigstore.json`;
const REQUEST = "approvals/release/request.json";
const SECOND = "approvals/release/2.sigstore.json";
const ZEROS = `sha256:${"0".repeat(64)}`;

const text = (files: ReadonlyMap<string, Uint8Array>, path: string): string =>
  Buffer.from(files.get(path) ?? "").toString();

function sample(name: string, code: string, files: Files, more: Partial<Sample> = {}): Sample {
  return tampered(`evidence-${name}`, code, { bytes: tarOf(files) }, more);
}

/** What somebody can do who holds no key: files are changed, and nothing is signed anew. */
function changedFiles({ notes, tool }: GoodEvidence): readonly Sample[] {
  const changed = (name: string, code: string, change: (files: Files) => void): Sample => {
    const files = new Map(notes.files);
    change(files);
    return sample(name, code, files);
  };
  const edited = (name: string, code: string, path: string, edit: (before: string) => string): Sample =>
    changed(name, code, (files) => files.set(path, Buffer.from(edit(text(files, path)))));
  const sidecar = (name: string, code: string, edit: (sidecar: Sidecar) => unknown): Sample =>
    changed(name, code, (files) =>
      files.set(ATTESTATION, canonicalBytes(edit(JSON.parse(text(files, ATTESTATION)) as Sidecar))),
    );
  const artifact = [...notes.files.keys()].find((path) => path.startsWith("artifacts/")) ?? "";
  return [
    edited("edited-ledger", "EVIDENCE_FILE_CHANGED", "ledger.jsonl", (before) =>
      before.replace("approver-2", "approver-3"),
    ),
    edited("cut-ledger", "EVIDENCE_FILE_CHANGED", "ledger.jsonl", (before) =>
      before
        .split(/(?<=\n)/)
        .slice(0, -3)
        .join(""),
    ),
    changed("missing-artifact", "EVIDENCE_FILE_MISSING", (files) => files.delete(artifact)),
    edited("exchanged-artifact", "EVIDENCE_FILE_CHANGED", artifact, (before) => before.replace("beta", "gold")),
    changed("extra-file", "EVIDENCE_FILE_EXTRA", (files) =>
      files.set(`artifacts/sha256/${"f".repeat(64)}`, Buffer.from("what no step wrote\n")),
    ),
    edited("another-plan", "PLAN_BYTES_MISMATCH", "plan.canonical.json", (before) =>
      before.replace('"beta"', '"gold"'),
    ),
    edited("non-canonical-manifest", "EVIDENCE_MANIFEST_INVALID", MANIFEST, (before) => `${before}\n`),
    edited("not-final", "EVIDENCE_MANIFEST_INVALID", MANIFEST, (before) =>
      before.replace('"final":true', '"final":false'),
    ),
    edited("traversal-in-the-manifest", "EVIDENCE_MANIFEST_INVALID", MANIFEST, (before) =>
      before.replace("artifacts/sha256/", "artifacts/../../"),
    ),
    changed("no-attestation", "ATTESTATION_MISSING", (files) => files.delete(ATTESTATION)),
    changed("attestation-of-another-run", "STATEMENT_SUBJECT", (files) =>
      files.set(ATTESTATION, tool.files.get(ATTESTATION) ?? new Uint8Array()),
    ),
    sidecar("two-signatures", "ENVELOPE_SIGNATURES", ({ dsseEnvelope: { signatures, ...envelope }, ...rest }) => ({
      ...rest,
      dsseEnvelope: { ...envelope, signatures: [...signatures, ...signatures] },
    })),
    sidecar("another-payload", "SIGNATURE_INVALID", ({ dsseEnvelope, ...rest }) => {
      const payload = Buffer.from(dsseEnvelope.payload, "base64").toString().replace("succeeded", "cancelled");
      return { ...rest, dsseEnvelope: { ...dsseEnvelope, payload: Buffer.from(payload).toString("base64") } };
    }),
    edited("envelope-with-space", "ENVELOPE_NOT_CANONICAL", ATTESTATION, (before) => before.replace(":", ": ")),
  ];
}

/** Archives that are not in the one form of 9.5. */
function oddArchives({ notes }: GoodEvidence): readonly Sample[] {
  const tar = tarOf(new Map(notes.files));
  const content = tar.subarray(0, -END.length);
  const odd = (name: string, bytes: Uint8Array): Sample =>
    tampered(`evidence-${name}`, "BUNDLE_TAR_INVALID", { bytes });
  const behind = (path: string, bytes: Uint8Array, change: (header: Buffer) => void = () => undefined): Buffer =>
    Buffer.concat([content, oddEntry(path, bytes, change), END]);
  const empty = new Uint8Array();
  const ordered = inOrder(new Map(notes.files));
  return [
    odd("trailing-data", Buffer.concat([tar, Buffer.from("more")])),
    odd("cut-off", tar.subarray(0, tar.length - 2048)),
    odd(
      "pax-header",
      behind("PaxHeaders/x", Buffer.from("16 path=../../x\n"), (header) => void header.write("x", 156)),
    ),
    odd(
      "link-entry",
      behind("trust/zzz", empty, (header) => {
        header.write("2", 156);
        header.write("/etc/passwd", 157);
      }),
    ),
    odd("duplicate-entry", behind(MANIFEST, Buffer.from("{}"))),
    odd("out-of-order", Buffer.concat([...ordered.toReversed().map(([path, bytes]) => entryOf(path, bytes)), END])),
    odd(
      "with-a-time",
      behind("trust/zzz", empty, (header) => void header.write("00000000001", 136)),
    ),
    tampered("evidence-traversal-name", "EVIDENCE_FILE_EXTRA", { bytes: behind("zz/../../../escaped", empty) }),
  ];
}

type Forged = { readonly change?: (files: Files) => void; readonly how?: Resign };

/** What a dishonest runner can do: manifest and attestation made anew, over whatever files there are. */
async function forgedRuns(good: GoodEvidence): Promise<readonly Sample[]> {
  const forged = async (
    name: string,
    code: string,
    { change = () => undefined, how = {} }: Forged,
    base: Evidence = good.notes,
    more: Partial<Sample> = {},
  ): Promise<Sample> => {
    const files = new Map(base.files);
    change(files);
    return sample(name, code, await resign(files, { signer: keys.attestor.signer, ...how }), more);
  };
  const edit = (path: string, change: (before: string) => string): Forged => ({
    change: (files) => files.set(path, Buffer.from(change(text(files, path)))),
  });
  const drop = (...paths: readonly string[]): Forged => ({
    change: (files) => paths.forEach((path) => files.delete(path)),
  });
  /** Other events, in a chain that holds. */
  const told = (change: (events: LedgerEvent[]) => readonly LedgerEvent[]): Forged => ({
    change: (files) => files.set("ledger.jsonl", chained(good.notes, change(eventsOf(files)))),
  });
  const signedBy = async (holder: Holder, as: string = holder): Promise<Forged> => {
    const response = await responseOf(good.notes, holder, as);
    return {
      change: (files) => {
        files.set(SECOND, response.sidecar);
        const events = eventsOf(files).map((event) => decidedBy(event, as, response.payloadDigest));
        files.set("ledger.jsonl", chained(good.notes, events));
      },
    };
  };
  const sbom = ["pack.sbom.cdx.json", "pack.sbom.cdx.json.sigstore.json"];
  const all = { args: ["--require-dsse"] };
  return Promise.all([
    forged("by-a-stranger", "SIGNATURE_KEY_UNKNOWN", { how: { signer: keys.stranger.signer } }),
    forged("by-an-approver", "ROLE_NOT_HELD", { how: { signer: keys["approver-1"].signer } }),
    forged("another-run-in-the-attestation", "BINDING_MISMATCH", {
      how: { predicate: (predicate) => ({ ...predicate, runId: good.tool.identity.runId }) },
    }),
    forged("another-outcome", "STATEMENT_MISMATCH", {
      how: { predicate: (predicate) => ({ ...predicate, outcome: "failed" }) },
    }),
    forged(
      "edited-ledger-sealed",
      "LEDGER_BROKEN",
      edit("ledger.jsonl", (before) => before.replace("is at work", "is lazy")),
    ),
    forged(
      "cut-ledger-sealed",
      "LEDGER_UNFINISHED",
      told((events) => events.slice(0, -2)),
    ),
    forged("published-before-the-gate", "ORDER_VIOLATED", told(publishFirst)),
    forged(
      "outputs-of-nobody",
      "OUTPUTS_MISMATCH",
      edit("outputs.json", (before) => before.replace("write", "wrote")),
    ),
    forged(
      "another-message",
      "APPROVAL_REQUEST_MISMATCH",
      edit(REQUEST, (before) => before.replace("beta?", "gold?")),
    ),
    forged("missing-approval", "EVIDENCE_FILE_MISSING", drop(SECOND)),
    forged("forged-approval", "SIGNATURE_KEY_UNKNOWN", await signedBy("stranger", "approver-2")),
    forged("forged-approval-taken-back", "EVIDENCE_FILE_MISSING", told(inventAndTakeBack)),
    forged("approved-by-the-requester", "APPROVAL_SELF", await signedBy("requester")),
    forged("approved-twice-by-one", "APPROVAL_ALREADY_DECIDED", await signedBy("approver-1")),
    forged("approved-by-the-publisher", "ROLE_NOT_HELD", await signedBy("publisher")),
    forged("approval-of-another-run", "APPROVAL_WRONG_RUN", await elsewhere(good)),
    forged("no-run-request", "SIGNATURE_ABSENT", drop("request.sigstore.json"), good.tool, all),
    forged(
      "no-revocations",
      "SIGNATURE_ABSENT",
      drop("revocations.json", "revocations.json.sigstore.json"),
      good.tool,
      all,
    ),
    forged("no-sbom", "SIGNATURE_ABSENT", drop(...sbom), good.tool, all),
    forged("no-pack-attestation", "SIGNATURE_ABSENT", drop("pack.attestation.sigstore.json"), good.tool, all),
    forged(
      "sbom-of-another-file",
      "PACK_SBOM_MISMATCH",
      edit("pack.sbom.cdx.json", (before) => before.replace('"name":"names.txt"', '"name":"names.csv"')),
      good.tool,
    ),
    forged(
      "sbom-that-nobody-put-in",
      "PACK_REFERRERS_MISMATCH",
      edit("pack.sbom.cdx.json", (before) => before.replace("file:names.txt", "file:names")),
      good.tool,
    ),
    forged(
      "pack-attestation-of-nobody",
      "STATEMENT_PREDICATE_TYPE",
      edit("pack.attestation.sigstore.json", () => text(good.tool.files, sbom[1] ?? "")),
      good.tool,
    ),
    forged(
      "pack-listing-with-another-mode",
      "PACK_MISMATCH",
      edit("pack.manifest.json", (before) => before.replace("755", "644")),
      good.tool,
    ),
  ]);
}

/** The step behind the gate is told to have run before anybody decided. */
function publishFirst(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
  const gate = events.findIndex(({ eventType }) => eventType === "gate.opened");
  const isPublish = ({ stepId }: LedgerEvent): boolean => stepId === "publish";
  return events.filter((event) => !isPublish(event)).toSpliced(gate, 0, ...events.filter(isPublish));
}

/** An approval that nobody gave, which is taken back at once. */
function inventAndTakeBack(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
  const at = events.findIndex(({ eventType }) => eventType === "gate.passed");
  const { metadata: _, ...event } = events[at] as LedgerEvent;
  const commandId = "decision:3";
  const decided = { commandId, decision: "approve", principal: "approver-1", payloadDigest: ZEROS };
  const refused = { commandId, code: "APPROVAL_LATE", hint: "" };
  return events.toSpliced(
    at,
    0,
    { ...event, eventType: "gate.decision", metadata: decided } as LedgerEvent,
    { ...event, eventType: "gate.refused", level: "warn", metadata: refused } as LedgerEvent,
  );
}

/** The second decision as somebody else's. */
function decidedBy(event: LedgerEvent, principal: string, payloadDigest: string): LedgerEvent {
  return event.eventType === "gate.decision" && event.metadata.principal === "approver-2"
    ? ({ ...event, metadata: { ...event.metadata, principal, payloadDigest } } as LedgerEvent)
    : event;
}

/** A response to the gate's request of a run, in the name of somebody. */
async function responseOf({ files }: Evidence, holder: Holder, as: string) {
  const request = value(readApprovalRequest(files.get(REQUEST) ?? new Uint8Array()));
  const given = { decision: "approve" as const, approver: as, reason: "all is well" };
  const draft = approvalDraft(request, given, request.requestedAt);
  return value(
    await signStatement(keys[holder].signer, { ...draft, predicate: approvalPredicate }, { sha256, verifySignature }),
  );
}

/** The second response is one that approver-2 gave for another run of the same plan. */
async function elsewhere({ notes, other }: GoodEvidence): Promise<Forged> {
  const response = await responseOf(other, "approver-2", "approver-2");
  return {
    change: (files) => {
      files.set(SECOND, response.sidecar);
      const events = eventsOf(files).map((event) => decidedBy(event, "approver-2", response.payloadDigest));
      files.set("ledger.jsonl", chained(notes, events));
    },
  };
}

/** Every tampered evidence bundle, and good ones that are asked for more than they have. */
export async function tamperedEvidence(
  good: GoodEvidence,
  folder: string,
  archive: string,
): Promise<readonly Sample[]> {
  const asked = (name: string, code: string, path: string, more: Partial<Sample>): Sample =>
    tampered(`evidence-${name}`, code, { path }, more);
  const late = { verdict: "stale", at: "2100-01-01T00:00:00.000Z" } as const;
  return [
    ...changedFiles(good),
    ...oddArchives(good),
    ...(await forgedRuns(good)),
    asked("of-another-plan", "ASSERTED_PLAN_MISMATCH", folder, { args: ["--plan-hash", ZEROS] }),
    asked("out-of-a-folder", "PACK_SOURCE_FOLDER", folder, { args: ["--require-dsse"] }),
    asked("revoked-run", "REVOKED_RUN", archive, { args: ["--revocations", "site/run-revoked.json"] }),
    asked("revoked-pack", "REVOKED_PACK", archive, { args: ["--revocations", "site/pack-revoked.json"] }),
    asked("root-expired", "TRUST_ROOT_EXPIRED", archive, late),
  ];
}
