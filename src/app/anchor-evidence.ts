import { anchorFileBytes, MOST_ANCHORS, readAnchorFile, type AnchorFile } from "#attest/anchor-file.ts";
import { anchorCodes } from "#attest/anchor-codes.ts";
import { attestCodes } from "#attest/codes.ts";
import { pae } from "#attest/pae.ts";
import type { PublicKey, VerifySignature } from "#attest/public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import type { Envelope } from "#attest/sidecar.ts";
import { isSignedBy } from "#attest/verify-envelope.ts";
import { equalBytes } from "#canon/bytes.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { ATTESTATION_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { AnchorSource } from "#port/anchor-source.ts";
import type { AnchorKind } from "#trust/anchor-authority.ts";
import type { AnchorFinding, ProveAnchor } from "#trust/anchor-finding.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { anchorPath } from "./anchor-path.ts";
import { anchorUseCodes } from "./anchor-use-codes.ts";
import { openBundle } from "./open-bundle.ts";
import { readBounded } from "./read-bounded.ts";
import { readBundleFile } from "./read-bundle-file.ts";
import { writeAtomically } from "./trust-file.ts";
import { userFileCodes } from "./user-file-codes.ts";

/** Addresses of those who are to vouch for a bundle. */
export type AnchorAddresses = { readonly tsa?: string; readonly rekor?: string };

export type AnchorTools = {
  readonly source: AnchorSource;
  readonly prove: ProveAnchor;
  readonly verifySignature: VerifySignature;
};

/** Where the anchor lies and what is in it now. */
export type AnchoredEvidence = {
  readonly file: string;
  readonly anchors: readonly {
    readonly kind: AnchorKind;
    /** True when it came with this call. */
    readonly added: boolean;
    /** Whose it is by the trust root; absent when the root names nobody who made it: it counts for nobody with this root. */
    readonly by?: string;
    readonly time?: Timestamp;
  }[];
};

/**
 * Attaches an RFC 3161 timestamp over the PAE of a sealed bundle's attestation, an entry of a transparency log, or both,
 * beside the bundle. May be repeated: what the trust root believes, or where it names nobody of that kind what is there, is
 * kept and not asked for again. What was obtained is written even when the other could not be. Faults: ANCHOR_*,
 * SIGNATURE_INVALID, BUNDLE_*, ENVELOPE_*, EVIDENCE_FILE_MISSING, USER_FILE_READ, USER_FILE_WRITE.
 */
export async function anchorEvidence(
  path: string,
  addresses: AnchorAddresses,
  trustRoot: TrustRoot | undefined,
  tools: AnchorTools,
): Promise<Result<AnchoredEvidence>> {
  if (addresses.tsa === undefined && addresses.rekor === undefined) {
    return fail(faultOf(anchorUseCodes, "ANCHOR_NOBODY"));
  }
  const sealed = await readSealed(path, trustRoot, tools.verifySignature);
  if (!sealed.ok) {
    return sealed;
  }
  const place: Place = { file: anchorPath(path), sealed: sealed.value, trustRoot, tools };
  const before = await readBefore(place);
  if (!before.ok) {
    return before;
  }
  const { anchor, findings } = before.value;
  const wanted = (["tsa", "rekor"] as const).filter(
    (kind) => addresses[kind] !== undefined && !isKept(kind, findings, trustRoot),
  );
  const full = wanted.find((kind) => countOf(kind, findings) >= MOST_ANCHORS);
  if (full !== undefined) {
    return fail(faultOf(anchorUseCodes, "ANCHOR_FULL", { file: place.file, count: MOST_ANCHORS }));
  }
  const asked = await ask(wanted, addresses, place);
  const timestamps = [...anchor.timestamps, ...asked.timestamps];
  const entries = [...anchor.entries, ...asked.entries];
  const grown = { ...anchor, timestamps, entries };
  const added = await write(grown, findings, place);
  return asked.fault === undefined || !added.ok ? added : fail(asked.fault);
}

type Sealed = { readonly sidecar: Uint8Array; readonly envelope: Envelope; readonly key: PublicKey | undefined };
type Place = {
  readonly file: string;
  readonly sealed: Sealed;
  readonly trustRoot: TrustRoot | undefined;
  readonly tools: AnchorTools;
};

/** The attestation of a bundle. What the trust root's key did not sign, though its name stands there, is not vouched for. */
async function readSealed(
  path: string,
  trustRoot: TrustRoot | undefined,
  verifySignature: VerifySignature,
): Promise<Result<Sealed>> {
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return bundle;
  }
  try {
    const { source } = bundle.value;
    const files = await source.list();
    if (files.ok && !files.value.some((file) => file.path === ATTESTATION_PATH)) {
      return fail(faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path: ATTESTATION_PATH }));
    }
    const sidecar = files.ok ? await readBundleFile(source, ATTESTATION_PATH) : files;
    const envelope = sidecar.ok ? readSidecar(sidecar.value, "own") : sidecar;
    if (!sidecar.ok || !envelope.ok) {
      return envelope as Result<never>;
    }
    const { keyid = "" } = envelope.value;
    const key = trustRoot?.keys.get(keyid)?.key;
    return key === undefined || (await isSignedBy(envelope.value, key, verifySignature))
      ? ok({ sidecar: sidecar.value, envelope: envelope.value, key })
      : fail(faultOf(attestCodes, "SIGNATURE_INVALID", { keyid }));
  } finally {
    await bundle.value.close();
  }
}

