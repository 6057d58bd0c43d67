import t from "tap";
import { canonicalBytes, canonicalJson } from "#canon/canonical-json.ts";
import { digestOf, digestOfJson } from "#canon/digest.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { inputDigests } from "#plan/input-digests.ts";
import { inputsLock, lockedInputs, readInputsLock } from "#plan/inputs-lock.ts";
import { digestOfDigits, packAround, planOf, sampleInputs, sha256 } from "./sample-plan.ts";

const plan = planOf(packAround('- {id: a, env: {T: {secret: token}}, run: {command: ["true"]}}'), sampleInputs);
const planHash = digestOf(canonicalBytes(plan), sha256);
const tenantId = parseTenantId("default") as TenantId;
const request = {
  plan,
  planHash,
  tenantId,
  sources: { channel: "cli", count: "file", ratio: "api" } as const,
  providers: new Map([
    ["token", "env"],
    ["spare", "file"],
  ]),
  sha256,
};

t.test("the lock holds every value with its digest and source, and used secrets by their provider alone", async (t) => {
  const bytes = inputsLock(request);
  const value = (name: string, source: string): unknown => {
    const input = plan.inputs[name];
    return input === undefined || !("value" in input)
      ? undefined
      : { type: input.type, source, digest: digestOfJson(input.value, sha256), value: input.value };
  };
  t.equal(
    new TextDecoder().decode(bytes),
    canonicalJson({
      schema: "packrun.inputs-lock/v1",
      planHash,
      tenantId: "default",
      inputs: {
        archive: { type: "file", source: "default", digest: digestOfDigits("aa") },
        tree: { type: "directory", source: "default", digest: digestOfDigits("bb") },
        channel: value("channel", "cli"),
        count: value("count", "file"),
        ratio: value("ratio", "api"),
        dry: value("dry", "default"),
        hosts: value("hosts", "default"),
        settings: value("settings", "default"),
      },
      secrets: { token: { provider: "env", redacted: true } },
    }),
  );
});

t.test("another provider of a secret is another lock of the same plan; no reference, no entry", async (t) => {
  const other = inputsLock({ ...request, providers: new Map([["token", "file"]]) });
  t.notSame(other, inputsLock(request));
  const none = readInputsLock(inputsLock({ ...request, providers: new Map() }));
  t.match(none, { ok: true, value: { secrets: {} } });
});

t.test("a lock gives back the inputs that it was made of", async (t) => {
  const lock = readInputsLock(inputsLock(request));
  t.ok(lock.ok);
  if (lock.ok) {
    t.strictSame(lockedInputs(lock.value, plan, sha256), { ok: true, value: plan.inputs });
    t.match(lockedInputs(lock.value, undefined, sha256), { ok: true, value: { archive: { name: "", size: 0 } } });
  }
});

t.test("a changed or foreign lock is refused", async (t) => {
  const refused = (bytes: Uint8Array): unknown => {
    const lock = readInputsLock(bytes);
    const inputs = lock.ok ? lockedInputs(lock.value, plan, sha256) : lock;
    return inputs.ok ? undefined : inputs.fault.code;
  };
  const lock = JSON.parse(new TextDecoder().decode(inputsLock(request))) as {
    readonly inputs: Readonly<Record<string, object>>;
  };
  t.equal(refused(canonicalBytes(lock)), undefined);
  t.equal(refused(new TextEncoder().encode("{")), "INPUTS_LOCK_FILE");
  t.equal(refused(new TextEncoder().encode(JSON.stringify(lock, undefined, 1))), "INPUTS_LOCK_FILE");
  t.equal(refused(canonicalBytes({ ...lock, more: 1 })), "INPUTS_LOCK_FILE");
  const changed = { ...lock.inputs, channel: { ...lock.inputs["channel"], value: "stable" } };
  t.equal(refused(canonicalBytes({ ...lock, inputs: changed })), "INPUTS_LOCK_FILE");
  const { value: _value, ...bare } = lock.inputs["channel"] as { readonly value?: unknown };
  t.equal(refused(canonicalBytes({ ...lock, inputs: { ...lock.inputs, channel: bare } })), "INPUTS_LOCK_FILE");
});

t.test("the digests that approvers see are those of the lock, by name", async (t) => {
  const lock = readInputsLock(inputsLock(request));
  const digests = inputDigests(plan, sha256);
  t.strictSame(
    digests.map(({ name }) => name),
    Object.keys(plan.inputs).sort(),
  );
  t.ok(lock.ok && digests.every(({ name, digest }) => lock.value.inputs[name]?.digest === digest));
});
