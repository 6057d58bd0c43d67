import { readFileSync } from "node:fs";
import t from "tap";
import { exportApproval } from "#app/approval-export.ts";
import { requestPath } from "#app/approval-paths.ts";
import { approvalDraft } from "#app/approval-response.ts";
import { signApproval } from "#app/approval-sign.ts";
import { signStatement } from "#app/sign-statement.ts";
import { trustAdd } from "#app/trust-edit.ts";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { keyring } from "#compose.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { value } from "../attest/signing.ts";
import { apiWorld } from "./api-world.ts";

const world = await apiWorld(t);
const { place, workplace, send, token } = world;
const approvals = { go: { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true } };
const gates = [{ id: "ok", gate: { approval: "go" } }];
const identity = await world.run({ approvals, steps: gates });
const other = await world.run({ approvals, steps: gates });
const trustFile = place.here("state/trust/trust-root.json");
const { privateFile } = value(await keyring.writePair(place.here("alice"), "ecdsa-p256-sha256"));
const tools = { keyring, now: workplace.clock.now, stateFolder: place.here("state") };
const alice = { file: trustFile, keyFile: place.here("alice.pub"), principal: "alice", roles: ["approver"] };
value(await trustAdd(alice, tools));
const { planHash } = identity;

/** What alice signs on her own machine about a run. */
async function envelopeOf(run: RunIdentity, decision: "approve" | "reject" = "approve"): Promise<unknown> {
  const path = place.here(`${run.runId}.tar`);
  value(await exportApproval(run, "ok", path, workplace));
  const out = place.here(`${run.runId}-${decision}.json`);
  const order = { path, keyFile: privateFile, decision, reason: "read it", out };
  const hands = {
    settings: { trustFile, stateFolder: place.here("desk") },
    keyring,
    now: workplace.clock.now,
    show: () => undefined,
    password: () => Promise.resolve(undefined),
    confirm: () => Promise.resolve(true),
  };
  value(await signApproval(order, hands));
  return JSON.parse(readFileSync(out, "utf8"));
}

/** What alice signs of this run, and of another plan than that which it has. */
async function signedFor(planHash: Digest): Promise<unknown> {
  const bytes = value(await workplace.store.ledger.getFile(identity, requestPath("ok")));
  const request = { ...value(readApprovalRequest(bytes)), planHash };
  const given = { decision: "approve", approver: "alice", reason: "read it" } as const;
  const signer = value(await keyring.open(privateFile, () => Promise.resolve(undefined)));
  const draft = approvalDraft(request, given, timestampOf(workplace.clock.now()));
  const { sidecar } = value(await signStatement(signer, draft, workplace));
  return JSON.parse(Buffer.from(sidecar).toString("utf8"));
}

const envelope = await envelopeOf(identity);
const gate = { runId: identity.runId, gateId: "ok", planHash };
const good = { Authorization: `Bearer ${await token({ approval: gate })}` };
const body = { gateId: "ok", planHash, envelope };

async function refusals(): Promise<readonly LedgerEvent[]> {
  const events = await Array.fromAsync(workplace.store.ledger.read(identity));
  return events.filter(({ eventType }) => eventType === "gate.refused");
}

async function decide(
  sent: object,
  headers: Record<string, string> = good,
  run = identity,
): Promise<Record<string, unknown>> {
  const answer = await send(`/api/runs/${run.runId}/approve`, sent, headers);
  return (await answer.json()) as Record<string, unknown>;
}

t.test("a token that is not for this run, gate and plan decides nothing, whoever signed", async (t) => {
  t.match(await decide(body, {}), { status: 403, code: "APPROVAL_TOKEN_CLAIM" });
  const wrong = [
    [{ ...gate, runId: other.runId }, "APPROVAL_TOKEN_RUN"],
    [{ ...gate, gateId: "later" }, "APPROVAL_TOKEN_GATE"],
    [
      { ...gate, planHash: identity.planHash.replace(/.$/, (last) => (last === "0" ? "1" : "0")) as typeof planHash },
      "APPROVAL_TOKEN_PLAN",
    ],
  ] as const;
  for (const [approval, code] of wrong) {
    t.match(await decide(body, { Authorization: `Bearer ${await token({ approval })}` }), { status: 403, code });
  }
});

t.test("what a token may send and cannot be judged is refused, and stands in the ledger", async (t) => {
  const stale = `sha256:${"0".repeat(64)}`;
  const foreign = await envelopeOf(other);
  const restated = await signedFor(digestOfHex("0".repeat(64)));
  const cases = [
    [{ gateId: "ok", planHash }, 422, "APPROVAL_ENVELOPE_MISSING"],
    [{ gateId: "ok", planHash, envelope: null }, 422, "APPROVAL_ENVELOPE_MISSING"],
    [{ gateId: "ok", planHash, envelope: {} }, 422, "APPROVAL_UNREADABLE"],
    [{ gateId: "ok", planHash, envelope: "sign here" }, 422, "APPROVAL_UNREADABLE"],
    [{ ...body, planHash: stale }, 409, "PLAN_HASH_MISMATCH"],
    [{ ...body, envelope: foreign }, 422, "APPROVAL_WRONG_RUN"],
    [{ ...body, envelope: restated }, 409, "PLAN_HASH_MISMATCH"],
  ] as const;
  for (const [sent, status, code] of cases) {
    const before = (await refusals()).length;
    const answer = await decide(sent);
    t.match(answer, { status, code, hint: /\w+ \w+ \w+/ });
    const { hint } = answer;
    const found = { eventType: "gate.refused", stepId: "ok", metadata: { code, hint } };
    t.match((await refusals()).slice(before), [found], `${code} stands there once, with the hint of the answer`);
  }
  t.match((await world.service.metrics()).text, /^packrun_plan_mismatch_total 2$/m);
});

t.test("a token that is not for this gate writes nothing into the ledger of its run", async (t) => {
  const before = (await refusals()).length;
  const elsewhere = { Authorization: `Bearer ${await token({ approval: { ...gate, runId: other.runId } })}` };
  for (const headers of [{}, elsewhere]) {
    t.match(await decide({ gateId: "ok", planHash }, headers), { status: 422, code: "APPROVAL_ENVELOPE_MISSING" });
    t.match(await decide({ gateId: "ok", planHash, envelope: {} }, headers), { status: 403 });
    t.match(await decide({ ...body, planHash: `sha256:${"0".repeat(64)}` }, headers), { status: 403 });
  }
  t.equal((await refusals()).length, before);
  t.match((await world.service.metrics()).text, /^packrun_plan_mismatch_total 2$/m, "it names no plan to anybody");
  t.match(world.logged.join("\n"), new RegExp(`${identity.runId}.*APPROVAL_TOKEN_RUN`), "the service's log names it");
});

t.test("a signed decision counts once, and again is answered as before", async (t) => {
  const first = { runId: identity.runId, gateId: "ok", decision: "approve", principal: "alice" };
  t.match(await decide(body), { schemaVersion: 1, ...first, again: false });
  t.match(await decide(body), { ...first, again: true });
  const run = (await (await world.get(`/api/runs/${identity.runId}`)).json()) as Record<string, unknown>;
  t.match(run, { status: /succeeded|running/ });
});

t.test("a run that has ended takes no decision, whatever is sent", async (t) => {
  const before = (await refusals()).length;
  t.match(await decide({ gateId: "ok", planHash }), { status: 409, code: "RUN_FINISHED" });
  t.match(await decide({ gateId: "ok", planHash, envelope: {} }), { status: 409, code: "RUN_FINISHED" });
  t.equal((await refusals()).length, before);
});
