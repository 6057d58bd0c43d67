import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { planCodes } from "#plan/codes.ts";
import { checkRevocations, type SignedRevocations } from "#trust/check-revocations.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { revocationCodes } from "#trust/revocation-codes.ts";
import { revocations } from "../trust/sample-revocations.ts";
import {
  finishedRun,
  keys,
  LATER,
  must,
  rootBytes,
  samplePlan,
  sha256,
  verifySignature,
  type World,
} from "./sealed-world.ts";

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

t.test(
  "a key that is revoked before it decides is refused, one that is revoked before the gate passes loses its decision",
  async (t) => {
    const list = async (person: "approver-1" | "approver-2"): Promise<Result<SignedRevocations>> => {
      const files = await revocations(keys.root, { entries: [["key", keys[person].keyid]] });
      const trustRoot = must(readTrustRoot(rootBytes(), sha256));
      return checkRevocations(files, { trustRoot, at: LATER, verifySignature, sha256 });
    };
    const first = await list("approver-1");
    const early = await finishedRun({ revocations: () => Promise.resolve(first) });
    t.same(await refusalsOf(early), ["APPROVAL_REVOKED"]);
    let asked = 0;
    const later = await finishedRun({ revocations: () => Promise.resolve((asked += 1) > 2 ? first : ok(undefined)) });
    const voided: (string | undefined)[] = [];
    const decisions: string[] = [];
    for await (const event of later.ports.ledger.read(later.identity)) {
      if (event.eventType === "gate.refused") {
        voided.push(event.metadata.code, event.metadata.commandId);
      } else if (event.eventType === "gate.decision") {
        decisions.push(event.metadata.commandId);
      }
    }
    t.same(voided, ["APPROVAL_REVOKED", decisions[0]], "when the gate would have passed");
  },
);

t.test("without a list that can be relied on, no decision is taken, and the hint says why", async (t) => {
  const stale = fail(faultOf(revocationCodes, "REVOCATIONS_STALE", { sequence: 3, why: "it is old", at: "now" }));
  const refused = await finishedRun({ revocations: () => Promise.resolve(stale) });
  t.same(await refusalsOf(refused), ["APPROVAL_REVOCATIONS_MISSING", "APPROVAL_REVOCATIONS_MISSING"]);
  for await (const event of refused.ports.ledger.read(refused.identity)) {
    if (event.eventType === "gate.refused") {
      t.match(event.metadata.hint, /sequence 3.*\(REVOCATIONS_STALE\)/);
    }
  }
});
