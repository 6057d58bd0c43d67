import t from "tap";
import { digestOf } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { celPolicyEngine } from "#policy/cel-policy-engine.ts";
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
