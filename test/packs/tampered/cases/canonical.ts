import type { Change } from "../change.ts";
import { digest, hex } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";
import { revocations } from "../site-trust.ts";

type Text = (text: string) => string;
const bytes = (edit: Text) => (plain: Buffer) => Buffer.from(edit(String(plain)));
const manifest = (edit: Text): Change => ({ manifestBytes: bytes(edit) });
const payload = (edit: Text): Change => ({ signing: { payload: bytes(edit) } });
const approval = (edit: Text): Change => ({
  decisions: [{ by: "approver-1", signing: { payload: bytes(edit) } }, { by: "approver-2" }],
});
const plan = (edit: Text): Change => ({ planBytes: bytes(edit) });
/** One line with another text; its hash is that of its own members. */
const line = (at: number, edit: Text): Change => ({ lines: (lines) => lines.with(at, edit(lines[at] ?? "")) });
const file = (path: string, edit: Text): Change => ({
  files: (files) => void files.set(path, Buffer.from(edit(String(files.get(path) ?? "")))),
});

const spaced: Text = (text) => text.replace(/[:,]/, "$& ");
const reordered: Text = (text) => text.replace(/^\{("[^"]*":(?:"[^"]*"|true|\{[^{}]*\})),(.*)\}$/s, "{$2,$1}");
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const INVALID = "manifest EVIDENCE_MANIFEST_INVALID";
const NOT_CANONICAL = "payload STATEMENT_NOT_CANONICAL";
const rooted = (edit: Text): More => ({ rootBytes: bytes(edit) });
const listed = (edit: Text): More => {
  const plain = revocations([]);
  const list = Buffer.from(edit(String(plain.get("revocations.json"))));
  const sidecar = revocations(
    [],
    {},
    {
      statement: (statement) => ({
        ...statement,
        subject: [{ name: "revocations.json", digest: { sha256: hex(list) } }],
      }),
    },
  );
  const beside = new Map([...sidecar, ["revocations.json", list as Uint8Array] as const]);
  return { beside, args: ["--revocations", "revocations.json"] };
};

/** The plan's only input value, as deep as this, wherever it is told. */
const deepInput = (depth: number): Change => {
  const value = nested(depth);
  const deep = (plain: Buffer): Buffer => {
    const text = String(plain).replaceAll('"beta"', value);
    return Buffer.from(
      text.replaceAll(digest('"beta"'), digest(value)).replaceAll('"type":"string"', '"type":"array"'),
    );
  };
  return { planBytes: deep, lockBytes: deep, requestBytes: deep, signing: { payload: deep } };
};

