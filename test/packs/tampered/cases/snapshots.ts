import { tampered, type TamperedCase } from "../tampered-case.ts";

const NOT_FINAL = "outcome EVIDENCE_NOT_FINAL";
const snapshot = true;

/** The evidence of a run that had not ended: at best stale. */
export const snapshotCases: readonly TamperedCase[] = [
  tampered("snapshot/whole", NOT_FINAL, { snapshot }, { verdict: "stale" }),
  tampered(
    "snapshot/before-the-gate",
    NOT_FINAL,
    {
      snapshot,
      events: (events) => events.slice(0, 5),
      files: (files) => {
        [...files.keys()]
          .filter((path) => /^(?:approvals|policies)\//.test(path))
          .forEach((path) => files.delete(path));
      },
    },
    { verdict: "stale" },
  ),
  tampered("snapshot/another-ledger", ["ledger-fold STATEMENT_MISMATCH", NOT_FINAL], {
    snapshot,
    predicate: (plain) => ({ ...plain, ledger: { ...(plain["ledger"] as object), count: 1 } }),
  }),
  tampered("snapshot/another-run", ["bindings BINDING_MISMATCH", NOT_FINAL], {
    snapshot,
    predicate: (plain) => ({ ...plain, runId: "019b8cc2-8400-7000-8000-000000000002" }),
  }),
  tampered("snapshot/cut-ledger", ["manifest EVIDENCE_FILE_CHANGED", "ledger-fold STATEMENT_MISMATCH", NOT_FINAL], {
    snapshot,
    after: (files) => {
      const lines = Buffer.from(files.get("ledger.jsonl") ?? [])
        .toString()
        .split("\n");
      files.set("ledger.jsonl", Buffer.from(`${lines.slice(0, -2).join("\n")}\n`));
    },
  }),
  tampered("snapshot/one-approval", ["approvals QUORUM_MISSING", NOT_FINAL], {
    snapshot,
    decisions: [{ by: "approver-1" }],
  }),
  tampered("snapshot/of-its-end", "manifest EVIDENCE_MANIFEST_INVALID", {
    snapshot,
    files: (files) => void files.set("outputs.json", Buffer.from("{}")),
  }),
  tampered(
    "snapshot/as-final",
    [
      "payload STATEMENT_PREDICATE_TYPE",
      "ledger-fold LEDGER_UNFINISHED",
      "outputs OUTPUTS_MISMATCH",
      "egress EGRESS_USE_MISMATCH",
    ],
    {
      snapshot,
      manifest: (plain) => ({ ...plain, final: true }),
      files: (files) => void files.set("outputs.json", Buffer.from("{}")),
    },
  ),
];
