import { rmSync, writeFileSync } from "node:fs";
import t from "tap";
import type { RequestTrust } from "#app/run-trust.ts";
import { admitPlanned, admitResumed, admitStart, keysOf } from "#app/trust-admission.ts";
import { digestOf } from "#canon/digest.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import type { RoleEntry } from "#trust/trust-root.ts";
import { code } from "../attest/signing.ts";
import { keyEntry, people, role, time, type Document, type Person } from "../trust/world.ts";
import { revocationDesk, type RevocationDesk } from "./revocation-desk.ts";

const planHash = digestOf(Buffer.from("plan"), sha256);
const pack = { name: "acme/promote", version: "1.4.0", digest: digestOf(Buffer.from("pack"), sha256) };
const plan = { pack, planHash };
const starting = { ...plan, tenantId: "t1" };
const runId = "0198c5a0-0000-7000-8000-000000000001";

const trust = ({ root }: RevocationDesk): RequestTrust =>
  ({ root, requester: people.carol.signer, attestor: people.runner.signer }) as unknown as RequestTrust;

const all = async (desk: RevocationDesk): Promise<readonly string[]> => [
  code(await admitPlanned(plan, desk.place)),
  code(await admitStart(starting, trust(desk), desk.place)),
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

type Change = (document: Document) => void;
type RoleName = "requester" | "run-attestor";

/** The world's root, but for the holders and the bounds of one role. */
const bounded =
  (name: RoleName, holder: Person, bounds: Partial<RoleEntry> = {}): Change =>
  (document) => {
    document.roles = { ...document.roles, [name]: { ...role(holder), ...bounds } };
  };

t.test("keys that may not sign for this pack and tenant start nothing, as nobody would verify it", async (t) => {
  const cases: readonly (readonly [RoleName, Person, Partial<RoleEntry>, string])[] = [
    ["requester", "runner", {}, "ROLE_NOT_HELD"],
    ["requester", "carol", { packs: ["other/*"] }, "ROLE_SCOPE"],
    ["requester", "carol", { tenants: ["t2"] }, "ROLE_SCOPE"],
    ["requester", "carol", { packs: ["acme/*"], tenants: ["t1"] }, "ok"],
    ["run-attestor", "carol", {}, "ROLE_NOT_HELD"],
    ["run-attestor", "runner", { packs: ["other/*"] }, "ROLE_SCOPE"],
    ["run-attestor", "runner", { tenants: ["t2"] }, "ROLE_SCOPE"],
    ["run-attestor", "runner", { gates: ["*"] }, "ROLE_SCOPE"],
    ["run-attestor", "runner", { packs: [pack.name] }, "ok"],
  ];
  for (const [name, holder, bounds, expected] of cases) {
    const desk = revocationDesk(t, bounded(name, holder, bounds));
    t.strictSame(await all(desk), ["ok", expected, "ok"], `${name} ${holder} ${JSON.stringify(bounds)}`);
  }
});

t.test("the refusal says which role is missing, and for what", async (t) => {
  const refusal = async (...given: Parameters<typeof bounded>): Promise<unknown> => {
    const desk = revocationDesk(t, bounded(...given));
    return admitStart(starting, trust(desk), desk.place);
  };
  t.match(await refusal("requester", "alice"), {
    fault: { message: /^carol .*: requester$/, hint: /`packrun trust add KEY.pub --principal carol --role requester`/ },
  });
  t.match(await refusal("requester", "carol", { packs: ["other/*"] }), {
    fault: { message: /^carol holds role requester, .* its packs /, hint: /acme\/promote in tenant t1/ },
  });
  t.match(await refusal("run-attestor", "alice"), { fault: { hint: /attestor\.key .*run-attestor/ } });
});

t.test("a run that a token asked for needs the attestor's role alone", async (t) => {
  const token = { issuer: "https://id.acme.example", subject: "ci" };
  const asked = async (...given: Parameters<typeof bounded>): Promise<string> => {
    const desk = revocationDesk(t, bounded(...given));
    const { root, attestor } = trust(desk);
    return code(await admitStart(starting, { ...trust(desk), root, requester: attestor, token }, desk.place));
  };
  t.equal(await asked("requester", "carol"), "ok");
  t.equal(await asked("run-attestor", "runner", { packs: ["other/*"] }), "ROLE_SCOPE");
});

t.test("a key that is out of its window, or in no root, starts nothing", async (t) => {
  for (const person of ["carol", "runner"] as const) {
    const desk = revocationDesk(t, (document) => {
      const ended = { validUntil: time("2026-01-05T00:00:00.000Z") };
      document.keys = { ...document.keys, ...keyEntry(person, person, ended) };
    });
    t.strictSame(await all(desk), ["ok", "KEY_WINDOW", "ok"], person);
  }
  const desk = revocationDesk(t);
  const unknown = { ...trust(desk), requester: people.mallory.signer };
  t.equal(code(await admitStart(starting, unknown, desk.place)), "REQUESTER_KEY");
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