export const canonicalCases: readonly TamperedCase[] = [
  tampered("json/manifest-space", INVALID, manifest(spaced)),
  tampered("json/manifest-member-order", INVALID, manifest(reordered)),
  tampered(
    "json/manifest-newline",
    INVALID,
    manifest((text) => `${text}\n`),
  ),
  tampered(
    "json/manifest-fraction",
    INVALID,
    manifest((text) => text.replace(/"size":(\d+)/, '"size":$1.0')),
  ),
  tampered(
    "json/manifest-exponent",
    INVALID,
    manifest((text) => text.replace('"size":8,', '"size":8e0,').replace('"size":8}', '"size":8e0}')),
  ),
  tampered(
    "json/manifest-byte-order-mark",
    INVALID,
    manifest((text) => `\ufeff${text}`),
  ),
  tampered(
    "json/manifest-member-twice",
    INVALID,
    manifest((text) => text.replace('"final":true', '"final":false,"final":true')),
  ),
  tampered(
    "json/manifest-escaped-letter",
    INVALID,
    manifest((text) => text.replace('"final"', String.raw`"fin\u0061l"`)),
  ),
  tampered(
    "json/manifest-escaped-slash",
    INVALID,
    manifest((text) => text.replace("application/json", String.raw`application\/json`)),
  ),
  tampered(
    "json/manifest-lone-surrogate",
    INVALID,
    manifest((text) => text.replace("verify_offline", String.raw`\ud800verify_offline`)),
  ),
  tampered("json/manifest-not-utf8", INVALID, {
    manifestBytes: (plain) => Buffer.concat([plain.subarray(0, -2), Buffer.from([0xff]), plain.subarray(-2)]),
  }),
  tampered("json/manifest-overlong-utf8", INVALID, {
    manifestBytes: (plain) => Buffer.from(String(plain).replace("verify_", "verify\u00c0\u00af"), "latin1"),
  }),
  tampered(
    "json/manifest-trailing-document",
    INVALID,
    manifest((text) => `${text}{}`),
  ),
  tampered(
    "json/manifest-not-a-number",
    INVALID,
    manifest((text) => text.replace(/"size":\d+/, '"size":NaN')),
  ),

  tampered("json/payload-space", NOT_CANONICAL, payload(spaced)),
  tampered("json/payload-member-order", NOT_CANONICAL, payload(reordered)),
  tampered(
    "json/payload-member-twice",
    NOT_CANONICAL,
    payload((text) => text.replace('"outcome":', '"outcome":"failed","outcome":')),
  ),
  tampered(
    "json/payload-fraction",
    NOT_CANONICAL,
    payload((text) => text.replace('"schemaVersion":1', '"schemaVersion":1.0')),
  ),
  tampered(
    "json/payload-negative-zero",
    NOT_CANONICAL,
    payload((text) => text.replace(/"count":\d+/, '"count":-0')),
  ),
  tampered(
    "json/payload-byte-order-mark",
    NOT_CANONICAL,
    payload((text) => `\ufeff${text}`),
  ),
  tampered(
    "json/payload-lone-surrogate",
    NOT_CANONICAL,
    payload((text) => text.replace('"packrun"', String.raw`"packrun\udc00"`)),
  ),
  tampered(
    "json/payload-empty",
    NOT_CANONICAL,
    payload(() => ""),
  ),
  tampered("json/approval-payload-space", "approvals STATEMENT_NOT_CANONICAL", approval(spaced)),
  tampered(
    "json/approval-lone-surrogate",
    "approvals STATEMENT_NOT_CANONICAL",
    approval((text) => text.replace("looks", String.raw`\ud83dlooks`)),
  ),
  tampered(
    "json/approval-control-character-spelling",
    "approvals STATEMENT_NOT_CANONICAL",
    approval((text) => text.replace("looks", String.raw`looks\u000a`)),
  ),
  tampered("json/run-request-newline", "run-request STATEMENT_NOT_CANONICAL", {
    runRequestSigning: { payload: bytes((text) => `${text}\n`) },
  }),
  tampered("json/request-file-space", "approval-requests REQUEST_FILE", { requestBytes: bytes(spaced) }),
  tampered("json/request-file-lone-surrogate", "approval-requests REQUEST_FILE", {
    requestBytes: bytes((text) => text.replace("Release it?", String.raw`\ud800`)),
  }),
  tampered(
    "json/plan-newline",
    "plan PLAN_FILE",
    plan((text) => `${text}\n`),
  ),
  tampered(
    "json/plan-fraction",
    "plan PLAN_FILE",
    plan((text) => text.replace('"pids":64', '"pids":64.0')),
  ),
  tampered(
    "json/plan-exponent",
    "plan PLAN_FILE",
    plan((text) => text.replace('"ttlMs":3600000', '"ttlMs":36e5')),
  ),
  tampered(
    "json/plan-negative-zero",
    "plan PLAN_FILE",
    plan((text) => text.replace('"value":"beta"', '"value":-0').replace('"type":"string"', '"type":"integer"')),
  ),
  tampered(
    "json/plan-integer-too-large",
    "plan PLAN_FILE",
    plan((text) => text.replace('"memoryBytes":67108864', '"memoryBytes":9007199254740993')),
  ),
  tampered(
    "json/plan-exponent-without-end",
    "plan PLAN_FILE",
    plan((text) => text.replace('"value":"beta"', '"value":1e999').replace('"type":"string"', '"type":"number"')),
  ),
  tampered(
    "json/plan-member-twice",
    "plan PLAN_FILE",
    plan((text) => text.replace('"required":2', '"required":1,"required":2')),
  ),
  tampered("json/ledger-space", "ledger-chain LEDGER_BROKEN", line(2, spaced)),
  tampered("json/ledger-member-order", "ledger-chain LEDGER_BROKEN", line(2, reordered)),
  tampered(
    "json/ledger-member-twice",
    "ledger-chain LEDGER_BROKEN",
    line(2, (text) => text.replace('"level":', '"level":"info","level":')),
  ),
  tampered(
    "json/ledger-fraction",
    "ledger-chain LEDGER_BROKEN",
    line(2, (text) => text.replace('"sequence":3', '"sequence":3.0')),
  ),
  tampered(
    "json/ledger-escaped-letter",
    "ledger-chain LEDGER_BROKEN",
    line(2, (text) => text.replace("plan.verified", String.raw`pl\u0061n.verified`)),
  ),
  tampered(
    "json/ledger-carriage-return",
    "ledger-chain LEDGER_BROKEN",
    line(2, (text) => `${text}\r`),
  ),
  tampered("json/ledger-blank-line", "ledger-chain LEDGER_BROKEN", { lines: (lines) => lines.toSpliced(2, 0, "") }),
  tampered(
    "json/ledger-byte-order-mark",
    "ledger-chain LEDGER_BROKEN",
    line(0, (text) => `\ufeff${text}`),
  ),
  tampered("json/lock-newline", "inputs-lock INPUTS_LOCK_MISMATCH", { lockBytes: bytes((text) => `${text}\n`) }),
  tampered("json/lock-member-twice", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lockBytes: bytes((text) => text.replace('"tenantId"', '"tenantId":"other","tenantId"')),
  }),
  tampered(
    "json/outputs-newline",
    "outputs OUTPUTS_MISMATCH",
    file("outputs.json", (text) => `${text}\n`),
  ),
  tampered("json/policy-context-space", "policies POLICY_CONTEXT_MISMATCH", { policy: bytes(spaced) }),
  tampered("json/egress-space", "egress EGRESS_LINE_FORM", { egressText: spaced }),
  tampered("json/egress-no-newline", "egress EGRESS_LINE_FORM", { egressText: (text) => text.slice(0, -1) }),
  tampered("json/pack-manifest-space", "pack PACK_MISMATCH", file("pack.manifest.json", spaced)),
  tampered(
    "json/root-newline",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    rooted((text) => `${text}\n`),
  ),
  tampered(
    "json/root-member-twice",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    rooted((text) => text.replace('"version":3', '"version":2,"version":3')),
  ),
  tampered(
    "json/root-fraction",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    rooted((text) => text.replace('"version":3', '"version":3.0')),
  ),
  tampered(
    "json/root-byte-order-mark",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    rooted((text) => `\ufeff${text}`),
  ),
  tampered(
    "json/list-newline",
    "revocation REVOCATIONS_SYNTAX",
    {},
    listed((text) => `${text}\n`),
  ),
  tampered(
    "json/list-member-twice",
    "revocation REVOCATIONS_SYNTAX",
    {},
    listed((text) => text.replace('"sequence":4', '"sequence":5,"sequence":4')),
  ),
  tampered(
    "json/nested-too-deep-without-end",
    "plan PLAN_FILE",
    plan((text) => text.replace('"beta"', "[".repeat(5000))),
  ),
  allowed("allowed/nested-input", deepInput(500)),
  allowed("allowed/nested-input-very-deep", deepInput(60_000)),
  allowed("allowed/nested-policy-context", { policy: () => Buffer.from(nested(60_000)) }),
];
