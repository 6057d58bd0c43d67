import type { EvidenceSnapshot } from "#attest/evidence-snapshot.ts";
import type { Statement } from "#attest/statement.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FoldedCase } from "./case.ts";
import type { CheckName } from "./check-list.ts";
import { verifyCodes } from "./codes.ts";

/** What only the evidence of a run that has ended can be held to. */
const OF_AN_END: readonly CheckName[] = ["statement", "outputs", "artifacts", "redaction", "egress"];

/** The ledger of a snapshot is the one that its attestation counts. */
export function checkSnapshot(
  { checks, ledger }: FoldedCase,
  statement: Statement<EvidenceSnapshot> | undefined,
): void {
  OF_AN_END.forEach((name) => checks.skip(name, "the run had not ended"));
  if (statement === undefined) {
    return;
  }
  const { count, headHash, digest } = statement.predicate.ledger;
  const { head } = ledger;
  if (count !== head.sequence || headHash !== head.hash || digest !== ledger.digest) {
    checks.fail("ledger-fold", faultOf(verifyCodes, "STATEMENT_MISMATCH", { member: "ledger" }));
  }
  checks.pass("ledger-fold", "the ledger so far is the attested one");
}
