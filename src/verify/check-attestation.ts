import type { Predicate, Statement } from "#attest/statement.ts";
import { ATTESTATION_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { checkSigned } from "#trust/check-signed.ts";
import { checkKeyWindow } from "#trust/freshness.ts";
import type { Case } from "./case.ts";
import type { CheckName } from "./check-list.ts";
import { verifyCodes } from "./codes.ts";

/** The parts of a signature's check, in their order, with the codes that end each. */
const PARTS: readonly (readonly [CheckName, RegExp, string])[] = [
  [
    "envelope",
    /^(?:ENVELOPE_(?!PAYLOAD_TYPE)|BUNDLE_|ATTESTATION_MISSING)/,
    "a Sigstore bundle with one DSSE envelope",
  ],
  ["payload-type", /^ENVELOPE_PAYLOAD_TYPE$/, "application/vnd.in-toto+json"],
  ["signature", /^SIGNATURE_/, "made by a key of the trust root over this payload"],
  ["role", /^ROLE_/, "the key holds the role run-attestor here"],
  ["revocation", /^REVOKED_/, "neither the key nor the attestation is revoked"],
  ["payload", /^STATEMENT_(?:NOT_CANONICAL|TYPE|PREDICATE_TYPE)$/, "a canonical in-toto Statement v1 of its kind"],
  ["schema", /^STATEMENT_SHAPE$/, "every member known, present and of its type"],
  ["subject", /^STATEMENT_SUBJECT$/, "subject[0] is evidence.manifest.json"],
];

/** Checks the main attestation; its statement when the signature holds. */
export async function checkAttestation<P>(
  given: Case,
  predicate: Predicate<P>,
  pack: string | undefined,
): Promise<Statement<P> | undefined> {
  const { checks, reader, trustRoot, manifest } = given;
  if (!reader.has(ATTESTATION_PATH)) {
    checks.fail("envelope", faultOf(verifyCodes, "ATTESTATION_MISSING", { path: ATTESTATION_PATH }));
    return undefined;
  }
  const sidecar = await reader.document(ATTESTATION_PATH);
  if (!sidecar.ok) {
    checks.fail("envelope", sidecar.fault);
    return undefined;
  }
  if (trustRoot === undefined) {
    PARTS.forEach(([name]) => checks.skip(name, "no trust root to check it with"));
    return undefined;
  }
  const verdict = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: given.manifestDigest,
    predicate,
    roles: ["run-attestor"],
    scope: { tenant: manifest.tenantId, ...(pack === undefined ? {} : { pack }) },
    trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256,
  });
  passParts(given, verdict.status === "fail" ? verdict.code : undefined);
  if (verdict.status === "fail") {
    checks.fail(partOf(verdict.code), { code: verdict.code, message: verdict.why });
    return undefined;
  }
  if (verdict.status === "stale") {
    checks.stale("window", { code: verdict.code, message: verdict.why });
  }
  checks.pass("window", `the key of ${verdict.principal} is valid ${windowOf(given, verdict.keyid)}`);
  checks.pass("quorum", "1 of 1");
  return verdict.statement;
}

/**
 * When a key is valid: at a trusted time of the evidence, else for as long as the trust root says. Never the moment of
 * verification, which would make every report of the same bundle another one.
 */
function windowOf({ trustRoot, timestamps }: Case, keyid: string): string {
  const key = trustRoot?.keys.get(keyid);
  if (key === undefined) {
    throw new Error("a signature counts only by a key of the root");
  }
  const trusted = timestamps.find((time) => checkKeyWindow(key, time).ok);
  return trusted === undefined ? `from ${key.validFrom} until ${key.validUntil}` : `at the trusted time ${trusted}`;
}

function partOf(code: string): CheckName {
  return PARTS.find(([, codes]) => codes.test(code))?.[0] ?? "signature";
}

/** What comes before the part that failed has passed; what comes behind it was not reached. */
function passParts({ checks }: Case, failed: string | undefined): void {
  const end = failed === undefined ? undefined : partOf(failed);
  for (const [name, , why] of PARTS) {
    if (name === end) {
      return;
    }
    checks.pass(name, why);
  }
}
