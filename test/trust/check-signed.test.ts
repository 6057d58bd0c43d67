import * as fc from "fast-check";
import t from "tap";
import { approvalRequestPredicate, type ApprovalRequestClaim } from "#attest/approval.ts";
import { runRequestPredicate } from "#attest/run-request.ts";
import { statementBytes } from "#attest/statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { checkSigned, type SignedCheck } from "#trust/check-signed.ts";
import { sidecarOf } from "../attest/signing.ts";
import { NOW, people, request, role, rootOf, time, tools, type Person } from "./world.ts";

const file = canonicalBytes(request);
const digest = digestOf(file, nodeSha256);
const { runId, gateId, tenantId, trustDomain, planHash, nonce } = request;
const claim: ApprovalRequestClaim = { runId, gateId, tenantId, trustDomain, planHash, nonce };
const payload = statementBytes(approvalRequestPredicate, [{ name: "request.json", digest }], claim);

function signedBy(person: Person, bytes: Uint8Array = payload): Promise<Uint8Array> {
  return sidecarOf(bytes, people[person]);
}

const good = await signedBy("runner");

function given(change: Partial<SignedCheck<ApprovalRequestClaim>> = {}): SignedCheck<ApprovalRequestClaim> {
  return {
    sidecar: good,
    profile: "own",
    file: digest,
    predicate: approvalRequestPredicate,
    roles: ["run-attestor"],
    scope: { tenant: "t1" },
    trustRoot: rootOf(),
    ...tools,
    revocations: undefined,
    ...change,
  };
}

async function codeOf(change: Partial<SignedCheck<ApprovalRequestClaim>>): Promise<string> {
  const verdict = await checkSigned(given(change));
  return verdict.status === "pass" ? "pass" : `${verdict.status} ${verdict.code}`;
}

t.test("a good signature says who signed, by which role, and names the payload", async (t) => {
  const verdict = await checkSigned(given());
  t.match(verdict, {
    status: "pass",
    principal: "runner",
    keyid: people.runner.key.keyid,
    role: "run-attestor",
    payloadDigest: digestOf(payload, nodeSha256),
    statement: { predicate: claim },
  });
});

t.test("each thing that is wrong has its code", async (t) => {
  t.equal(await codeOf({ sidecar: encodeUtf8("{}") }), "fail ENVELOPE_SHAPE");
  t.equal(await codeOf({ sidecar: await signedBy("mallory") }), "fail SIGNATURE_KEY_UNKNOWN");
  t.equal(await codeOf({ sidecar: await signedBy("alice") }), "fail ROLE_NOT_HELD");
  t.equal(
    await codeOf({ roles: ["approver"], sidecar: await signedBy("alice"), scope: { tenant: "t2" } }),
    "fail ROLE_SCOPE",
  );
  const wrapped = statementBytes(runRequestPredicate, [{ name: "x", digest }], claim as never);
  t.equal(await codeOf({ sidecar: await signedBy("runner", wrapped) }), "fail STATEMENT_PREDICATE_TYPE");
  t.equal(await codeOf({ sidecar: await signedBy("runner", encodeUtf8("{ }")) }), "fail STATEMENT_NOT_CANONICAL");
  t.equal(await codeOf({ file: digestOf(encodeUtf8("other"), nodeSha256) }), "fail STATEMENT_SUBJECT");
  const text = decodeUtf8(good) ?? "";
  const other = decodeUtf8(await signedBy("runner", encodeUtf8('{"a":1}'))) ?? "";
  const signature = /"sig":"([^"]+)"/;
  const mixed = text.replace(signature.exec(text)?.[1] ?? "", signature.exec(other)?.[1] ?? "");
  t.equal(await codeOf({ sidecar: encodeUtf8(mixed) }), "fail SIGNATURE_INVALID");
});

t.test("who signed is told also when something else is wrong", async (t) => {
  const verdict = await checkSigned(given({ sidecar: await signedBy("alice") }));
  t.match(verdict, { status: "fail", code: "ROLE_NOT_HELD", principal: "alice" });
  const unknown = await checkSigned(given({ sidecar: await signedBy("mallory") }));
  t.notOk("principal" in unknown && unknown.principal !== undefined);
});

t.test("a key out of its window is stale and nothing else; the signer's own time does not rescue it", async (t) => {
  const trustRoot = rootOf((document) => {
    document.roles = { ...document.roles, "run-attestor": role("retired") };
  });
  const sidecar = await signedBy("retired");
  const verdict = await checkSigned(given({ trustRoot, sidecar }));
  t.match(verdict, { status: "stale", code: "KEY_WINDOW", principal: "retired", statement: { predicate: claim } });
  t.equal(await codeOf({ trustRoot, sidecar, at: time("2026-02-01T00:00:00.000Z") }), "pass", "a trusted time inside");
  t.equal(
    await codeOf({ trustRoot, sidecar, file: planHash }),
    "fail STATEMENT_SUBJECT",
    "failing is worse than stale",
  );
});

t.test("one of several roles is enough", async (t) => {
  t.equal(await codeOf({ roles: ["requester", "run-attestor"] }), "pass");
  t.equal(await codeOf({ roles: [] }), "fail ROLE_NOT_HELD");
});

t.test("an envelope signed by one known key under the name of another is refused", async (t) => {
  const text = decodeUtf8(good)?.replaceAll(people.runner.key.keyid, people.alice.key.keyid) ?? "";
  t.equal(await codeOf({ sidecar: encodeUtf8(text) }), "fail ENVELOPE_KEYID");
  t.equal(await codeOf({ sidecar: encodeUtf8(text), profile: "interop" }), "fail ENVELOPE_KEYID");
});

t.test("an envelope without a keyid is judged by its signature alone", async (t) => {
  const document = JSON.parse(decodeUtf8(good) ?? "") as { dsseEnvelope: { signatures: { keyid?: string }[] } };
  delete document.dsseEnvelope.signatures[0]?.keyid;
  t.equal(await codeOf({ sidecar: canonicalBytes(document), profile: "interop" }), "pass");
});

t.test("the order of keys in the root and of members in the envelope selects nothing", async (t) => {
  const trustRoot = rootOf();
  const turned = { ...trustRoot, keys: new Map([...trustRoot.keys].toReversed()) };
  t.strictSame(await checkSigned(given({ trustRoot })), await checkSigned(given({ trustRoot: turned })));
});

t.test("no change of one byte of a sidecar or of its file passes", async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const sidecar = Uint8Array.from(good);
        sidecar[at] = (sidecar[at] ?? 0) ^ flip;
        return (await checkSigned(given({ sidecar }))).status === "fail";
      }),
      { numRuns: 400 },
    ),
  );
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Uint8Array.from(file);
        changed[at] = (changed[at] ?? 0) ^ flip;
        return (await codeOf({ file: digestOf(changed, nodeSha256) })) === "fail STATEMENT_SUBJECT";
      }),
      { numRuns: 50 },
    ),
  );
});

t.test("time of verification is an argument: the same input gives the same answer", async (t) => {
  t.strictSame(await checkSigned(given({ at: NOW })), await checkSigned(given({ at: NOW })));
});
