import { createPublicKey, X509Certificate } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier, type SignedEntity, type TrustMaterial } from "@sigstore/verify";
import { anchorCodes } from "#attest/anchor-codes.ts";
import type { AnchorFile, LogEntry } from "#attest/anchor-file.ts";
import { pae } from "#attest/pae.ts";
import { fromBase64, toBase64 } from "#canon/base64.ts";
import { equalBytes } from "#canon/bytes.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import type { TimestampAuthority, TrustedLog } from "#trust/anchor-authority.ts";
import type { AnchorFinding, ProveAnchor } from "#trust/anchor-finding.ts";
import type { TrustRoot } from "#trust/trust-root.ts";

/** Extended key usage: timeStamping (RFC 3161, section 2.3). */
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/** Proves timestamps and log entries with `@sigstore/verify`. */
export const proveAnchor: ProveAnchor = async (anchor, root) => {
  const attestor = root.keys.get(anchor.envelope.keyid ?? "")?.key.spkiDer;
  const kinds = [...anchor.timestamps.map(() => "tsa" as const), ...anchor.entries.map(() => "rekor" as const)];
  if (attestor === undefined) {
    // Whose attestation it is, the root does not know either.
    return kinds.map((kind) => ({ kind, status: "unknown" }));
  }
  const keys = {
    publicKey: createPublicKey({ key: Buffer.from(attestor), format: "der", type: "spki" }),
    validFor: () => true,
  };
  const given = { anchor, root, publicKey: () => keys };
  return [
    ...anchor.timestamps.map((timestamp, at) => proveTimestamp(given, timestamp, at)),
    ...anchor.entries.map((entry, at) => proveEntry(given, entry, at)),
  ];
};

type Given = {
  readonly anchor: AnchorFile;
  readonly root: TrustRoot;
  readonly publicKey: TrustMaterial["publicKey"];
};

function proveTimestamp({ anchor, root, publicKey }: Given, der: Uint8Array, at: number): AnchorFinding {
  const kind = "tsa";
  const refused = (fault: Fault): AnchorFinding => ({ kind, status: "refused", fault });
  const entity = entityOf(anchor, { rfc3161Timestamps: [{ signedTimestamp: toBase64(der) }] }, []);
  const claim = entity === undefined ? undefined : claimOf(entity);
  if (entity === undefined || claim === undefined) {
    return refused(faultOf(anchorCodes, "ANCHOR_FORM", { problem: `timestamp ${at + 1} is none of RFC 3161` }));
  }
  const time = timestampOf(claim.time);
  let found: AnchorFinding = { kind, status: "unknown" };
  for (const authority of root.document.timestampAuthorities ?? []) {
    const { name, validFrom, validUntil } = authority;
    const material = authorityMaterial(authority, publicKey);
    if (typeof material === "string") {
      return refused(faultOf(anchorCodes, "ANCHOR_AUTHORITY", { authority: name, problem: material }));
    }
    if (!claim.isBy(material)) {
      continue;
    }
    if (time < validFrom || time >= validUntil) {
      found = refused(
        faultOf(anchorCodes, "ANCHOR_TIMESTAMP_WINDOW", { authority: name, time, validFrom, validUntil }),
      );
      continue;
    }
    const problem = claim.isOver(paeOf(anchor))
      ? problemOf(entity, material, { tlogThreshold: 0, timestampThreshold: 1 })
      : "it is not over this attestation";
    if (problem === undefined) {
      return { kind, status: "believed", by: name, time };
    }
    found = refused(faultOf(anchorCodes, "ANCHOR_TIMESTAMP_INVALID", { authority: name, problem }));
  }
  return found;
}

function proveEntry({ anchor, root, publicKey }: Given, entry: LogEntry, at: number): AnchorFinding {
  const kind = "rekor";
  const id = fromBase64(entry.logId.keyId);
  const log = root.logs.find(({ logId }) => id !== undefined && equalBytes(logId, id));
  if (log === undefined) {
    return { kind, status: "unknown" };
  }
  const { origin, validFrom, validUntil } = log;
  const entity = entityOf(anchor, undefined, [{ ...entry, integratedTime: "0" }]);
  const problem =
    entity === undefined
      ? `entry ${at + 1} cannot be read`
      : entry.inclusionProof.checkpoint.envelope.startsWith(`${origin}\n`)
        ? problemOf(entity, logMaterial(log, publicKey), { tlogThreshold: 1, timestampThreshold: 0 })
        : "its checkpoint is of another log";
  return problem === undefined
    ? { kind, status: "believed", by: origin, window: { validFrom, validUntil } }
    : { kind, status: "refused", fault: faultOf(anchorCodes, "ANCHOR_ENTRY_INVALID", { origin, problem }) };
}

