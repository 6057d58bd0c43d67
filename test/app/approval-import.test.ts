import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { approvalRequestPredicate } from "#attest/approval.ts";
import { pae } from "#attest/pae.ts";
import { PAYLOAD_TYPE } from "#attest/sidecar.ts";
import { importApproval } from "#app/approval-import.ts";
import { receiveApproval } from "#app/approval-receive.ts";
import { writeApprovalStatement } from "#app/approval-sign.ts";
import { signStatement } from "#app/sign-statement.ts";
import { digestOfHex } from "#canon/digest.ts";
import { keyring, sha256, verifySignature } from "#compose.ts";
import { code, value } from "../attest/signing.ts";
import { approvalWorld, HOUR, responseOf, type ApprovalWorld } from "./approval-world.ts";

const TWO = { required: 2 };

async function response(...given: Parameters<typeof responseOf>): Promise<string> {
  return place(given[0], await responseOf(...given));
}

let files = 0;
function place(world: ApprovalWorld, bytes: Uint8Array | string): string {
  const file = world.place.here(`response-${(files += 1)}.json`);
  writeFileSync(file, bytes);
  return file;
}

const bring = (world: ApprovalWorld, file: string) => importApproval(file, world.workplace);

async function waiting(t: Test, rule: object = TWO): Promise<{ world: ApprovalWorld; alice: string }> {
  const world = await approvalWorld(t, { rule });
  return { world, alice: await world.person("alice") };
}

t.test("a response goes to the run that it names, counts once, and opens the gate with enough others", async (t) => {
  const { world, alice } = await waiting(t);
  const bob = await world.person("bob");
  await world.request();
  const { file } = value(await world.sign({ keyFile: alice }));
  t.match(await bring(world, file), { value: { principal: "alice", decision: "approve", gateId: "ok", again: false } });
  t.match(await bring(world, file), { value: { principal: "alice", again: true } }, "brought twice");
  t.equal(await world.drive(), "waiting");
  value(await bring(world, value(await world.sign({ keyFile: bob })).file));
  const types = (await world.events()).map(({ eventType }) => eventType);
  t.equal(types.filter((type) => type === "gate.decision").length, 2);
  t.ok(types.includes("gate.passed"));
  t.strictSame(await world.refusals(), []);
  t.equal(await world.drive(), "succeeded");
});

t.test("every refusal stands in the run's ledger, with its code and a hint", async (t) => {
  const { world, alice } = await waiting(t);
  const oscar = await world.person("oscar", ["requester"]);
  const mallory = await world.person("mallory", []);
  const narrow = await world.person("nora", ["approver-elsewhere"]);
  const other = digestOfHex("0".repeat(64));
  const cases: readonly (readonly [expected: string, file: string])[] = [
    ["APPROVAL_SIGNATURE", await response(world, mallory, {})],
    ["APPROVAL_WRONG_TENANT", await response(world, alice, { tenantId: "other" })],
    ["APPROVAL_WRONG_DOMAIN", await response(world, alice, { trustDomain: "acme-test" })],
    ["APPROVAL_WRONG_NONCE", await response(world, alice, { nonce: "f".repeat(32) })],
    ["PLAN_HASH_MISMATCH", await response(world, alice, { planHash: other })],
    ["PLAN_HASH_MISMATCH", await response(world, alice, {}, other)],
    ["APPROVAL_ROLE", await response(world, oscar, { approver: "oscar" })],
    ["APPROVAL_ROLE", await response(world, narrow, { approver: "nora" })],
    ["APPROVAL_APPROVER", await response(world, alice, { approver: "bob" })],
    ["APPROVAL_LATE", await response(world, alice, { notAfter: "2020-01-01T00:00:00.000Z" })],
    ["APPROVAL_SELF", await response(world, world.place.here("state/trust/dev.key"), { approver: "developer" })],
    ["APPROVAL_REASON_MISSING", await response(world, alice, { reason: "\n" })],
    ["GATE_UNKNOWN", await response(world, alice, { gateId: "no" })],
  ];
  for (const [expected, file] of cases) {
    t.equal(code(await bring(world, file)), expected);
    const last = (await world.refusals()).at(-1);
    t.match(last, { code: expected, hint: /\w+ \w+ \w+/, commandId: /^decision:[0-9a-f]{64}$/ }, expected);
  }
  t.equal((await world.refusals()).length, cases.length, "each left one event");
  value(await bring(world, await response(world, alice, {})));
  t.equal(code(await bring(world, await response(world, alice, { reason: "again" }))), "APPROVAL_ALREADY_DECIDED");
  t.match((await world.refusals()).at(-1), { code: "APPROVAL_ALREADY_DECIDED", principal: "alice" });
});

