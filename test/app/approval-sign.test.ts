import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { approvalPredicate } from "#attest/approval.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { exportApproval } from "#app/approval-export.ts";
import { writeApprovalStatement } from "#app/approval-sign.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { hexOf } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { keyring } from "#compose.ts";
import { code, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { approvalWorld, HOUR, tampered } from "./approval-world.ts";

const world = await approvalWorld(t);
const { place, identity } = world;
const alice = await world.person("alice");
const archive = await world.request();
const folder = await world.request("request");
const out = place.here("response.json");

const statementOf = (file: string) =>
  value(readStatement(value(readSidecar(readFileSync(file), "own")).payload, approvalPredicate));

t.test("the same request gives the same archive, and a folder with the same files", async (t) => {
  const again = await world.request("again.tar");
  t.ok(readFileSync(archive).equals(readFileSync(again)));
  t.strictSame(
    readdirSync(folder, { recursive: true }).map(String).toSorted(),
    [
      "inputs.lock",
      "pack",
      "pack.manifest.json",
      join("pack", "notes.txt"),
      join("pack", "pack.yaml"),
      "plan.canonical.json",
      "request.json",
      "request.json.sigstore.json",
      "run-request.sigstore.json",
      "simulation.json",
      "simulation.txt",
    ].toSorted(),
  );
  const occupied = await exportApproval(identity, "ok", folder, world.workplace);
  t.match(occupied, { fault: { code: "USER_FILE_WRITE", message: /new or empty/ } });
  t.equal(code(await exportApproval(identity, "no", place.here("x"), world.workplace)), "GATE_UNKNOWN");
});

t.test("what is signed is shown first, and binds request, plan, person and reason", async (t) => {
  const written = value(await world.sign({ keyFile: alice, reason: "change 4711" }));
  t.match(written, { file: out, gateId: "ok", decision: "approve", approver: "alice", planHash: identity.planHash });
  const { request } = world.shown.at(-1)?.given ?? {};
  t.match(world.shown.at(-1), { decision: "approve", reason: "change 4711", development: false, mayDecide: ["alice"] });
  const { predicate, subject } = statementOf(out);
  t.match(predicate, { ...identity, gateId: "ok", nonce: request?.nonce, approver: "alice", reason: "change 4711" });
  t.equal(predicate.notAfter, request?.notAfter);
  t.strictSame(subject, [{ name: "plan.canonical.json", digest: { sha256: hexOf(identity.planHash) } }]);
  t.notOk(existsSync(place.here("desk")), "no store was made");
});

t.test("the answer no leaves nothing behind", async (t) => {
  const file = place.here("never.json");
  const refused = await world.sign({ keyFile: alice, out: file }, { confirm: () => Promise.resolve(false) });
  t.equal(code(refused), "APPROVAL_NOT_CONFIRMED");
  t.notOk(existsSync(file));
});

t.test("who may not decide learns it before the stick is carried back", async (t) => {
  const file = place.here("refused.json");
  const sign = (order: Parameters<typeof world.sign>[0]) => world.sign({ ...order, out: file });
  t.equal(code(await sign({ keyFile: await world.person("mallory", []) })), "APPROVAL_SIGNATURE");
  t.equal(code(await sign({ keyFile: await world.person("oscar", ["requester"]) })), "APPROVAL_ROLE");
  t.equal(code(await sign({ keyFile: place.here("state/trust/dev.key") })), "APPROVAL_SELF");
  t.equal(code(await sign({ keyFile: alice, reason: " " })), "APPROVAL_REASON_MISSING");
  t.notOk(existsSync(file));
});

t.test("without a trust root nothing is believed", async (t) => {
  const settings = { stateFolder: place.here("desk") };
  const seen = world.shown.length;
  t.equal(code(await world.sign({ keyFile: alice }, { settings })), "APPROVAL_TRUST_MISSING");
  t.equal(world.shown.length, seen, "nothing is shown that nobody vouches for");
});

t.test("a request that no run attestor of the trust root signed is refused", async (t) => {
  const other = tampered(folder, place.here("forged"), "request.json.sigstore.json", () => {
    return readFileSync(`${folder}/run-request.sigstore.json`, "utf8");
  });
  const untrusted = { fault: { code: "APPROVAL_REQUEST_UNTRUSTED" } };
  t.match(await world.sign({ keyFile: alice, path: other }), untrusted);
  const asked = tampered(folder, place.here("nobody"), "run-request.sigstore.json", () => {
    return readFileSync(`${folder}/request.json.sigstore.json`, "utf8");
  });
  t.match(await world.sign({ keyFile: alice, path: asked }), untrusted);
  const renewed = tampered(folder, place.here("nonce"), "request.json", (text) =>
    text.replace(/"nonce":"."/, (found) => found).replace(/("nonce":"..)../, "$1ff"),
  );
  t.match(await world.sign({ keyFile: alice, path: renewed }), untrusted);
});

t.test("a trust root of another domain does not vouch for the request", async (t) => {
  const document = JSON.parse(readFileSync(place.here("state/trust/trust-root.json"), "utf8")) as object;
  const trustFile = place.here("other-root.json");
  writeFileSync(trustFile, canonicalBytes({ ...document, trustDomain: "acme-test" }));
  const settings = { trustFile, stateFolder: place.here("desk") };
  const refused = await world.sign({ keyFile: alice }, { settings });
  t.match(refused, { fault: { code: "APPROVAL_REQUEST_UNTRUSTED", message: /acme-test.*development/ } });
});

t.test("what cannot be read is no request", async (t) => {
  t.equal(code(await world.sign({ keyFile: alice, path: place.here("nowhere") })), "APPROVAL_FOLDER");
  t.equal(code(await world.sign({ keyFile: alice, path: place.write("a.tar", "no archive") })), "APPROVAL_FOLDER");
  const cut = place.here("cut.tar");
  writeFileSync(cut, readFileSync(archive).subarray(0, -512));
  t.equal(code(await world.sign({ keyFile: alice, path: cut })), "APPROVAL_FOLDER");
});

t.test("an archive in which one byte was changed is not signed", async (t) => {
  const bytes = readFileSync(archive);
  const flipped = place.here("flipped.tar");
  const signed: number[] = [];
  for (let at = 7; at < bytes.length; at += 487) {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 0x20;
    writeFileSync(flipped, copy);
    if ((await world.sign({ keyFile: alice, path: flipped })).ok) {
      signed.push(at);
    }
  }
  t.strictSame(signed, []);
});

t.test("a plan is compared with an earlier one of the same pack only", async (t) => {
  const plan = place.here("request/plan.canonical.json");
  value(await world.sign({ keyFile: alice, previous: plan }));
  t.match(world.shown.at(-1)?.previous, { path: plan, diff: { inputs: [], other: [] } });
  const text = readFileSync(plan, "utf8");
  const foreign = place.write("foreign.json", text.replace("acme/gated", "acme/other"));
  t.match(await world.sign({ keyFile: alice, previous: foreign }), {
    fault: { code: "APPROVAL_PREVIOUS", message: /acme\/other/ },
  });
  t.equal(code(await world.sign({ keyFile: alice, previous: place.write("p.json", "{") })), "APPROVAL_PREVIOUS");
  t.equal(code(await world.sign({ keyFile: alice, previous: archive })), "APPROVAL_PREVIOUS");
  t.equal(code(await world.sign({ keyFile: alice, previous: place.here("nope") })), "USER_FILE_READ");
  const large = place.write("large.tar", "");
  truncateSync(large, 1024 ** 3);
  t.equal(code(await world.sign({ keyFile: alice, previous: large })), "APPROVAL_PREVIOUS", "it is not read whole");
});

t.test("a statement for a foreign signer is what would be signed here, in canonical bytes", async (t) => {
  const tools = {
    settings: { trustFile: place.here("state/trust/trust-root.json"), stateFolder: place.here("desk") },
    keyring,
    now: world.workplace.clock.now,
    show: () => undefined,
  };
  const order = { path: folder, decision: "reject", reason: "no", out: place.here("statement.json") } as const;
  const written = value(await writeApprovalStatement({ ...order, approver: "alice" }, tools));
  t.match(written, { approver: "alice", decision: "reject" });
  const { predicate } = value(readStatement(readFileSync(order.out), approvalPredicate));
  t.match(predicate, { ...identity, decision: "reject", reason: "no", approver: "alice" });
  const barred = (approver: string) => writeApprovalStatement({ ...order, approver }, tools);
  t.equal(code(await barred("developer")), "APPROVAL_SELF");
  t.equal(code(await barred("nobody")), "APPROVAL_ROLE");
});

t.test("what is revoked is not decided on, nor with a revoked key", async (t) => {
  const other = await approvalWorld(t);
  const key = await other.person("alice");
  await other.request();
  const signer = value(await keyring.open(other.place.here("state/trust/dev.key"), () => Promise.resolve(undefined)));
  const { keyid } = value(await keyring.open(key, () => Promise.resolve(undefined)));
  const now = other.workplace.clock.now();
  const revoke = async (sequence: number, kind: "run" | "key", name: string): Promise<void> => {
    const times = { issuedAt: timestampOf(now - HOUR), nextUpdate: timestampOf(now + HOUR) };
    const entries = [[kind, name]] as const;
    const { list, sidecar } = await revocations(signer, { trustDomain: "development", sequence, ...times, entries });
    other.place.write("state/trust/revocations.json", Buffer.from(list).toString());
    other.place.write("state/trust/revocations.json.sigstore.json", Buffer.from(sidecar).toString());
  };
  await revoke(1, "key", keyid);
  t.equal(code(await other.sign({ keyFile: key })), "APPROVAL_REVOKED");
  t.strictSame(other.shown.at(-1)?.mayDecide, [], "which is shown before");
  await revoke(3, "run", other.identity.runId);
  const seen = other.shown.length;
  t.equal(code(await other.sign({ keyFile: key })), "APPROVAL_REVOKED");
  t.equal(other.shown.length, seen, "nobody is asked about a revoked run");
});

t.test("once the time is over nothing is signed or exported any more", async (t) => {
  world.later(2 * HOUR);
  t.equal(code(await world.sign({ keyFile: alice })), "APPROVAL_LATE");
  t.match(await exportApproval(identity, "ok", place.here("late"), world.workplace), {
    fault: { code: "GATE_CLOSED", hint: /expired/ },
  });
});