type Claim = {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Whether it names the certificate that this authority signs with. */
  readonly isBy: (material: TrustMaterial) => boolean;
  readonly isOver: (message: Buffer) => boolean;
};

/** What a timestamp says of itself, or undefined where it is none. */
function claimOf(entity: SignedEntity): Claim | undefined {
  const [only] = entity.timestamps;
  if (only?.$case !== "timestamp-authority") {
    return undefined;
  }
  const { timestamp } = only;
  return attempted(() => {
    const { signingTime, signerIssuer, signerSerialNumber, tstInfo } = timestamp;
    const time = signingTime.getTime();
    return {
      time: Number.isSafeInteger(time) && time >= 0 ? time : 0,
      isBy: ({ timestampAuthorities }) =>
        timestampAuthorities.some(
          ({ certChain: [leaf] }) =>
            leaf !== undefined && leaf.serialNumber.equals(signerSerialNumber) && leaf.issuer.equals(signerIssuer),
        ),
      isOver: (message) =>
        attempted(() => {
          tstInfo.verify(message);
          return true;
        }) ?? false,
    };
  });
}

function paeOf({ envelope }: AnchorFile): Buffer {
  return Buffer.from(pae(envelope.payloadType, envelope.payload));
}

/**
 * The anchor with these proofs only, as `@sigstore/verify` takes it; undefined where they cannot be read. Timestamps of
 * Sigstore bundles are over the signature; those of anchors are over the PAE, which therefore stands in its place for them.
 */
function entityOf(
  { sidecar, envelope }: AnchorFile,
  timestampVerificationData: object | undefined,
  tlogEntries: readonly object[],
): SignedEntity | undefined {
  return attempted(() => {
    const plain = JSON.parse(Buffer.from(sidecar).toString()) as { readonly verificationMaterial: object };
    const verificationMaterial = { ...plain.verificationMaterial, tlogEntries, timestampVerificationData };
    const entity = toSignedEntity(bundleFromJSON({ ...plain, verificationMaterial }));
    if (tlogEntries.length > 0) {
      return entity;
    }
    const { signature: content } = entity;
    const signature = {
      signature: Buffer.from(pae(envelope.payloadType, envelope.payload)),
      compareSignature: (other: Buffer) => content.compareSignature(other),
      compareDigest: (digest: Buffer) => content.compareDigest(digest),
      compareSignedDigest: (digest: Buffer) => content.compareSignedDigest(digest),
      verifySignature: (key: Parameters<typeof content.verifySignature>[0]) => content.verifySignature(key),
    };
    return { ...entity, signature };
  });
}

const NOBODY = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
type Root = Parameters<typeof toTrustMaterial>[0];

/** One authority and nobody else; in words why it cannot be used. */
function authorityMaterial(
  { certificates, validFrom, validUntil }: TimestampAuthority,
  publicKey: TrustMaterial["publicKey"],
): TrustMaterial | string {
  const chain = attempted(() => certificates.map((pem) => new X509Certificate(pem)));
  if (chain === undefined) {
    return "a certificate cannot be read";
  }
  if (chain[0]?.keyUsage?.includes(TIME_STAMPING) !== true) {
    return "its first certificate is not for timestamps";
  }
  const authority = {
    certChain: { certificates: chain.map(({ raw }) => ({ rawBytes: raw })) },
    validFor: { start: new Date(validFrom), end: new Date(validUntil) },
    subject: undefined,
    uri: "",
    operator: "",
  };
  return (
    attempted(() => toTrustMaterial({ ...NOBODY, timestampAuthorities: [authority] } as unknown as Root, publicKey)) ??
    "its certificates cannot be read"
  );
}

function logMaterial({ origin, key, logId }: TrustedLog, publicKey: TrustMaterial["publicKey"]): TrustMaterial {
  const log = {
    logID: Buffer.from(logId),
    baseURL: origin,
    publicKey: createPublicKey({ key: Buffer.from(key.spkiDer), format: "der", type: "spki" }),
    // Entries of these logs have no time that could be held to a window here.
    validFor: { start: new Date(0), end: new Date(8_640_000_000_000_000) },
  };
  return { ...NOBODY, tlogs: [log], publicKey };
}

/** What `@sigstore/verify` finds wrong. */
function problemOf(
  entity: SignedEntity,
  material: TrustMaterial,
  thresholds: { readonly tlogThreshold: number; readonly timestampThreshold: number },
): string | undefined {
  try {
    new Verifier(material, thresholds).verify(entity);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "unknown error";
  }
}

/** Readers of DER and of bundles throw on what they cannot read. */
function attempted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
