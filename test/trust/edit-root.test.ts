import t from "tap";
import { nodeSha256 } from "#signer/node-crypto.ts";
import {
  changePolicy,
  firstRoot,
  grantKey,
  removeKey,
  STANDARD_ROLES,
  type FirstRoot,
  type KeyGrant,
  type PolicyChange,
} from "#trust/edit-root.ts";
import { addLog } from "#trust/edit-witnesses.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { code, value } from "../attest/signing.ts";
import { NOW, people, rootOf, time } from "./world.ts";

const first: FirstRoot = {
  trustDomain: "acme-prod",
  rootKeys: [
    { key: people.rooty.key, principal: "rooty" },
    { key: people.carol.key, principal: "carol" },
  ],
  threshold: 2,
  issuedAt: NOW,
  expires: time("2027-06-01T12:00:00.000Z"),
};
const grant = (more: Partial<KeyGrant> = {}): KeyGrant => ({
  key: people.mallory.key,
  principal: "dora",
  roles: ["approver"],
  ...more,
});
const LATER = time("2026-07-01T12:00:00.000Z");

t.test("a first root has every standard role, held by nobody but root", async (t) => {
  const { root, bytes } = value(firstRoot(first, nodeSha256));
  t.strictSame(Object.keys(root.document.roles).toSorted(), [...STANDARD_ROLES].toSorted());
  t.equal(root.document.roles["root"]?.keyids.length, 2);
  t.strictSame(root.document.roles["approver"]?.keyids, []);
  t.strictSame(value(readTrustRoot(bytes, nodeSha256)), root);
});

t.test("a first root that could not be used is refused", async (t) => {
  t.equal(code(firstRoot({ ...first, threshold: 3 }, nodeSha256)), "TRUST_EDIT_INVALID");
  t.equal(code(firstRoot({ ...first, rootKeys: [], threshold: 1 }, nodeSha256)), "TRUST_EDIT_INVALID");
  t.equal(code(firstRoot({ ...first, trustDomain: "Not A Domain" }, nodeSha256)), "TRUST_EDIT_INVALID");
});

t.test("a key that is granted roles stands in the next version, which lives as long as the one before", async (t) => {
  const before = value(firstRoot(first, nodeSha256)).root;
  const { root } = value(grantKey(before, grant({ roles: ["approver", "approver-security"] }), LATER, nodeSha256));
  t.equal(root.document.version, 2);
  t.equal(root.document.issuedAt, LATER);
  t.equal(root.document.expires, "2027-07-01T12:00:00.000Z");
  t.match(root.keys.get(people.mallory.key.keyid), {
    principal: "dora",
    validFrom: LATER,
    validUntil: root.document.expires,
  });
  t.strictSame(root.document.roles["approver-security"], { keyids: [people.mallory.key.keyid], threshold: 1 });
});

t.test("a window that begins after the root's end lasts as long as a root does, unless its end is given", async (t) => {
  const before = value(firstRoot(first, nodeSha256)).root;
  const { keyid } = people.mallory.key;
  const windowOf = (given: Partial<KeyGrant>) => {
    const key = value(grantKey(before, grant(given), LATER, nodeSha256)).root.keys.get(keyid);
    return [key?.validFrom, key?.validUntil];
  };
  const end = "2027-07-01T12:00:00.000Z";
  const validFrom = time("2030-01-01T00:00:00.000Z");
  t.strictSame(windowOf({ validFrom }), [validFrom, "2031-01-01T00:00:00.000Z"]);
  t.strictSame(windowOf({ validFrom: time(end) }), [end, "2028-06-30T12:00:00.000Z"]);
  t.strictSame(windowOf({ validFrom: time("2027-06-30T12:00:00.000Z") }), ["2027-06-30T12:00:00.000Z", end]);
  const validUntil = time("2030-02-01T00:00:00.000Z");
  t.strictSame(windowOf({ validFrom, validUntil }), [validFrom, validUntil]);
  const log = { origin: "log.example/2030", key: people.mallory.key, validFrom };
  t.match(value(addLog(before, log, LATER, nodeSha256)).root.logs, [
    { validFrom, validUntil: "2031-01-01T00:00:00.000Z" },
  ]);
});

t.test("of times that contradict each other the hint says which to give", async (t) => {
  const before = value(firstRoot(first, nodeSha256)).root;
  const validUntil = time("2026-06-15T00:00:00.000Z");
  const validFrom = time("2030-01-01T00:00:00.000Z");
  const log = { origin: "log.example/2030", key: people.mallory.key };
  for (const refused of [
    grantKey(before, grant({ validFrom, validUntil }), LATER, nodeSha256),
    grantKey(before, grant({ validUntil }), LATER, nodeSha256),
    addLog(before, { ...log, validFrom, validUntil }, LATER, nodeSha256),
  ]) {
    t.match(refused, { fault: { code: "TRUST_EDIT_INVALID", hint: /^give a --valid-until that is later/ } });
  }
  const known = value(grantKey(before, grant(), LATER, nodeSha256)).root;
  t.equal(
    code(grantKey(known, grant({ validFrom }), LATER, nodeSha256)),
    "TRUST_EDIT_INVALID",
    "its end was said before",
  );
});

