import t from "tap";
import { eligibleApprovers } from "#trust/eligible-approvers.ts";
import { NOW, role, rootOf, time } from "./world.ts";

const scope = { tenant: "t1", pack: "acme/tool", gate: "ok" };

t.test("whoever holds one of the roles with a key in its window may approve, each named once", async (t) => {
  t.strictSame(eligibleApprovers(rootOf(), ["approver"], scope, NOW), ["alice", "bob"]);
  t.strictSame(eligibleApprovers(rootOf(), ["approver", "approver-security"], scope, NOW), ["alice", "bob", "carol"]);
  t.strictSame(eligibleApprovers(rootOf(), ["approver"], scope, time("2026-02-01T00:00:00.000Z")), [
    "alice",
    "bob",
    "retired",
  ]);
});

t.test("roles that nobody holds, and scopes that no role covers, leave nobody", async (t) => {
  t.strictSame(eligibleApprovers(rootOf(), ["nobody"], scope, NOW), []);
  t.strictSame(eligibleApprovers(rootOf(), ["approver"], { ...scope, tenant: "t2" }, NOW), []);
  t.strictSame(eligibleApprovers(rootOf(), ["approver"], { ...scope, pack: "beta/tool" }, NOW), []);
  const bounded = rootOf((document) => {
    document.roles = { ...document.roles, approver: { ...role("alice"), gates: ["deploy*"] } };
  });
  t.strictSame(eligibleApprovers(bounded, ["approver"], scope, NOW), []);
  t.strictSame(eligibleApprovers(bounded, ["approver"], { ...scope, gate: "deploy-eu" }, NOW), ["alice"]);
});
