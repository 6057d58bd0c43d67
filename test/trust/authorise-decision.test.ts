import * as fc from "fast-check";
import t from "tap";
import { approvalRequestPredicate } from "#attest/approval.ts";
import { statementBytes } from "#attest/statement.ts";
import { digestOf } from "#canon/digest.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { approvalCodes } from "#trust/approval-codes.ts";
import { authoriseDecision, recheckApproval, type DecisionCase } from "#trust/authorise-decision.ts";
import { readRevocations } from "#trust/revocation-list.ts";
import { sidecarOf, value } from "../attest/signing.ts";
import { revocations as revocationsOf } from "./sample-revocations.ts";
import { approvalOf, caseOf, keyEntry, people, PLAN_HASH, request, respond, rootOf, role, time } from "./world.ts";

const OTHER_HASH = digestOf(encodeUtf8("another plan"), nodeSha256);
const provoked = new Set<string>();

async function codeOf(change: Partial<DecisionCase>): Promise<string> {
  const answer = await authoriseDecision(await caseOf(change));
  if (answer.kind === "refused") {
    provoked.add(answer.code);
  }
  return answer.kind === "accepted" ? "accepted" : answer.code;
}

t.test("a good response is accepted with who decided what and the payload's digest", async (t) => {
  const answer = await authoriseDecision(await caseOf());
  t.match(answer, { kind: "accepted", decision: "approve", principal: "alice", reason: "tested in staging" });
  t.match(answer, { payloadDigest: /^sha256:[0-9a-f]{64}$/, keyid: people.alice.key.keyid });
  const rejected = await authoriseDecision(await caseOf({ response: await respond("bob", { decision: "reject" }) }));
  t.match(rejected, { kind: "accepted", decision: "reject", principal: "bob" });
});

t.test("a signature that is missing, broken or unknown is refused", async (t) => {
  t.equal(await codeOf({ response: new Uint8Array() }), "APPROVAL_SIGNATURE");
  t.equal(await codeOf({ response: await respond("mallory") }), "APPROVAL_SIGNATURE");
  const text = decodeUtf8(await respond("alice")) ?? "";
  const other = decodeUtf8(await respond("alice", { reason: "x" })) ?? "";
  const payload = /"payload":"([^"]+)"/;
  const mixed = text.replace(payload.exec(text)?.[1] ?? "", payload.exec(other)?.[1] ?? "");
  t.equal(await codeOf({ response: encodeUtf8(mixed) }), "APPROVAL_SIGNATURE");
});

t.test("a signed payload that is no approval is refused", async (t) => {
  const { runId, gateId, tenantId, trustDomain, planHash, nonce } = request;
  const claim = { runId, gateId, tenantId, trustDomain, planHash, nonce };
  const payload = statementBytes(approvalRequestPredicate, [{ name: "plan.canonical.json", digest: PLAN_HASH }], claim);
  t.equal(await codeOf({ response: await sidecarOf(payload, people.alice) }), "APPROVAL_STATEMENT");
  t.equal(await codeOf({ response: await respond("alice", { decision: "maybe" }) }), "APPROVAL_STATEMENT");
});

const wrong = async (change: Parameters<typeof respond>[1]): Promise<string> =>
  codeOf({ response: await respond("alice", change) });

t.test("each binding that differs has its own code", async (t) => {
  t.equal(await wrong({ runId: "0192f0c1-2b3c-7d4e-8f50-617283940a1c" }), "APPROVAL_WRONG_RUN");
  t.equal(await wrong({ gateId: "rollout[1]::ok" }), "APPROVAL_WRONG_GATE");
  t.equal(await wrong({ tenantId: "t2" }), "APPROVAL_WRONG_TENANT");
  t.equal(await wrong({ trustDomain: "acme-staging" }), "APPROVAL_WRONG_DOMAIN");
  t.equal(await wrong({ nonce: "f".repeat(32) }), "APPROVAL_WRONG_NONCE");
  t.equal(await wrong({ planHash: OTHER_HASH }), "PLAN_HASH_MISMATCH");
});

t.test("the plan that was signed over must be the plan as it recompiles", async (t) => {
  t.equal(await codeOf({ response: await respond("alice", {}, OTHER_HASH) }), "PLAN_HASH_MISMATCH", "another subject");
  t.equal(await codeOf({ planHash: OTHER_HASH }), "APPROVAL_WRONG_PLAN", "another plan now");
});

