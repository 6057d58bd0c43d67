import { digestOf } from "#canon/digest.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { SIDECAR } from "#evidence/evidence-path.ts";
import { gateRequestPath, gateResponsePath } from "#evidence/gate-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { policyContextPath } from "#run/policy-context-path.ts";
import { counted } from "#fault/counted.ts";
import { bundleCodes } from "./bundle-codes.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/** What policies were evaluated over is in the bundle, as the ledger names it. The policies are not evaluated again. */
export async function checkPolicies(given: FoldedCase): Promise<void> {
  const { checks, ledger } = given;
  for (const [gate, digest] of [...ledger.gates.contexts].toSorted(([a], [b]) => compareUtf8(a, b))) {
    const problem = await contextProblem(given, gate, digest);
    if (problem !== undefined) {
      checks.fail("policies", faultOf(verifyCodes, "POLICY_CONTEXT_MISMATCH", { gate, problem }));
    }
  }
  const { size } = ledger.gates.contexts;
  checks.pass(
    "policies",
    size === 0 ? "no policy was evaluated" : `${counted(size, "context")}, each the recorded one`,
  );
}

async function contextProblem(
  { reader, sha256 }: FoldedCase,
  gate: string,
  digest: string,
): Promise<string | undefined> {
  const bytes = await reader.document(policyContextPath(gate, sha256));
  if (!bytes.ok) {
    return bytes.fault.message;
  }
  if (digestOf(bytes.value, sha256) !== digest) {
    return "the ledger names another context";
  }
  return readCanonicalJson(bytes.value, "context").ok ? undefined : "its context is not canonical JSON";
}

/** Every request, response and context of the bundle is one that the ledger speaks of. */
export function checkNamed({ checks, manifest, ledger, sha256 }: FoldedCase): void {
  const named = new Set<string>();
  for (const [id, { opened, decisions }] of ledger.gates.gates) {
    const request = gateRequestPath(id, sha256);
    [request, request + SIDECAR].forEach((path) => opened !== undefined && named.add(path));
    decisions.forEach(({ number }) => named.add(gateResponsePath(id, number, sha256)));
  }
  for (const id of ledger.gates.contexts.keys()) {
    named.add(policyContextPath(id, sha256));
  }
  for (const { path, role } of manifest.hashes) {
    const ofGate = role === "approval-request" || role === "approval";
    if ((ofGate || role === "policy-context") && !named.has(path)) {
      checks.fail(ofGate ? "approvals" : "policies", faultOf(bundleCodes, "EVIDENCE_FILE_UNNAMED", { path }));
    }
  }
}
