import t from "tap";
import { holdersOf, standingOf, type Scope } from "#trust/role.ts";
import { people, role, rootOf } from "./world.ts";

const root = rootOf((document) => {
  document.roles = {
    ...document.roles,
    bounded: { ...role("bob"), packs: ["acme/tool", "beta/*"], tenants: ["t1", "team-*"], gates: ["*"] },
    nowhere: { ...role("bob"), gates: [] },
  };
});
const standing = (roles: readonly string[], scope: Scope): string =>
  standingOf(root, people.bob.key.keyid, roles, scope).kind;
const here: Scope = { pack: "acme/tool", tenant: "t1", gate: "ok" };

t.test("a role without bounds holds everywhere", async (t) => {
  t.equal(standingOf(root, people.carol.key.keyid, ["approver-security"], {}).kind, "held");
});

t.test("a bounded role holds where each of its bounds covers what is asked", async (t) => {
  t.equal(standing(["bounded"], here), "held");
  t.equal(standing(["bounded"], { ...here, pack: "beta/any" }), "held");
  t.equal(standing(["bounded"], { ...here, tenant: "team-7" }), "held");
  t.equal(standing(["bounded"], { ...here, pack: "acme/tools" }), "outOfScope");
  t.equal(standing(["bounded"], { ...here, pack: "beta" }), "outOfScope");
  t.equal(standing(["bounded"], { ...here, tenant: "t10" }), "outOfScope");
});

t.test("what is not said is not covered, and an empty bound covers nothing", async (t) => {
  t.equal(standing(["bounded"], { pack: "acme/tool", tenant: "t1" }), "outOfScope");
  t.equal(standing(["nowhere"], here), "outOfScope");
});

t.test("the first role in scope counts; one out of scope is told only when none holds", async (t) => {
  const found = standingOf(root, people.bob.key.keyid, ["nowhere", "approver-security", "bounded"], here);
  t.strictSame(found, { kind: "held", role: "bounded" });
  t.strictSame(standingOf(root, people.bob.key.keyid, ["approver-security", "nowhere"], here), {
    kind: "outOfScope",
    role: "nowhere",
    bound: "gates",
  });
});

t.test("names that every object has are no roles", async (t) => {
  t.equal(standing(["constructor", "toString", "__proto__"], here), "none");
  t.equal(holdersOf(root, ["constructor", "__proto__", "absent"]).size, 0);
  t.strictSame([...holdersOf(root, ["run-attestor"])], [people.runner.key.keyid]);
});