t.test("roles, windows and bounds of the key come from the trust root", async (t) => {
  t.equal(await codeOf({ response: await respond("runner") }), "APPROVAL_ROLE");
  t.equal(await codeOf({ response: await respond("retired") }), "APPROVAL_KEY_WINDOW");
  const bounded = rootOf((document) => {
    document.roles = { ...document.roles, approver: { ...role("alice"), gates: ["other"] } };
  });
  t.equal(await codeOf({ trustRoot: bounded }), "APPROVAL_SCOPE");
  const elsewhere = rootOf((document) => {
    document.roles = { ...document.roles, approver: { ...role("alice"), packs: ["beta/*"] } };
  });
  t.equal(await codeOf({ trustRoot: elsewhere }), "APPROVAL_SCOPE");
  const otherTenant = rootOf((document) => {
    document.roles = { ...document.roles, approver: { ...role("alice"), tenants: ["t2"] } };
  });
  t.equal(await codeOf({ trustRoot: otherTenant }), "APPROVAL_SCOPE");
  t.equal(await codeOf({ response: await respond("alice", { approver: "bob" }) }), "APPROVAL_APPROVER");
});

t.test("a decision counts by the time at which it is recorded", async (t) => {
  t.equal(await codeOf({ now: request.notAfter }), "APPROVAL_LATE");
  t.equal(await codeOf({ now: time("2026-06-02T07:59:59.999Z") }), "accepted");
  const short = await respond("alice", { notAfter: "2026-06-01T11:30:00.000Z" });
  t.equal(await codeOf({ response: short }), "APPROVAL_LATE", "the approver's own limit");
  const long = await respond("alice", { notAfter: "2030-01-01T00:00:00.000Z", issuedAt: "2030-01-01T00:00:00.000Z" });
  t.equal(
    await codeOf({ response: long, now: request.notAfter }),
    "APPROVAL_LATE",
    "which cannot extend the request's",
  );
});

t.test("one principal decides once, whichever key signs", async (t) => {
  t.equal(
    await codeOf({ response: await respond("alice2"), alreadyDecided: ["bob", "alice"] }),
    "APPROVAL_ALREADY_DECIDED",
  );
  t.equal(await codeOf({ response: await respond("alice2"), alreadyDecided: ["bob"] }), "accepted");
});

t.test("whoever asked for the run may not decide where duties are separated", async (t) => {
  const rule = { from: ["approver-security"], separationOfDuties: true, reasonRequired: false };
  const response = await respond("carol");
  t.equal(await codeOf({ response, rule }), "APPROVAL_SELF");
  t.equal(await codeOf({ response, rule: { ...rule, separationOfDuties: false } }), "accepted");
  const second = await respond("alice2");
  t.equal(await codeOf({ response: second, requester: "alice" }), "APPROVAL_SELF", "also with a second key");
});

t.test("a reason is asked for where the rule says so, and spaces are none", async (t) => {
  const response = await respond("alice", { reason: " \n" });
  t.equal(await codeOf({ response }), "APPROVAL_REASON_MISSING");
  const rule = { from: ["approver"], separationOfDuties: true, reasonRequired: false };
  t.equal(await codeOf({ response, rule }), "accepted");
});

t.test("a root that must not be relied on takes no decision", async (t) => {
  t.equal(await codeOf({ now: time("2027-01-01T00:00:00.000Z") }), "APPROVAL_ROOT_EXPIRED");
  t.equal(await codeOf({ requester: "somebody" }), "REQUESTER_UNKNOWN");
  t.equal(await codeOf({ requester: "ci-bot" }), "accepted", "principals of tokens are known");
  const strict = rootOf((document) => {
    document.policy = { revocation: { required: true, maxAgeHours: 24, minSequence: 1 } };
  });
  t.equal(await codeOf({ trustRoot: strict }), "APPROVAL_REVOCATIONS_MISSING");
  const staging = rootOf((document) => (document.trustDomain = "acme-staging" as never));
  t.equal(await codeOf({ trustRoot: staging }), "APPROVAL_WRONG_DOMAIN");
});

