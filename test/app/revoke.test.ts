import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { newRevocation } from "#app/revocation-order.ts";
import { heldRevocations } from "#app/revocation-standing.ts";
import { revoke, type RevokeOrder } from "#app/revoke.ts";
import { admitUnderLock } from "#app/trust-memory.ts";
import { digestOf } from "#canon/digest.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { readRevocations } from "#trust/revocation-list.ts";
import { code, value } from "../attest/signing.ts";
import { people } from "../trust/world.ts";
import { after, revocationDesk, START, type RevocationDesk } from "./revocation-desk.ts";

const run = "0198c5a0-0000-7000-8000-000000000001";
const stolen = (of: string = people.bob.key.keyid) => ({ entry: { kind: "key", value: of, reason: "it was stolen" } });

function write(desk: RevocationDesk, more: Partial<RevokeOrder> = {}) {
  const { listFile, place } = desk;
  return revoke({ listFile, signer: people.carol.signer, ...more }, place);
}

t.test("a first list has no entries and no predecessor, and is to be renewed in 30 days", async (t) => {
  const desk = revocationDesk(t);
  t.match(value(await write(desk)), { sequence: 1, entries: 0, nextUpdate: after(30 * 86_400_000) });
  t.strictSame(desk.read(), {
    entries: [],
    issuedAt: after(0),
    nextUpdate: after(30 * 86_400_000),
    schema: "packrun.revocations/v1",
    sequence: 1,
    trustDomain: "acme-prod",
  });
  t.equal(code(await heldRevocations(desk.root, desk.place)), "ok");
});

t.test("each snapshot has all entries in order, names the one before by digest, and is kept", async (t) => {
  const desk = revocationDesk(t);
  value(await write(desk, { entry: { kind: "run", value: run, reason: "the wrong customer" } }));
  const first = readFileSync(desk.listFile);
  desk.place.at += 1000;
  value(await write(desk, stolen()));
  t.match(desk.read(), {
    sequence: 2,
    issuedAt: after(1000),
    previousDigest: digestOf(first, sha256),
    entries: [
      { kind: "key", value: people.bob.key.keyid, reason: "it was stolen", revokedAt: after(1000) },
      { kind: "run", value: run, reason: "the wrong customer", revokedAt: after(0) },
    ],
  });
  t.same(readFileSync(join(desk.dir, "1.revocations.json")), first);
  t.ok(existsSync(join(desk.dir, "2.revocations.json.sigstore.json")));
  desk.place.at += 1000;
  t.match(value(await write(desk)), { sequence: 3, entries: 2 }, "renewed without an entry");
  t.match(value(await heldRevocations(desk.root, desk.place))?.list.document, { sequence: 3 });
});

t.test("the root's policy bounds when it is to be renewed; a time that is over is refused", async (t) => {
  const desk = revocationDesk(t, (document) => {
    document.policy = { revocation: { required: true, maxAgeHours: 2, minSequence: 0 } };
  });
  t.match(value(await write(desk)), { nextUpdate: after(2 * 3_600_000) });
  t.match(value(await write(desk, { nextUpdate: after(1) })), { sequence: 2, nextUpdate: after(1) });
  t.equal(code(await write(desk, { nextUpdate: after(0) })), "REVOKE_TIME");
  desk.place.at += 10;
  t.equal(code(await heldRevocations(desk.root, desk.place)), "REVOCATIONS_STALE");
  t.match(value(await write(desk)), { sequence: 3 }, "a stale list is renewed");
});

t.test("only a revoker of the root signs: held, without bounds, in its window, not revoked", async (t) => {
  const desk = revocationDesk(t);
  const by = async (person: keyof typeof people, at = desk) => write(at, { signer: people[person].signer });
  t.match(await by("alice"), { fault: { code: "REVOKE_SIGNER", message: /does not hold role revoker/ } });
  t.match(await by("mallory"), { fault: { code: "REVOKE_SIGNER" } });
  t.equal(code(await by("retired")), "ok");
  t.equal(code(await write(desk, stolen(people.retired.key.keyid))), "ok");
  t.match(await by("retired"), { fault: { code: "REVOKE_SIGNER", message: /it was stolen/ } });
  desk.place.at = Date.UTC(2026, 2, 2);
  t.equal(code(await by("carol")), "ok");
  const bounded = revocationDesk(t, (document) => {
    document.roles = { ...document.roles, revoker: { ...document.roles["revoker"], packs: ["acme/*"] } as never };
  });
  t.match(await by("carol", bounded), { fault: { code: "REVOKE_SIGNER", message: /without bounds/ } });
  const late = revocationDesk(t);
  late.place.at = Date.UTC(2026, 2, 2);
  t.match(await by("retired", late), { fault: { code: "REVOKE_SIGNER", message: /valid from/ } });
  t.notOk(existsSync(late.listFile));
});

