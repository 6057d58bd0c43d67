import t from "tap";
import { approvalRequestBytes, readApprovalRequest, type ApprovalQuestion } from "#attest/approval-request.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { code, value } from "./signing.ts";

const digest = `sha256:${"a".repeat(64)}`;
const question = {
  runId: "0192f0c1-2b3c-7d4e-8f50-617283940a1b",
  gateId: "rollout[0]::ok",
  tenantId: "default",
  trustDomain: "acme-prod",
  planHash: digest,
  approval: "release",
  message: "Promote beta",
  requestedBy: "alice",
  requestedAt: "2026-01-05T08:00:00.000Z",
  nonce: "000102030405060708090a0b0c0d0e0f",
  pack: { name: "acme/tool", version: "1.0.0", digest },
  inputs: [{ name: "channel", digest }],
  ttlMs: 86_400_000,
} as unknown as ApprovalQuestion;

t.test("a request is canonical JSON and ends its time to live after it was made", async (t) => {
  const bytes = approvalRequestBytes(question);
  const request = value(readApprovalRequest(bytes));
  t.equal(request.notAfter, "2026-01-06T08:00:00.000Z");
  t.equal(request.schema, "packrun.approval-request/v1");
  t.notOk(decodeUtf8(bytes)?.includes("ttlMs"));
  t.ok(decodeUtf8(bytes)?.startsWith('{"approval":"release","gateId":"rollout[0]::ok","inputs":['));
});

t.test("a gate without a message has none in its request", async (t) => {
  const { message: _, ...silent } = question;
  const request = value(readApprovalRequest(approvalRequestBytes(silent as ApprovalQuestion)));
  t.notOk("message" in request);
});

t.test("anything but a whole canonical request is refused", async (t) => {
  const text = decodeUtf8(approvalRequestBytes(question)) ?? "";
  for (const wrong of [
    "",
    `${text}\n`,
    text.replace('"approval"', '"aproval"'),
    text.replace("request/v1", "request/v2"),
  ]) {
    t.equal(code(readApprovalRequest(encodeUtf8(wrong))), "REQUEST_FILE");
  }
});