t.test("granting a known key more keeps what it had", async (t) => {
  const before = rootOf();
  const { root } = value(
    grantKey(before, { key: people.bob.key, principal: "bob", roles: ["revoker", "approver"] }, LATER, nodeSha256),
  );
  t.same(root.keys.get(people.bob.key.keyid)?.validFrom, before.keys.get(people.bob.key.keyid)?.validFrom);
  t.strictSame(root.document.roles["approver"], before.document.roles["approver"]);
  t.strictSame(root.document.roles["revoker"]?.keyids, [people.bob.key.keyid]);
});

t.test("a key never changes hands", async (t) => {
  const taken = grantKey(rootOf(), { key: people.bob.key, principal: "eve", roles: ["approver"] }, LATER, nodeSha256);
  t.equal(code(taken), "TRUST_EDIT_PRINCIPAL");
});

t.test("bounds of a role with holders are never changed by adding another", async (t) => {
  const before = rootOf();
  const edit = (more: Partial<KeyGrant>): string => code(grantKey(before, grant(more), LATER, nodeSha256));
  t.equal(edit({ tenants: ["t1", "t2"] }), "TRUST_EDIT_SCOPE");
  t.equal(edit({ roles: ["approver-security"], gates: ["prod"] }), "TRUST_EDIT_SCOPE", "everything was covered before");
  t.equal(edit({ tenants: ["t1"], packs: ["acme/*"] }), "ok", "the same bounds");
  const { root } = value(
    grantKey(before, grant({ roles: ["approver-prod"], gates: ["prod", "b"] }), LATER, nodeSha256),
  );
  t.strictSame(root.document.roles["approver-prod"]?.gates, ["b", "prod"]);
});

t.test("windows can be given, and ones that hold never are refused", async (t) => {
  const validUntil = time("2026-08-01T00:00:00.000Z");
  const { root } = value(grantKey(rootOf(), grant({ validUntil }), LATER, nodeSha256));
  t.equal(root.keys.get(people.mallory.key.keyid)?.validUntil, validUntil);
  t.equal(code(grantKey(rootOf(), grant({ validUntil: NOW }), LATER, nodeSha256)), "TRUST_EDIT_INVALID");
  t.equal(code(grantKey(rootOf(), grant({ roles: ["no role"] }), LATER, nodeSha256)), "TRUST_EDIT_INVALID");
});

t.test("a key that is removed stands nowhere any more", async (t) => {
  const before = rootOf();
  const { keyid } = people.bob.key;
  const { root } = value(removeKey(before, keyid, LATER, nodeSha256));
  t.equal(root.document.version, before.document.version + 1);
  t.equal(root.document.issuedAt, LATER);
  t.notOk(root.keys.has(keyid));
  t.notOk(JSON.stringify(root.document.roles).includes(keyid));
  t.strictSame(root.document.roles["approver"]?.tenants, ["t1"], "its roles keep their bounds");
  t.equal(code(removeKey(before, people.mallory.key.keyid, LATER, nodeSha256)), "TRUST_EDIT_KEY");
  t.equal(code(removeKey(before, "constructor", LATER, nodeSha256)), "TRUST_EDIT_KEY");
  const needed = removeKey(before, people.rooty.key.keyid, LATER, nodeSha256);
  t.equal(code(needed), "TRUST_EDIT_INVALID", "without it the root role cannot reach its threshold");
});

t.test("a policy is changed member by member, and never into one that cannot be read", async (t) => {
  const start = value(firstRoot(first, nodeSha256)).root;
  const change = (more: PolicyChange, from = start) => value(changePolicy(from, more, LATER, nodeSha256)).root;
  const required = change({ revocations: "required" });
  t.equal(required.document.version, 2);
  t.strictSame(required.document.policy, { revocation: { required: true, maxAgeHours: 168, minSequence: 0 } });
  const bounded = change({ maxAgeHours: 24, minVersion: { "acme/a": "2.0.0" } }, required);
  t.strictSame(bounded.document.policy, {
    revocation: { required: true, maxAgeHours: 24, minSequence: 0 },
    minVersion: { "acme/a": "2.0.0" },
  });
  const both = change({ revocations: "optional", minSequence: 9, minVersion: { "acme/b": "1.0.0" } }, bounded);
  t.strictSame(both.document.policy, {
    revocation: { required: false, maxAgeHours: 24, minSequence: 9 },
    minVersion: { "acme/a": "2.0.0", "acme/b": "1.0.0" },
  });
  t.strictSame(change({ revocations: "none" }, required).document.policy, {});
  t.strictSame(change({ rootThreshold: 1 }).document.policy, {}, "what is not asked for is not made up");
  t.equal(change({ rootThreshold: 1 }).document.roles["root"]?.threshold, 1);
  const wrong = [{ rootThreshold: 3 }, { minVersion: { "acme/a": "2" } }, { minVersion: { "Acme A": "2.0.0" } }];
  for (const more of wrong) {
    t.equal(code(changePolicy(start, more, LATER, nodeSha256)), "TRUST_EDIT_INVALID");
  }
});

t.test("anchors that evidence must have stay when another part of the policy changes", async (t) => {
  const anchored = value(changePolicy(rootOf(), { anchors: ["tsa"] }, LATER, nodeSha256)).root;
  const held = value(changePolicy(anchored, { revocations: "required" }, LATER, nodeSha256)).root;
  t.match(held.document.policy, { anchor: { required: ["tsa"] }, revocation: { required: true } });
  t.equal(value(changePolicy(held, { anchors: [] }, LATER, nodeSha256)).root.document.policy?.anchor, undefined);
});