t.test("what is revoked is not revoked again", async (t) => {
  const desk = revocationDesk(t);
  value(await write(desk, stolen()));
  t.match(await write(desk, stolen()), { fault: { code: "REVOKED_ALREADY", data: { revokedAt: after(0) } } });
  t.equal(desk.read().sequence, 1);
});

t.test("a broken, older or lost list is never continued", async (t) => {
  const desk = revocationDesk(t);
  value(await write(desk));
  const [first, sidecar] = [desk.listFile, `${desk.listFile}.sigstore.json`].map((path) => readFileSync(path));
  value(await write(desk, stolen()));
  writeFileSync(desk.listFile, first ?? "");
  writeFileSync(`${desk.listFile}.sigstore.json`, sidecar ?? "");
  t.equal(code(await write(desk)), "REVOCATIONS_ROLLBACK");
  writeFileSync(desk.listFile, "{}");
  t.equal(code(await write(desk)), "REVOCATIONS_SHAPE");
  rmSync(desk.listFile);
  t.equal(code(await write(desk)), "REVOCATIONS_MISSING");
  rmSync(desk.rootFile);
  t.equal(code(await write(desk)), "TRUST_FILE");
  writeFileSync(desk.rootFile, "{}");
  t.equal(code(await write(desk)), "TRUST_ROOT_SHAPE");
});

t.test("many at once all come to stand in the list", async (t) => {
  const desk = revocationDesk(t);
  const names = (["alice", "bob", "runner", "rooty"] as const).map((person) => people[person].key.keyid);
  const written = await Promise.all(names.map((keyid) => write(desk, stolen(keyid))));
  t.strictSame(written.map(code), ["ok", "ok", "ok", "ok"]);
  t.equal(desk.read().sequence, 4);
  t.equal(desk.read().entries.length, 4);
});

const rooted = { skip: process.getuid?.() === 0 ? false : "only root mounts file systems" };

t.test("what was revoked is revoked although there is no room to remember it", rooted, async (t) => {
  const desk = revocationDesk(t);
  const trust = join(desk.place.settings.stateFolder, "trust");
  mkdirSync(trust);
  t.equal(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", trust]).status, 0);
  t.teardown(() => spawnSync("umount", ["-l", trust]));
  value(await write(desk));
  const remembered = (): unknown => JSON.parse(readFileSync(join(trust, "seen.json"), "utf8"));
  const of = (sequence: number) => ({ revocations: { "acme-prod": { sequence } } });
  t.match(remembered(), of(1));
  const ballast = join(trust, "ballast");
  t.throws(() => writeFileSync(ballast, Buffer.alloc(1 << 17)), { code: "ENOSPC" });
  // One page is left: the journal of the lock takes it, and the record has none.
  truncateSync(ballast, statSync(ballast).size - 4096);
  t.equal(code(await write(desk, stolen())), "ok");
  t.equal(code(await write(desk, stolen(people.alice.key.keyid))), "ok", "nor does it keep the next one away");
  t.equal(desk.read().sequence, 3);
  t.match(remembered(), of(1));
  rmSync(ballast);
  t.equal(code(await write(desk)), "ok");
  t.match(remembered(), of(4), "with room it is remembered again");
});

t.test("a list that is remembered already is not written down again", async (t) => {
  const desk = revocationDesk(t);
  value(await write(desk));
  const seen = join(desk.place.settings.stateFolder, "trust", "seen.json");
  const before = statSync(seen).ino;
  const list = value(readRevocations(readFileSync(desk.listFile), sha256));
  t.equal(code(await admitUnderLock(desk.place.settings.stateFolder, list)), "ok");
  t.equal(statSync(seen).ino, before);
});

t.test("a signer that lies writes nothing", async (t) => {
  const desk = revocationDesk(t);
  const lying = { ...people.carol.signer, sign: people.alice.signer.sign };
  t.equal(code(await write(desk, { signer: lying })), "SIGNER_RESULT");
  t.notOk(existsSync(desk.listFile));
});

t.test("kinds, values and reasons are held to their forms, with help", async (t) => {
  const order = (kind: string, of: string, reason = "why") => newRevocation({ kind, value: of, reason }, after(0));
  const digest = digestOf(new Uint8Array(), sha256);
  for (const [kind, of] of [
    ["pack", digest],
    ["pack", "acme/promote@1.4.0"],
    ["plan", digest],
    ["payload", digest],
    ["key", people.bob.key.keyid],
    ["run", run],
  ] as const) {
    t.equal(code(order(kind, of)), "ok");
  }
  t.equal(code(order("user", "alice")), "REVOKE_KIND");
  t.equal(code(order("constructor", "alice")), "REVOKE_KIND");
  for (const kind of ["pack", "plan", "payload", "key", "run"]) {
    t.match(order(kind, "last"), { fault: { code: "REVOKE_VALUE", message: /give/ } }, kind);
  }
  t.equal(code(order("run", run, " ")), "REVOKE_REASON");
  t.equal(code(order("run", run, "x".repeat(4097))), "REVOKE_REASON");
  t.equal(START, Date.parse(after(0)));
});
