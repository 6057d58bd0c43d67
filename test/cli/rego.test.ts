import { readFileSync } from "node:fs";
import t from "tap";
import { moduleDigest } from "../policy/rego-module.ts";
import { answerOf, Place } from "./place.ts";

const module = readFileSync(new URL("../policy/rego/decisions.wasm", import.meta.url));
const asking = readFileSync(new URL("../policy/rego/asking.wasm", import.meta.url));

const template = `{"channel": "\${{ values.channel }}", "limit": \${{ values.limit }}}\n`;
const schema = JSON.stringify({
  $id: "https://acme.example/settings.json",
  type: "object",
  required: ["channel", "limit"],
  properties: { channel: { enum: ["beta", "stable"] }, limit: { $ref: "#/$defs/limit" } },
  $defs: { limit: { type: "integer", maximum: 10 } },
  additionalProperties: false,
});

/** A pack that renders settings, validates them, and lets a Rego policy decide on a scan. */
function packAt(place: Place, entrypoint = "packrun/allow", files: { readonly module?: Uint8Array } = {}): string {
  place.write("gated/policies/licences.wasm", files.module ?? module);
  place.write("gated/templates/settings.json", template);
  place.write("gated/schemas/settings.json", schema);
  return place.pack("gated", {
    inputs: {
      limit: { type: "integer", default: 3 },
      channel: { type: "string", default: "beta" },
      allowed: { type: "array", default: ["MIT"] },
      threshold: { type: "integer", default: 0 },
    },
    policies: { licences: { engine: "rego", module: "./policies/licences.wasm", entrypoint } },
    steps: [
      {
        id: "settings",
        run: {
          uses: "file.render",
          with: {
            template: "./templates/settings.json",
            values: { channel: "${{ inputs.channel }}", limit: "${{ inputs.limit }}" },
          },
        },
      },
      {
        id: "valid",
        run: {
          uses: "schema.validate",
          with: { document: "${{ steps.settings.outputs.file }}", schema: "./schemas/settings.json" },
        },
      },
      {
        id: "scan",
        run: { script: `printf '{"critical": 0, "licences": ["MIT", "GPL-3.0"]}' > "$PACKRUN_OUTPUT"` },
        outputs: { critical: { type: "integer" }, licences: { type: "array" } },
      },
      { id: "gate", gate: { policy: "licences", with: { threshold: "${{ inputs.threshold }}" } } },
      { id: "after", run: { command: ["echo", "on"] } },
    ],
    outputs: { settings: { from: "${{ steps.valid.outputs.document }}" } },
  });
}

t.test("a Rego policy lets a run pass or denies it, and its evidence verifies", async (t) => {
  const place = new Place(t);
  packAt(place);
  const denied = await place.packrun("run", "gated", "--json");
  t.equal(denied.code, 5, denied.err);
  t.match(answerOf(denied), { status: "failed", reason: "POLICY_DENIED" });
  const ran = await place.packrun("run", "gated", "-i", "threshold=1", "--json", "-o", "out");
  t.equal(ran.code, 0, ran.err);
  const { runId, evidence } = answerOf(ran);
  t.equal(readFileSync(place.here("out/settings"), "utf8"), '{"channel": "beta", "limit": 3}\n');
  const plan = JSON.parse(readFileSync(`${evidence}/plan.canonical.json`, "utf8")) as object;
  t.match(plan, {
    policies: {
      licences: {
        engine: "rego",
        module: "policies/licences.wasm",
        entrypoint: "packrun/allow",
        digest: moduleDigest(module),
      },
    },
    steps: [{ files: [{ path: "templates/settings.json" }] }, { files: [{ path: "schemas/settings.json" }] }],
  });
  const verified = await place.packrun("verify", runId);
  t.equal(verified.code, 0, verified.out + verified.err);
  t.match(verified.out, /conditions +expressions and policies are not evaluated again/);
  t.match(verified.out, /policies +1 contexts?, each the recorded one/);
});

t.test("a Rego policy that gives no boolean halts the run, and says why in the ledger", async (t) => {
  const place = new Place(t);
  packAt(place, "packrun/number");
  const ran = await place.packrun("run", "gated", "--json");
  t.equal(ran.code, 5, ran.err);
  const { runId, status, reason } = answerOf(ran);
  t.match({ status, reason }, { status: "failed", reason: "POLICY_UNDECIDED" });
  const ledger = readFileSync(place.here(".packrun/runs", runId, "ledger.jsonl"), "utf8");
  t.match(ledger, /policies\/licences\.wasm: packrun\/number gave a number, not true or false/);
});

t.test("what is rendered wrong is not validated, and the run ends with its place", async (t) => {
  const place = new Place(t);
  packAt(place);
  const ran = await place.packrun("run", "gated", "-i", "limit=11", "--json");
  t.equal(ran.code, 1, ran.err);
  const { runId, reason } = answerOf(ran);
  t.equal(reason, "SCHEMA_MISMATCH");
  const ledger = readFileSync(place.here(".packrun/runs", runId, "ledger.jsonl"), "utf8");
  t.match(ledger, /at \/limit: must be <= 10/);
});

t.test("a module that asks for more than its input is refused when the pack is linted, where it stands", async (t) => {
  const place = new Place(t);
  packAt(place, "packrun/timely", { module: asking });
  const { code, out, err } = await place.packrun("lint", "gated");
  t.match({ code, out: out + err }, { code: 3, out: /error\[POLICY_BUILTIN\][^]*http\.send[^]*time\.now_ns/ });
});