t.test(
  "a response for a run that is not here is RUN_UNKNOWN, and one that names none cannot be recorded",
  async (t) => {
    const { world, alice } = await waiting(t);
    const runId = "01900000-0000-7000-8000-000000000000";
    t.equal(code(await bring(world, await response(world, alice, { runId }))), "RUN_UNKNOWN");
    t.equal(code(await bring(world, place(world, "{}"))), "APPROVAL_UNREADABLE");
    const { identity } = world;
    const claim = { ...identity, gateId: "ok", nonce: "0".repeat(32) };
    const subjects = [{ name: "plan.canonical.json", digest: identity.planHash }];
    const signer = value(await keyring.open(alice, () => Promise.resolve(undefined)));
    const draft = { predicate: approvalRequestPredicate, subjects, value: claim };
    const { sidecar } = value(await signStatement(signer, draft, { sha256, verifySignature }));
    t.equal(
      code(await bring(world, place(world, sidecar))),
      "APPROVAL_STATEMENT",
      "it names a run, but decides nothing",
    );
    t.equal((await world.refusals()).length, 1);
    const runRequest = value(await world.workplace.store.ledger.getFile(identity, "request.sigstore.json"));
    t.match(await bring(world, place(world, runRequest)), {
      fault: { code: "APPROVAL_UNREADABLE", message: /is no response of which can be told what it decides/ },
    });
    t.equal(code(await bring(world, world.place.here("nope"))), "USER_FILE_READ");
    t.equal((await world.refusals()).length, 1);
  },
);

t.test("a response whose signature is missing or has no form is refused by the run that it names", async (t) => {
  const { world, alice } = await waiting(t, {});
  const good = Buffer.from(await responseOf(world, alice)).toString();
  type Envelope = { payload: unknown; payloadType: string; signatures: { sig?: unknown }[]; more?: string };
  const change = (edit: (envelope: Envelope) => void): string => {
    const bundle = JSON.parse(good) as { readonly dsseEnvelope: Envelope };
    edit(bundle.dsseEnvelope);
    return JSON.stringify(bundle);
  };
  const signed = (sig?: unknown) => change(({ signatures }) => Object.assign(signatures[0] ?? {}, { sig }));
  const refused: Readonly<Record<string, string>> = {
    "no signature": change((envelope) => envelope.signatures.splice(0)),
    "two signatures": change((envelope) => envelope.signatures.push(...envelope.signatures)),
    "an empty one": signed(""),
    "none of its form": signed("AAAA"),
    "no base64": signed("?"),
    "no text": signed(7),
    "no member sig": signed(),
    "another payload type": change((envelope) => (envelope.payloadType = "text/plain")),
    "a member too many": change((envelope) => (envelope.more = "x")),
    "another media type": good.replace("v0.3+json", "v0.9+json"),
    "an unknown member of great length": good.replace("{", `{"${"m".repeat(1_000_000)}":1,`),
  };
  const { runId, planHash } = world.identity;
  for (const [name, response] of Object.entries(refused)) {
    const before = (await world.refusals()).length;
    t.equal(code(await bring(world, place(world, response))), "APPROVAL_SIGNATURE", name);
    const sent = { gateId: "ok", planHash, response: Buffer.from(response) };
    const claims = { pack_run_id: runId, pack_gate_id: "ok", pack_plan_hash: planHash };
    t.equal(code(await receiveApproval(world.identity, { ...sent, claims }, world.workplace)), "APPROVAL_SIGNATURE");
    const refusals = (await world.refusals()).slice(before);
    t.match(refusals, [{ code: "APPROVAL_SIGNATURE" }, { code: "APPROVAL_SIGNATURE" }], `${name} stands in the ledger`);
    t.ok(
      refusals.every(({ hint }) => hint.length < 500),
      "with a hint that is short",
    );
  }
  const count = (await world.refusals()).length;
  const unread: Readonly<Record<string, string>> = {
    "a payload that is no base64": change((envelope) => (envelope.payload = "?")),
    "a payload that is no text": change((envelope) => (envelope.payload = [])),
    "a payload that names nothing": change((envelope) => (envelope.payload = Buffer.from("{}").toString("base64"))),
    "two payloads": good.replace('"payload":', '"payload":"","payload":'),
    "half of it": good.slice(0, good.length / 2),
  };
  for (const [name, response] of Object.entries(unread)) {
    t.equal(code(await bring(world, place(world, response))), "APPROVAL_UNREADABLE", name);
  }
  t.equal((await world.refusals()).length, count, "of what names no run nothing is recorded");
  t.match(await bring(world, place(world, good)), { value: { principal: "alice", again: false } });
});

