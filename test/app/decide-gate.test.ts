import { randomUUID } from "node:crypto";
import t, { type Test } from "tap";
import { approvalRequestPredicate } from "#attest/approval.ts";
import { cancelRun } from "#app/cancel-run.ts";
import { decideGate, recordDecision } from "#app/decide-gate.ts";
import { signStatement } from "#app/sign-statement.ts";
import { toBase64 } from "#canon/base64.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { keyring } from "#compose.ts";
import { ok } from "#fault/result.ts";
import { code, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { approvalWorld, HOUR, responseOf, type ApprovalWorld, type RootDraft } from "./approval-world.ts";

/** Sends a response to a gate through no command of its own, as any door does; the code of the refusal, or `recorded`. */
async function send({ identity, workplace }: ApprovalWorld, response: Uint8Array, gate = "ok"): Promise<string> {
  const body = { gate, response: toBase64(response) };
  const command = { commandId: `decision:${randomUUID()}`, kind: "decision", body } as const;
  const sent = await recordDecision(identity, gate, () => Promise.resolve(ok(command)), workplace);
  return sent.ok ? "recorded" : sent.fault.code;
}

async function world(t: Test): Promise<{ world: ApprovalWorld; alice: string }> {
  const made = await approvalWorld(t, { rule: { required: 2 } });
  return { world: made, alice: await made.person("alice") };
}

/** What is refused, and that the ledger says so with a hint. */
async function refusal(t: Test, at: ApprovalWorld, response: Uint8Array, expected: string): Promise<void> {
  t.equal(await send(at, response), expected);
  t.match((await at.refusals()).at(-1), { code: expected, hint: /\w+ \w+/ }, `${expected} stands in the ledger`);
}

t.test("a response counts only at the run and the gate that it names, whatever door it comes through", async (t) => {
  const { world: at, alice } = await world(t);
  const runId = "01900000-0000-7000-8000-000000000000";
  await refusal(t, at, await responseOf(at, alice, { runId }), "APPROVAL_WRONG_RUN");
  await refusal(t, at, await responseOf(at, alice, { gateId: "other" }), "APPROVAL_WRONG_GATE");
  await refusal(t, at, new Uint8Array(), "APPROVAL_SIGNATURE");
  const signer = value(await keyring.open(alice, () => Promise.resolve(undefined)));
  const subjects = [{ name: "plan.canonical.json", digest: at.identity.planHash }];
  const claim = { ...at.identity, gateId: "ok", nonce: "0".repeat(32) };
  const draft = { predicate: approvalRequestPredicate, subjects, value: claim };
  const { sidecar } = value(await signStatement(signer, draft, keyring));
  await refusal(t, at, sidecar, "APPROVAL_STATEMENT");
  t.equal(await send(at, await responseOf(at, alice)), "recorded");
});

t.test("the trust root as it is now says who may decide, within which window and bounds", async (t) => {
  const { world: at, alice } = await world(t);
  const response = await responseOf(at, alice);
  const keyOf = (document: RootDraft) => Object.values(document.keys).find(({ principal }) => principal === "alice");
  const now = at.workplace.clock.now();
  const [from, until] = [timestampOf(now - 2 * HOUR), timestampOf(now - HOUR)];
  at.editRoot((document) => Object.assign(keyOf(document) ?? {}, { validFrom: from, validUntil: until }));
  await refusal(t, at, response, "APPROVAL_KEY_WINDOW");
  at.editRoot((document) => Object.assign(keyOf(document) ?? {}, { validUntil: timestampOf(now + HOUR) }));
  at.editRoot((document) => Object.assign(document.roles["approver"] ?? {}, { gates: ["deploy*"] }));
  await refusal(t, at, response, "APPROVAL_SCOPE");
  at.editRoot((document) => Object.assign(document.roles["approver"] ?? {}, { gates: ["*"] }));
  t.equal(await send(at, response), "recorded");
});

t.test("a root that expired, or does not know who asked, takes no decision", async (t) => {
  const { world: at, alice } = await world(t);
  const response = await responseOf(at, alice);
  at.rename("developer", "operator");
  await refusal(t, at, response, "REQUESTER_UNKNOWN");
  at.rename("operator", "developer");
  const later = timestampOf(at.workplace.clock.now() + HOUR / 2);
  at.editRoot((document) => Object.assign(document, { expires: later }));
  at.later(HOUR / 2);
  await refusal(t, at, response, "APPROVAL_ROOT_EXPIRED");
});

t.test("where a revocation list is asked for it must be there, and what it names does not count", async (t) => {
  const { world: at, alice } = await world(t);
  const response = await responseOf(at, alice);
  const policy = { revocation: { required: true, maxAgeHours: 24, minSequence: 0 } };
  at.editRoot((document) => Object.assign(document, { policy }));
  await refusal(t, at, response, "APPROVAL_REVOCATIONS_MISSING");
  const developer = value(await keyring.open(at.place.here("state/trust/dev.key"), () => Promise.resolve(undefined)));
  const { keyid } = value(await keyring.open(alice, () => Promise.resolve(undefined)));
  const now = at.workplace.clock.now();
  const times = { issuedAt: timestampOf(now - HOUR), nextUpdate: timestampOf(now + HOUR) };
  const sample = { trustDomain: "development", ...times, entries: [["key", keyid]] } as const;
  const { list, sidecar } = await revocations(developer, sample);
  at.place.write("state/trust/revocations.json.sigstore.json", Buffer.from(sidecar).toString());
  at.place.write("state/trust/revocations.json", Buffer.from(list).toString());
  await refusal(t, at, response, "APPROVAL_REVOKED");
});

t.test("who decides needs their own key, not that with which runs are requested here", async (t) => {
  const { world: at, alice } = await world(t);
  const requesterKey = await at.person("mallory", []);
  const workplace = { ...at.workplace, settings: { ...at.workplace.settings, requesterKey } };
  const given = { gateId: "ok", decision: "approve", reason: "read", keyFile: alice } as const;
  at.rename("developer", "operator");
  t.equal(code(await decideGate(at.identity, given, workplace)), "REQUESTER_UNKNOWN");
  t.match((await at.refusals()).at(-1), { code: "REQUESTER_UNKNOWN" });
  at.rename("operator", "developer");
  t.match(await decideGate(at.identity, given, workplace), { value: { principal: "alice" } });
  const { keyFile: _, ...own } = given;
  t.equal(code(await decideGate(at.identity, own, workplace)), "APPROVAL_SIGNATURE", "a key that nobody knows");
  t.match(await cancelRun(at.identity, undefined, workplace), { ok: true });
  t.match(
    (await at.events()).find(({ eventType }) => eventType === "run.cancelRequested"),
    {
      metadata: { by: "developer" },
    },
  );
});

t.test("approve signs and records at once, and says which gate was meant", async (t) => {
  const { world: at, alice } = await world(t);
  const given = { gateId: "ok", decision: "approve", reason: "read", keyFile: alice } as const;
  t.match(await decideGate(at.identity, given, at.workplace), { value: { principal: "alice", decision: "approve" } });
  t.equal(code(await decideGate(at.identity, given, at.workplace)), "APPROVAL_ALREADY_DECIDED");
  t.match(await decideGate(at.identity, { ...given, gateId: "okk" }, at.workplace), {
    fault: { code: "GATE_UNKNOWN", hint: "did you mean ok?" },
  });
});
