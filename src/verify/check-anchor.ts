import { readAnchorFile } from "#attest/anchor-file.ts";
import { anchorCodes } from "#attest/anchor-codes.ts";
import { equalBytes } from "#canon/bytes.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { ATTESTATION_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import type { AnchorKind } from "#trust/anchor-authority.ts";
import type { AnchorFinding, ProveAnchor } from "#trust/anchor-finding.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { Case } from "./case.ts";

type RootedCase = Case & { readonly trustRoot: TrustRoot };
type Believed = AnchorFinding & { readonly status: "believed" };

const WORDS: Readonly<Record<AnchorKind, string>> = { tsa: "a timestamp", rekor: "an entry of a transparency log" };

/**
 * Checks what lies beside the bundle and vouches for its attestation; the trusted times of the timestamps that hold. What
 * is by nobody of the trust root is as if it was not there; what is in the name of someone whom it names must hold.
 */
export async function checkAnchor(
  given: Case,
  anchor: Uint8Array | undefined,
  prove: ProveAnchor | undefined,
): Promise<readonly Timestamp[]> {
  const { checks, trustRoot } = given;
  if (trustRoot === undefined) {
    checks.skip("anchor", "no trust root to check it with");
    return [];
  }
  const required = trustRoot.document.policy?.anchor?.required ?? [];
  if (prove === undefined) {
    required.forEach((kind) => checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_UNCHECKED", { what: WORDS[kind] })));
    checks.skip("anchor", "not checked by this verifier");
    return [];
  }
  const rooted = { ...given, trustRoot };
  const findings = anchor === undefined ? [] : await proven(rooted, anchor, prove);
  if (findings === undefined) {
    return [];
  }
  const believed = findings.filter((finding) => finding.status === "believed");
  for (const kind of required) {
    if (!believed.some((finding) => finding.kind === kind)) {
      checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_MISSING", { what: WORDS[kind] }));
    }
  }
  return conclude(rooted, believed, anchor !== undefined);
}

/** What the timestamps and entries of an anchor are, or undefined when it is no anchor of this bundle. */
async function proven(
  { checks, reader, trustRoot }: RootedCase,
  bytes: Uint8Array,
  prove: ProveAnchor,
): Promise<readonly AnchorFinding[] | undefined> {
  const anchor = readAnchorFile(bytes);
  if (!anchor.ok) {
    checks.fail("anchor", anchor.fault);
    return undefined;
  }
  // A bundle without an attestation fails by that.
  const sealed = reader.has(ATTESTATION_PATH) ? await reader.document(ATTESTATION_PATH) : undefined;
  if (sealed?.ok !== true || !equalBytes(sealed.value, anchor.value.sidecar)) {
    checks.fail("anchor", faultOf(anchorCodes, "ANCHOR_FOREIGN"));
    return undefined;
  }
  const findings = await prove(anchor.value, trustRoot);
  for (const finding of findings) {
    if (finding.status === "refused") {
      checks.fail("anchor", finding.fault);
    }
  }
  return findings;
}

function conclude({ checks, at }: RootedCase, believed: readonly Believed[], there: boolean): readonly Timestamp[] {
  const timestamps = believed.flatMap(({ time }) => (time === undefined ? [] : [time]));
  for (const { by, window } of believed) {
    if (window !== undefined && ![...timestamps, at].some((t) => window.validFrom <= t && t < window.validUntil)) {
      checks.stale("anchor", faultOf(anchorCodes, "ANCHOR_LOG_WINDOW", { origin: by, ...window }));
    }
  }
  if (believed.length === 0) {
    checks.skip("anchor", there ? "by nobody whom the trust root names" : "there is none beside the bundle");
  }
  checks.pass(
    "anchor",
    believed
      .map(({ by, time }) => (time === undefined ? `in the log ${by}` : `there at ${time}, says ${by}`))
      .join("; "),
  );
  // Nothing counts of an anchor of which a part is forged.
  return checks.failed("anchor") ? [] : timestamps;
}