t.test("a response that was refused is judged anew when it is brought again", async (t) => {
  const { world } = await waiting(t, {});
  const bob = await world.person("bob", []);
  const file = await response(world, bob, { approver: "bob" });
  t.equal(code(await bring(world, file)), "APPROVAL_SIGNATURE", "the trust root does not know bob");
  t.equal(code(await bring(world, file)), "APPROVAL_SIGNATURE");
  await world.grant("bob", ["approver"]);
  t.match(await bring(world, file), { value: { principal: "bob", again: false } });
  t.equal(await world.drive(), "succeeded");
});

t.test("a response that comes when the gate's time is over is too late, whoever drives the run", async (t) => {
  const { world, alice } = await waiting(t, {});
  const file = await response(world, alice, {});
  world.later(2 * HOUR);
  t.equal(code(await bring(world, file)), "APPROVAL_LATE");
  const types = (await world.events()).map(({ eventType }) => eventType);
  t.ok(types.includes("gate.expired"));
  t.notOk(types.includes("gate.decision"));
  t.equal(code(await bring(world, file)), "RUN_FINISHED");
});

t.test("a run that nobody drove ends at its gate's time when it is looked after again", async (t) => {
  const { world } = await waiting(t, {});
  world.later(HOUR - 60_000);
  t.equal(await world.drive(), "waiting");
  world.later(60_000);
  t.equal(await world.drive(), "failed");
  t.match((await world.events()).at(-1), { eventType: "run.finished", metadata: { reason: "GATE_EXPIRED" } });
});

t.test("an approval whose key lost its role meanwhile is taken back when the gate would pass", async (t) => {
  const { world, alice } = await waiting(t);
  const bob = await world.person("bob");
  value(await bring(world, await response(world, alice, {})));
  world.rename("alice", "zoe");
  value(await bring(world, await response(world, bob, { approver: "bob" })));
  t.match(await world.refusals(), [{ code: "APPROVAL_APPROVER" }]);
  t.equal(await world.drive(), "waiting", "one key is one approval, whoever holds it");
});

t.test("a foreign signer's bundle over our statement is taken as it came", async (t) => {
  const { world, alice } = await waiting(t, {});
  await world.request();
  const out = world.place.here("statement.json");
  const tools = {
    settings: { trustFile: world.place.here("state/trust/trust-root.json"), stateFolder: world.place.here("desk") },
    keyring,
    now: world.workplace.clock.now,
    show: () => undefined,
  };
  const order = { path: world.place.here("request.tar"), decision: "approve", reason: "read", out } as const;
  value(await writeApprovalStatement({ ...order, approver: "alice" }, tools));
  const loose = place(world, foreignBundle(Buffer.from(`${readFileSync(out, "utf8")}\n`), alice));
  t.equal(code(await bring(world, loose)), "APPROVAL_STATEMENT", "a statement that was reformatted is none");
  const file = place(world, foreignBundle(readFileSync(out), alice));
  t.match(await bring(world, file), { value: { principal: "alice", decision: "approve" } });
  const { metadata } = (await world.events()).find(({ eventType }) => eventType === "gate.decision") ?? {};
  const digest = (metadata as { readonly payloadDigest: string }).payloadDigest.slice("sha256:".length);
  const kept = await world.workplace.store.ledger.getFile(
    world.identity,
    `approvals/ok/responses/${digest}.sigstore.json`,
  );
  t.ok(Buffer.from(value(kept)).equals(readFileSync(file)), "byte for byte");
});

/** What `cosign attest-blob --statement` leaves: laid out freely, no keyid, its own hint, no log entries. */
function foreignBundle(payload: Uint8Array, keyFile: string): string {
  const { stdout } = spawnSync("openssl", ["dgst", "-sha256", "-sign", keyFile], { input: pae(PAYLOAD_TYPE, payload) });
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "Zm9yZWlnbg==" }, tlogEntries: [], timestampVerificationData: {} },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: stdout.toString("base64") }],
    },
  };
  return JSON.stringify(bundle, undefined, 1);
}
