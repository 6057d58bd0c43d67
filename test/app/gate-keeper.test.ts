import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { planCodes } from "#plan/codes.ts";
import { finishedRun, samplePlan, type World } from "./sealed-world.ts";

/** Codes of the decisions that were refused while the stored copies compiled to this. */
async function refusals(recompile: () => Result<Uint8Array>): Promise<readonly string[]> {
  return refusalsOf(await finishedRun({ recompile }));
}

async function refusalsOf({ identity, ports }: World): Promise<readonly string[]> {
  const codes: string[] = [];
  for await (const event of ports.ledger.read(identity)) {
    if (event.eventType === "gate.refused") {
      codes.push(event.metadata.code);
    }
  }
  return codes;
}

t.test("decisions are held to what the stored copies compile to now, never to a stored hash", async (t) => {
  t.same(await refusals(() => ok(canonicalBytes(samplePlan()))), []);
  const other = canonicalBytes(samplePlan({ required: 1 }));
  t.same(await refusals(() => ok(other)), ["APPROVAL_WRONG_PLAN", "APPROVAL_WRONG_PLAN"]);
});

t.test("where the stored copies do not compile any more, no decision counts", async (t) => {
  const drift = faultOf(planCodes, "PLAN_DRIFT", { node: "pack.yaml", pointer: "/pack/digest" });
  t.same(await refusals(() => fail(drift)), ["APPROVAL_WRONG_PLAN", "APPROVAL_WRONG_PLAN"]);
  const gone = faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "no such device" });
  t.same(await refusals(() => fail(gone)), ["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]);
});

t.test("each decision is held to the plan of its own moment", async (t) => {
  let asked = 0;
  const plan = canonicalBytes(samplePlan());
  const other = canonicalBytes(samplePlan({ required: 1 }));
  const changing = (): Result<Uint8Array> => ok((asked += 1) > 1 ? other : plan);
  t.same(await refusals(changing), ["APPROVAL_WRONG_PLAN"]);
});

t.test("a well signed response that other tools cannot read as a bundle is refused", async (t) => {
  const changed = (tlogEntries: readonly object[]) => (sidecar: Uint8Array) => {
    const bundle = JSON.parse(Buffer.from(sidecar).toString()) as { readonly verificationMaterial: object };
    const verificationMaterial = { ...bundle.verificationMaterial, tlogEntries };
    return Buffer.from(JSON.stringify({ ...bundle, verificationMaterial }, undefined, 1));
  };
  t.same(await refusalsOf(await finishedRun({ respond: changed([]) })), [], "in the form of another tool");
  const refused = await refusalsOf(await finishedRun({ respond: changed([{}]) }));
  t.same(refused, ["APPROVAL_SIGNATURE", "APPROVAL_SIGNATURE"]);
});
