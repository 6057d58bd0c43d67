import t from "tap";
import type { EgressRecord } from "#port/egress.ts";
import { withRecord, type Verdict } from "#sandbox/outcome.ts";

const fault = { code: "EGRESS_RECORD", message: "the record was lost" };
const lost = { fault } as EgressRecord;

t.test("an attempt whose record of the network was lost fails, however it ended", (t) => {
  const failed: Verdict = { kind: "failed", fault: { code: "STEP_EXIT", message: "it ended with 3" }, exitCode: 3 };
  t.strictSame(withRecord({ kind: "passed" }, lost), { kind: "failed", fault, exitCode: 0 });
  t.strictSame(withRecord(failed, lost), { kind: "failed", fault, exitCode: 3 });
  t.strictSame(withRecord({ kind: "cancelled" }, lost), { kind: "cancelled" });
  t.strictSame(withRecord({ kind: "passed" }, undefined), { kind: "passed" });
  t.strictSame(withRecord(failed, {} as EgressRecord), failed);
  t.end();
});