t.test("responses of other signers are taken in the interop profile, not in ours", async (t) => {
  const text = JSON.stringify(JSON.parse(decodeUtf8(await respond("alice")) ?? ""), null, 2);
  const response = encodeUtf8(text.replace(/\s*"keyid": "[^"]+",/, ""));
  t.equal(await codeOf({ response, profile: "interop" }), "accepted");
  t.equal(await codeOf({ response, profile: "own" }), "APPROVAL_SIGNATURE");
});

t.test("what is revoked decides nothing: key, payload, run, plan or pack, now and when the gate passes", async (t) => {
  const given = await caseOf();
  const before = await authoriseDecision(given);
  const payload = before.kind === "accepted" ? before.payloadDigest : "";
  const { name, version, digest } = request.pack;
  const entries = [
    ["key", people.alice.key.keyid, "REVOKED_KEY"],
    ["payload", payload, "REVOKED_PAYLOAD"],
    ["run", request.runId, "REVOKED_RUN"],
    ["plan", PLAN_HASH, "REVOKED_PLAN"],
    ["pack", digest, "REVOKED_PACK"],
    ["pack", `${name}@${version}`, "REVOKED_PACK"],
  ] as const;
  for (const [kind, of, code] of entries) {
    const { list } = await revocationsOf(people.carol.signer, { entries: [[kind, of]] });
    const change = { revocations: value(readRevocations(list, nodeSha256)) };
    t.equal(await codeOf(change), "APPROVAL_REVOKED", code);
    const answer = await recheckApproval({ ...given, ...change });
    t.match(answer, { code: "APPROVAL_REVOKED", principal: "alice", hint: new RegExp(`it was stolen \\(${code}\\)$`) });
  }
  const demanding = rootOf((document) => {
    document.policy = { revocation: { required: true, maxAgeHours: 1, minSequence: 0 } };
  });
  const { list } = await revocationsOf(people.carol.signer, { entries: [["key", people.bob.key.keyid]] });
  const held = { revocations: value(readRevocations(list, nodeSha256)), trustRoot: demanding };
  t.equal(await codeOf(held), "accepted", "with a list the root is satisfied");
});

t.test("a refusal names the principal once the signature was found good, and never before", async (t) => {
  const late = await authoriseDecision(await caseOf({ now: request.notAfter }));
  t.match(late, { kind: "refused", principal: "alice" });
  const unknown = await authoriseDecision(await caseOf({ response: await respond("mallory") }));
  t.notOk("principal" in unknown);
});

t.test("an accepted approval still holds when it is looked at again, until its key or its time is over", async (t) => {
  const { alreadyDecided: _, ...given } = await caseOf();
  t.match(await recheckApproval(given), { kind: "accepted" });
  t.match(await recheckApproval({ ...given, now: request.notAfter }), { kind: "refused", code: "APPROVAL_LATE" });
  const gone = rootOf((document) => {
    document.roles = { ...document.roles, approver: role("bob") };
  });
  t.match(await recheckApproval({ ...given, trustRoot: gone }), { kind: "refused", code: "APPROVAL_ROLE" });
});

t.test("a key that changed hands counts for neither: not as whose it was, and not twice", async (t) => {
  const { alreadyDecided: _, ...given } = await caseOf();
  const handed = rootOf((document) => {
    document.keys = { ...document.keys, ...keyEntry("alice", "bob") };
  });
  t.equal(await codeOf({ trustRoot: handed }), "APPROVAL_APPROVER");
  t.match(await recheckApproval({ ...given, trustRoot: handed }), { code: "APPROVAL_APPROVER", principal: "bob" });
  const asBob = await respond("alice", { approver: "bob" });
  t.match(await authoriseDecision({ ...given, response: asBob, trustRoot: handed, alreadyDecided: ["alice"] }), {
    kind: "accepted",
    principal: "bob",
  });
});

t.test("no change of one byte of a response is accepted as another decision", async (t) => {
  const given = await caseOf();
  const before = await authoriseDecision(given);
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.nat(given.response.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const response = Uint8Array.from(given.response);
        response[at] = (response[at] ?? 0) ^ flip;
        const own = await authoriseDecision({ ...given, response, profile: "own" });
        const interop = await authoriseDecision({ ...given, response, profile: "interop" });
        return (
          own.kind === "refused" && (interop.kind === "refused" || JSON.stringify(interop) === JSON.stringify(before))
        );
      }),
      { numRuns: 300 },
    ),
  );
});

t.test("every hint is filled in, and every code of the table was provoked here", async (t) => {
  const answer = await authoriseDecision(await caseOf({ requester: "somebody" }));
  t.match(answer, { hint: /principal of the trust root/ });
  const role_ = await authoriseDecision(await caseOf({ response: await respond("runner") }));
  t.match(role_, { hint: /approver, approver-security/ });
  t.strictSame([...provoked].toSorted(), [...Object.keys(approvalCodes), "PLAN_HASH_MISMATCH"].toSorted());
  t.equal(approvalOf("alice2").approver, "alice");
});
