import t from "tap";
import { digestOf } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { ok } from "#fault/result.ts";
import { celPolicyEngine } from "#policy/cel-policy-engine.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { systemClock } from "../port/system-clock.ts";
import { planOf, policy, run, sha256 } from "../run/sample-plan.ts";
import { rig, success } from "./rig.ts";

t.test("what is declared as number is a double to policies, whatever its value", async (t) => {
  const expression = "inputs.share + 0.5 == 2.5 && steps.measure.outputs.ratio / 2.0 == 1.5";
  const cel = { engine: "cel" as const, expression, digest: digestOf(encodeUtf8(expression), sha256) };
  const plan = planOf([run("measure", { outputs: { ratio: { type: "number" } } }), policy("check")]);
  const made = await rig(
    { ...plan, policies: { fine: cel }, inputs: { share: { type: "number", value: 2 } } },
    () => Promise.resolve(success({ ratio: { type: "number", value: 3 } })),
    { policies: celPolicyEngine() },
  );
  const end = await made.drive();
  t.ok(end.ok && end.value.end === "finished" && end.value.state.status === "succeeded");
  const [evaluated] = (await made.events()).filter((event) => event.eventType === "policy.evaluated");
  t.match(evaluated?.metadata, { allowed: true });
});

t.test("a policy whose module has changed is drift, not a denial", async (t) => {
  const cel = { engine: "cel" as const, expression: "true", digest: digestOf(encodeUtf8("true"), sha256) };
  const plan = { ...planOf([policy("check"), run("last")]), policies: { fine: cel } };
  const changed = { evaluate: () => Promise.resolve({ kind: "changed", why: "m.wasm: gone" } as const) };
  const made = await rig(plan, () => Promise.resolve(success()), { policies: changed });
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "PLAN_DRIFT");
  const drift = (await made.events()).find(({ eventType }) => eventType === "plan.drift");
  t.match(drift?.metadata, { node: "check", pointer: "/policies/fine/digest", hint: "m.wasm: gone" });
  t.notOk((await made.events()).some(({ eventType }) => eventType === "policy.evaluated"));
});

t.test("a stored plan that has changed is drift before a gate as it is before a step", async (t) => {
  const store = memoryRunStore({ clock: systemClock });
  const { ledger } = store;
  let marks = 0;
  const fileMark: typeof ledger.fileMark = () => Promise.resolve(ok(String((marks += 1))));
  const getFile: typeof ledger.getFile = (key, path) =>
    marks > 1 ? Promise.resolve(ok(encodeUtf8("{}"))) : ledger.getFile(key, path);
  const cel = { engine: "cel" as const, expression: "true", digest: digestOf(encodeUtf8("true"), sha256) };
  const plan = { ...planOf([policy("check")]), policies: { fine: cel } };
  const made = await rig(plan, () => Promise.resolve(success()), {
    policies: celPolicyEngine(),
    store: { ...store, ledger: { ...ledger, fileMark, getFile } },
  });
  const end = await made.drive();
  t.ok(end.ok && end.value.state.status === "failed" && end.value.state.reason === "PLAN_DRIFT");
  const drift = (await made.events()).find(({ eventType }) => eventType === "plan.drift");
  t.match(drift?.metadata, { node: "check", hint: /plan\.canonical\.json/ });
});
