import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { checkSuccession } from "#trust/check-succession.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { readRevocations, type Revocations } from "#trust/revocation-list.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, value } from "../attest/signing.ts";

const digest = digestOf(new Uint8Array(), sha256);
const at = "2026-01-05T00:00:00.000Z";
const run = "0198c5a0-0000-7000-8000-000000000001";
const key = `SHA256:${"A".repeat(43)}`;

const document = (more: object = {}): object => ({
  schema: "packrun.revocations/v1",
  trustDomain: "acme-prod",
  sequence: 1,
  issuedAt: at,
  nextUpdate: "2026-02-05T00:00:00.000Z",
  entries: [],
  ...more,
});
const read = (more: object = {}) => readRevocations(canonicalBytes(document(more)), sha256);
const entry = (kind: string, of: string, more: object = {}) => ({
  entries: [{ kind, value: of, reason: "it was stolen", revokedAt: at, ...more }],
});

t.test("a list is exactly its canonical bytes", async (t) => {
  t.equal(code(read()), "ok");
  for (const text of ["", "[1,]", JSON.stringify(document(), undefined, 1), `${JSON.stringify(document())}\n`]) {
    t.equal(code(readRevocations(Buffer.from(text), sha256)), "REVOCATIONS_SYNTAX");
  }
});

t.test("every kind takes values of its own form only", async (t) => {
  const good = [
    ["pack", digest],
    ["pack", "acme/tools/promote@1.4.0-rc.1+build.7"],
    ["plan", digest],
    ["payload", digest],
    ["key", key],
    ["run", run],
  ] as const;
  for (const [kind, of] of good) {
    t.equal(code(read(entry(kind, of))), "ok", `${kind} ${of}`);
  }
  const bad = [
    ["pack", "acme/promote"],
    ["pack", "acme/promote@1.4"],
    ["pack", "Acme@1.0.0"],
    ["pack", `${digest}@1.0.0`],
    ["plan", "acme/promote@1.4.0"],
    ["payload", digest.toUpperCase()],
    ["key", digest],
    ["run", "last"],
    ["user", "alice"],
  ] as const;
  for (const [kind, of] of bad) {
    t.equal(code(read(entry(kind, of))), "REVOCATIONS_SHAPE", `${kind} ${of}`);
  }
});

t.test("members are closed, and the rules between them are held", async (t) => {
  const twice = { entries: [...entry("run", run).entries, ...entry("run", run, { reason: "again" }).entries] };
  const wrong = [
    { extra: 1 },
    { sequence: 0 },
    { sequence: 2 },
    { previousDigest: digest },
    { nextUpdate: at },
    { issuedAt: "2026-01-05" },
    { schema: "packrun.revocations/v2" },
    { trustDomain: "Acme" },
    entry("run", run, { reason: "" }),
    entry("run", run, { reason: "x".repeat(4097) }),
    entry("run", run, { revokedAt: null }),
    entry("run", run, { until: at }),
    twice,
  ];
  for (const more of wrong) {
    t.equal(code(read(more)), "REVOCATIONS_SHAPE", JSON.stringify(more).slice(0, 60));
  }
  t.equal(code(read({ sequence: 2, previousDigest: digest })), "ok");
});

t.test("the first that is revoked is told, in one order; nothing is revoked by no list", async (t) => {
  const pack = { name: "acme/promote", version: "1.4.0", digest };
  const all = { run, plan: digest, pack, key, payload: digest };
  const entries = [
    ...entry("payload", digest).entries,
    ...entry("key", key).entries,
    ...entry("pack", "acme/promote@1.4.0").entries,
    ...entry("plan", digest).entries,
    ...entry("run", run).entries,
  ];
  for (const expected of ["REVOKED_RUN", "REVOKED_PLAN", "REVOKED_PACK", "REVOKED_KEY", "REVOKED_PAYLOAD"]) {
    const list = value(read({ entries }));
    t.match(findRevoked(list, all), { code: expected, message: /it was stolen/ });
    t.equal(findRevoked(list, {}), undefined, "nothing is asked");
    entries.pop();
  }
  t.equal(findRevoked(value(read()), all), undefined);
  t.equal(findRevoked(undefined, all), undefined);
  const plan = value(read(entry("plan", digest)));
  t.equal(findRevoked(plan, { payload: digest }), undefined, "a digest of one kind is none of another");
});

t.test("a list follows the last one: never an older one, never another history", async (t) => {
  const list = (sequence: number, more: object = {}): Revocations =>
    value(read({ sequence, ...(sequence === 1 ? {} : { previousDigest: digest }), ...more }));
  const last = { sequence: 4, digest: list(4).digest };
  t.equal(code(checkSuccession(list(4), undefined)), "ok", "the first that is seen");
  t.equal(code(checkSuccession(list(4), last)), "ok", "the same again");
  t.equal(code(checkSuccession(list(3), last)), "REVOCATIONS_ROLLBACK");
  t.equal(code(checkSuccession(list(4, { issuedAt: "2026-01-06T00:00:00.000Z" }), last)), "REVOCATIONS_FORKED");
  t.equal(code(checkSuccession(list(5), last)), "REVOCATIONS_FORKED", "it names another predecessor");
  t.equal(code(checkSuccession(list(5, { previousDigest: last.digest }), last)), "ok");
  t.equal(code(checkSuccession(list(6), last)), "ok", "one in between was missed");
});
