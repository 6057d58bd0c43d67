import { hexOf, type Sha256 } from "#canon/digest.ts";
import { SIDECAR } from "#evidence/evidence-path.ts";
import { gateRequestPath, gateResponsePath } from "#evidence/gate-path.ts";
import { ok, type Result } from "#fault/result.ts";
import type { LedgerStore, RunIdentity } from "#port/run-store.ts";
import { policyContextPath } from "#run/policy-context-path.ts";
import type { GateLog } from "#verify/gate-log.ts";
import { requestPath, responsePath } from "./approval-paths.ts";
import type { BundleWriter } from "./bundle-writer.ts";

/** Copies what gates were asked, what was answered, and what policies were evaluated over. */
export async function sealGates(
  identity: RunIdentity,
  log: GateLog,
  { ledger, sha256 }: { readonly ledger: LedgerStore; readonly sha256: Sha256 },
  writer: BundleWriter,
): Promise<Result<void>> {
  const copies: (readonly [from: string, to: string])[] = [];
  for (const [id, gate] of log.gates) {
    if (gate.opened !== undefined) {
      const to = gateRequestPath(id, sha256);
      copies.push([requestPath(id), to], [requestPath(id) + SIDECAR, to + SIDECAR]);
    }
    for (const { payloadDigest, number } of gate.decisions) {
      copies.push([responsePath(id, hexOf(payloadDigest)), gateResponsePath(id, number, sha256)]);
    }
  }
  for (const id of log.contexts.keys()) {
    copies.push([policyContextPath(id, sha256), policyContextPath(id, sha256)]);
  }
  for (const [from, to] of copies) {
    const bytes = await ledger.getFile(identity, from);
    if (!bytes.ok) {
      return bytes;
    }
    await writer.write(to, bytes.value);
  }
  return ok(undefined);
}