type Before = { readonly anchor: AnchorFile; readonly findings: readonly AnchorFinding[] };

/** What is there already; it must be this bundle's and hold, so that nothing is added to what is forged. */
async function readBefore(place: Place): Promise<Result<Before>> {
  const { file, sealed } = place;
  const bytes = await readAnchorOf(file);
  if (!bytes.ok) {
    return bytes;
  }
  if (bytes.value === undefined) {
    const anchor = { sidecar: sealed.sidecar, envelope: sealed.envelope, timestamps: [], entries: [] };
    return ok({ anchor, findings: [] });
  }
  const anchor = readAnchorFile(bytes.value);
  if (!anchor.ok) {
    return anchor;
  }
  if (!equalBytes(anchor.value.sidecar, sealed.sidecar)) {
    return fail(faultOf(anchorCodes, "ANCHOR_FOREIGN"));
  }
  const findings = await findingsOf(anchor.value, place);
  return findings.ok ? ok({ anchor: anchor.value, findings: findings.value }) : findings;
}

/** The bytes of an anchor where there is one. Faults: USER_FILE_READ, ANCHOR_FORM (it is too large). */
export async function readAnchorOf(file: string): Promise<Result<Uint8Array | undefined>> {
  try {
    return ok(await readBounded(file, DOCUMENT_LIMIT));
  } catch (error) {
    switch (systemCode(error)) {
      case "ENOENT":
        return ok(undefined);
      case "EFBIG":
        return fail(faultOf(anchorCodes, "ANCHOR_FORM", { problem: "it is larger than any anchor may be" }));
      default:
        return fail(faultOf(userFileCodes, "USER_FILE_READ", { file, problem: systemProblem(error) }));
    }
  }
}

/** Without a trust root nobody is known. The fault is that of the first which is refused. */
async function findingsOf(anchor: AnchorFile, { trustRoot, tools }: Place): Promise<Result<readonly AnchorFinding[]>> {
  if (trustRoot === undefined) {
    const all = [...anchor.timestamps.map(() => "tsa" as const), ...anchor.entries.map(() => "rekor" as const)];
    return ok(all.map((kind) => ({ kind, status: "unknown" })));
  }
  const findings = await tools.prove(anchor, trustRoot);
  const refused = findings.find((finding) => finding.status === "refused");
  return refused === undefined ? ok(findings) : fail(refused.fault);
}

function countOf(kind: AnchorKind, findings: readonly AnchorFinding[]): number {
  return findings.filter((finding) => finding.kind === kind).length;
}

function isKept(kind: AnchorKind, findings: readonly AnchorFinding[], root: TrustRoot | undefined): boolean {
  const { timestampAuthorities = [], transparencyLogs = [] } = root?.document ?? {};
  const named = kind === "tsa" ? timestampAuthorities : transparencyLogs;
  return findings.some((finding) => finding.kind === kind && (finding.status === "believed" || named.length === 0));
}

type Asked = Pick<AnchorFile, "timestamps" | "entries"> & { readonly fault: Fault | undefined };

/** Asks all who are wanted at once. */
async function ask(wanted: readonly AnchorKind[], { tsa, rekor }: AnchorAddresses, place: Place): Promise<Asked> {
  const { envelope, key } = place.sealed;
  const message = pae(envelope.payloadType, envelope.payload);
  const { source } = place.tools;
  const [timestamp, entry] = await Promise.all([
    tsa === undefined || !wanted.includes("tsa") ? undefined : source.timestamp(tsa, message),
    rekor === undefined || !wanted.includes("rekor")
      ? undefined
      : key === undefined
        ? fail(faultOf(anchorUseCodes, "ANCHOR_SIGNER_UNKNOWN"))
        : source.logEntry(rekor, { message, signature: envelope.signature, key }),
  ]);
  return {
    timestamps: timestamp?.ok === true ? [timestamp.value] : [],
    entries: entry?.ok === true ? [entry.value] : [],
    fault: [timestamp, entry].find((result) => result?.ok === false)?.fault,
  };
}

/** Proves what came before it is written: a timestamp that does not hold is not kept. */
async function write(
  anchor: AnchorFile,
  before: readonly AnchorFinding[],
  place: Place,
): Promise<Result<AnchoredEvidence>> {
  const findings = await findingsOf(anchor, place);
  if (!findings.ok) {
    return findings;
  }
  const { file } = place;
  const answer = { file, anchors: shownAnchors(findings.value, before) };
  if (findings.value.length === before.length) {
    return ok(answer);
  }
  const bytes = anchorFileBytes(anchor.sidecar, anchor.timestamps, anchor.entries);
  if (!bytes.ok) {
    return bytes;
  }
  try {
    await writeAtomically(file, bytes.value);
    return ok(answer);
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  }
}

/** New ones stand behind those of their kind that were there. */
function shownAnchors(
  findings: readonly AnchorFinding[],
  before: readonly AnchorFinding[],
): AnchoredEvidence["anchors"] {
  const seen: Record<AnchorKind, number> = { tsa: 0, rekor: 0 };
  return findings.map((finding) => {
    const { kind } = finding;
    seen[kind] += 1;
    const added = seen[kind] > countOf(kind, before);
    if (finding.status !== "believed") {
      return { kind, added };
    }
    const { by, time } = finding;
    return time === undefined ? { kind, added, by } : { kind, added, by, time };
  });
}
