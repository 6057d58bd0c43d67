import { rmSync, writeFileSync } from "node:fs";
import t from "tap";
import type { RequestTrust } from "#app/run-trust.ts";
import { admitPlanned, admitResumed, admitStart, keysOf } from "#app/trust-admission.ts";
import { digestOf } from "#canon/digest.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code } from "../attest/signing.ts";
import { people } from "../trust/world.ts";
import { revocationDesk, type RevocationDesk } from "./revocation-desk.ts";

const planHash = digestOf(Buffer.from("plan"), sha256);
const pack = { name: "acme/promote", version: "1.4.0", digest: digestOf(Buffer.from("pack"), sha256) };
const plan = { pack, planHash };
const runId = "0198c5a0-0000-7000-8000-000000000001";

const trust = ({ root }: RevocationDesk): RequestTrust =>
  ({ root, requester: people.carol.signer, attestor: people.runner.signer }) as unknown as RequestTrust;

const all = async (desk: RevocationDesk): Promise<readonly string[]> => [
  code(await admitPlanned(plan, desk.place)),
  code(await admitStart(plan, trust(desk), desk.place)),
  code(await admitResumed({ ...plan, runId }, keysOf(trust(desk)), desk.root, desk.place)),
];

t.test("what nobody revoked is planned, started and resumed", async (t) => {
  const desk = revocationDesk(t);
  t.strictSame(await all(desk), ["ok", "ok", "ok"]);
  await desk.put({ entries: [["key", people.bob.key.keyid]] });
  t.strictSame(await all(desk), ["ok", "ok", "ok"]);
});

t.test("a revoked pack or plan is neither planned nor run; a revoked run is not resumed", async (t) => {
  const cases = [
    ["pack", pack.digest, ["REVOKED_PACK", "REVOKED_PACK", "REVOKED_PACK"]],
    ["pack", `${pack.name}@${pack.version}`, ["REVOKED_PACK", "REVOKED_PACK", "REVOKED_PACK"]],
    ["plan", planHash, ["REVOKED_PLAN", "REVOKED_PLAN", "REVOKED_PLAN"]],
    ["run", runId, ["ok", "ok", "REVOKED_RUN"]],
  ] as const;
  for (const [kind, value, expected] of cases) {
    const desk = revocationDesk(t);
    await desk.put({ entries: [[kind, value]] });
    t.strictSame(await all(desk), expected, kind);
  }
});

t.test("a revoked key of requester or attestor starts and resumes nothing", async (t) => {
  for (const person of ["carol", "runner"] as const) {
    const desk = revocationDesk(t);
    await desk.put({ entries: [["key", people[person].key.keyid]] });
    t.strictSame(await all(desk), ["ok", "REVOKED_KEY", "REVOKED_KEY"], person);
  }
});

t.test("without the list that is demanded, or with one that does not hold, nothing is planned or run", async (t) => {
  const desk = revocationDesk(t, (document) => {
    document.policy = { revocation: { required: true, maxAgeHours: 1000, minSequence: 0 } };
  });
  t.strictSame(await all(desk), Array(3).fill("REVOCATIONS_MISSING"));
  await desk.put({}, people.alice.signer);
  t.strictSame(await all(desk), Array(3).fill("ROLE_NOT_HELD"));
  await desk.put();
  t.strictSame(await all(desk), Array(3).fill("ok"));
  desk.place.at = Date.UTC(2026, 3, 1);
  t.strictSame(await all(desk), Array(3).fill("REVOCATIONS_STALE"));
});

t.test("a version below the root's least is neither planned nor started; a run of it may end", async (t) => {
  const desk = revocationDesk(t, (document) => {
    document.policy = { minVersion: { [pack.name]: "2.0.0" } };
  });
  t.strictSame(await all(desk), ["PACK_BELOW_MINIMUM", "PACK_BELOW_MINIMUM", "ok"]);
});

t.test("under a root that has expired nothing is planned or started; a run of it may end", async (t) => {
  const desk = revocationDesk(t);
  desk.place.at = Date.UTC(2027, 0, 1);
  t.strictSame(await all(desk), ["TRUST_ROOT_EXPIRED", "TRUST_ROOT_EXPIRED", "ok"]);
});

t.test(
  "a plan is held to the root that is there: none in a fresh place, one that cannot be read by nobody",
  async (t) => {
    const desk = revocationDesk(t);
    const { stateFolder } = desk.place.settings;
    t.equal(code(await admitPlanned(plan, { ...desk.place, settings: { stateFolder } })), "ok");
    writeFileSync(desk.rootFile, "{}");
    t.equal(code(await admitPlanned(plan, desk.place)), "TRUST_ROOT_SHAPE");
    rmSync(desk.rootFile);
    t.equal(code(await admitPlanned(plan, desk.place)), "TRUST_FILE");
  },
);
