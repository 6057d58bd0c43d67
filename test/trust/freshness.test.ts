import t from "tap";
import { checkKeyWindow, checkRollback, checkRootExpiry, needsRevocations } from "#trust/freshness.ts";
import { code } from "../attest/signing.ts";
import { people, rootOf, time } from "./world.ts";

const root = rootOf();

t.test("a root holds until right before its expiry", async (t) => {
  t.equal(code(checkRootExpiry(root, time("2026-12-31T23:59:59.999Z"))), "ok");
  t.equal(code(checkRootExpiry(root, time("2027-01-01T00:00:00.000Z"))), "TRUST_ROOT_EXPIRED");
});

t.test("a key is valid from the first moment of its window until right before the last", async (t) => {
  const key = root.keys.get(people.retired.key.keyid);
  t.ok(key);
  const at = (text: string): string => (key === undefined ? "" : code(checkKeyWindow(key, time(text))));
  t.equal(at("2025-12-31T23:59:59.999Z"), "KEY_WINDOW");
  t.equal(at("2026-01-01T00:00:00.000Z"), "ok");
  t.equal(at("2026-02-28T23:59:59.999Z"), "ok");
  t.equal(at("2026-03-01T00:00:00.000Z"), "KEY_WINDOW");
});

t.test("a lower version than one that was seen is a rollback", async (t) => {
  const newer = rootOf((document) => {
    document.version = 8;
  });
  t.equal(code(checkRollback(root, newer)), "TRUST_ROOT_ROLLBACK");
  t.equal(code(checkRollback(root, root)), "ok");
  t.equal(code(checkRollback(root, undefined)), "ok");
});

t.test("revocations are needed where the policy requires them", async (t) => {
  t.notOk(needsRevocations(root));
  const revocation = { required: true, maxAgeHours: 168, minSequence: 12 };
  t.ok(needsRevocations(rootOf((document) => (document.policy = { revocation }))));
  t.notOk(
    needsRevocations(rootOf((document) => (document.policy = { revocation: { ...revocation, required: false } }))),
  );
});
