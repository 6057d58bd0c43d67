import { createHash, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { LedgerEvent } from "#run/event.ts";
import { passingFolder } from "../app/passing-folder.ts";
import { keys, LATER, rootBytes, samplePlan, sealedRun, type World } from "../app/sealed-world.ts";
import { Place } from "../cli/place.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { chained, eventsOf, filesOf, forge, resign, type Files } from "../verify/bundle-tools.ts";
import { oddBundles } from "../verify/odd-bundles.ts";
import {
  answerOf,
  askBoth,
  codesOf,
  ended,
  missing,
  python,
  pythonVerifier,
  scriptVerifier,
  writeBundle,
} from "./compare-verifiers.ts";
import { askScript } from "./offline/ask-script.ts";
import { askPython } from "./tampered/ask-python.ts";

const source = join(import.meta.dirname, "../../scripts/packs/verify_offline_bundle.py");
const options = missing === undefined ? {} : { skip: `${missing} is missing: the Python verifier was not run` };

const broken = {
  kind: "failed",
  reason: "STEP_EXIT",
  hint: "look",
  exitCode: 3,
  outputs: undefined,
  artifacts: [],
  durationMs: 1,
} as never;
const world: World = await sealedRun();
const good: Files = filesOf(world.folder);
const MANIFEST = "evidence.manifest.json";
const ATTESTATION = `${MANIFEST}.sigstore.json`;

// On a machine that may do much else.
t.setTimeout(900_000);

type Case = {
  readonly files?: Files;
  readonly root?: Uint8Array | "none";
  readonly args?: readonly string[];
  readonly at?: string;
  /** A list that is given beside the bundle. */
  readonly revocations?: { readonly list: Uint8Array; readonly sidecar: Uint8Array };
};

/** Writes a case into a folder; the arguments that ask about it. */
function written(
  folder: string,
  { files = good, root: given, args = [], at = LATER, revocations: own }: Case,
): string[] {
  const all = [writeBundle(join(folder, "bundle"), files), ...args, "--at", at];
  if (given !== "none") {
    writeFileSync(join(folder, "root.json"), given ?? world.trustRoot);
    all.push("--trust", join(folder, "root.json"));
  }
  if (own !== undefined) {
    const path = join(folder, "revocations.json");
    writeFileSync(path, own.list);
    writeFileSync(`${path}.sigstore.json`, own.sidecar);
    all.push("--revocations", path);
  }
  return all;
}

type Asked = { readonly folder: string; readonly args: readonly string[] };

/** Holds both to one answer on everything that is asked, each in one process of its own; the codes of each answer. */
async function agree(t: Test, asked: Readonly<Record<string, Asked>>): Promise<readonly (readonly string[])[]> {
  const all = Object.values(asked).map(({ folder, args }) => ({ folder, args: [...args, "--format", "json"] }));
  const [scripts, others] = await Promise.all([askScript(all.map(({ args }) => args)), askPython(all)]);
  return Object.keys(asked).map((name, index) => {
    const { code = -1, stdout = "", stderr = "" } = others[index] ?? {};
    const script = answerOf(scripts[index] ?? { code: -2, stdout: "" });
    t.strictSame(answerOf({ code, stdout }), script, name, { stderr });
    return codesOf(script);
  });
}

/** What is asked about cases, written below a folder. */
const askedOf = (folder: string, cases: Readonly<Record<string, Case>>): Readonly<Record<string, Asked>> =>
  Object.fromEntries(
    Object.entries(cases).map(([name, given], index) => [
      name,
      { folder, args: written(join(folder, String(index)), given) },
    ]),
  );

/** Holds both to one answer on every case, which fails or is stale with some code. */
async function agreeOnAll(t: Test, cases: Readonly<Record<string, Case>>): Promise<void> {
  const codes = await agree(t, askedOf(passingFolder("cases"), cases));
  for (const [index, name] of Object.keys(cases).entries()) {
    t.ok((codes[index] ?? []).length > 0, `${name}: something is found`);
  }
}

const text = (files: Files, path: string): string => Buffer.from(files.get(path) ?? "").toString();
const replaced = (path: string, bytes: Uint8Array | string): Files => new Map([...good, [path, Buffer.from(bytes)]]);
const edited = (path: string, edit: (text: string) => string): Files => replaced(path, edit(text(good, path)));
const without = (path: string): Files => new Map([...good].filter(([each]) => each !== path));

/** The sidecar at a path with another envelope or signature; nobody signs it anew. */
function sidecar(path: string, edit: (bundle: Sidecar) => unknown): Files {
  const bundle = JSON.parse(text(good, path)) as Sidecar;
  return replaced(path, canonicalBytes(edit(bundle)));
}
type Sidecar = {
  readonly mediaType: string;
  readonly dsseEnvelope: {
    readonly payload: string;
    readonly payloadType: string;
    readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
  };
  readonly verificationMaterial: { readonly publicKey: { readonly hint: string } };
};
const envelope = (edit: (envelope: Sidecar["dsseEnvelope"]) => object) =>
  sidecar(ATTESTATION, (bundle) => ({ ...bundle, dsseEnvelope: edit(bundle.dsseEnvelope) }));
const signature = (edit: (sig: string) => string) =>
  envelope((one) => ({ ...one, signatures: one.signatures.map((each) => ({ ...each, sig: edit(each.sig) })) }));

type Root = {
  readonly keys: Record<string, Record<string, string>>;
  readonly roles: Record<string, Record<string, unknown>>;
};
function root(edit: (root: Root & Record<string, unknown>) => object): Uint8Array {
  const value = JSON.parse(Buffer.from(world.trustRoot).toString()) as Root & Record<string, unknown>;
  return canonicalBytes(edit(value));
}
const withKey = (change: Readonly<Record<string, string>>, person: keyof typeof keys = "attestor") =>
  root((value) => {
    const { keyid } = keys[person];
    return { ...value, keys: { ...value.keys, [keyid]: { ...value.keys[keyid], ...change } } };
  });
const withRole = (name: string, change: object) =>
  root((value) => ({ ...value, roles: { ...value.roles, [name]: { ...value.roles[name], ...change } } }));
const pemOf = (curve: string): string =>
  generateKeyPairSync("ec", { namedCurve: curve }).publicKey.export({ type: "spki", format: "pem" }).toString();

t.test("both give one answer on runs of every kind", options, async (t) => {
  const runs: Readonly<Record<string, World>> = {
    plain: world,
    failed: await sealedRun({ outcome: (id) => (id === "build" ? broken : undefined) }),
    shielded: await sealedRun({ outcome: (id) => (id === "notify" ? broken : undefined) }),
    retried: await sealedRun({ outcome: (id, attempt) => (id === "smoke" && attempt === 1 ? broken : undefined) }),
    "failed in a map": await sealedRun({ outcome: (id) => (id === "push[1]::send" ? broken : undefined) }),
    "cancelled while it waits": await sealedRun({ cancelAt: 3 }),
    "cancelled late": await sealedRun({ cancelAt: 8 }),
    rejected: await sealedRun({ decision: "reject", decide: ["approver-1"] }),
    "with steps taken over": await sealedRun({
      reused: { build: { count: { type: "integer", value: 3 } }, "push[1]::send": {} },
    }),
    unsigned: await sealedRun({ unsigned: true }),
  };
  const folder = t.testdir({});
  const cases = Object.entries(runs).map(([name, run]) => [name, { files: filesOf(run.folder) }] as const);
  const asked = askedOf(folder, Object.fromEntries(cases));
  t.strictSame(
    await agree(t, asked),
    cases.map(() => []),
  );
  // The commands themselves, too.
  const [path = "", ...args] = asked["plain"]?.args ?? [];
  const { script, python: answer, stderr } = await askBoth(path, args);
  t.strictSame(answer, script, "plain", { stderr });
  t.strictSame([script.verdict, codesOf(script)], ["verified", []]);
});

t.test("both give one answer on bundles of real packs, as folders and as archives", options, async (t) => {
  const place = new Place(t);
  const limits = { approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } } };
  const packs = {
    gated: {
      ...limits,
      steps: [
        { id: "ok", gate: { approval: "go" } },
        { id: "a", run: { script: "echo é" } },
      ],
    },
    failing: {
      steps: [
        { id: "a", run: { script: "exit 3" } },
        { id: "b", run: { script: "true" } },
      ],
    },
    wide: { sandbox: { mode: "restricted" }, steps: [{ id: "a", run: { script: "true" } }] },
  };
  for (const [name, spec] of Object.entries(packs)) {
    place.pack(name, spec);
  }
  const trust = place.here(".packrun/trust/trust-root.json");
  const quickstart = join(import.meta.dirname, "../../packs/quickstart");
  t.equal((await place.packrun("run", quickstart, "--evidence", "quickstart")).code, 0);
  t.equal((await place.packrun("evidence", "export", "last", "-o", "quickstart.tar")).code, 0);
  t.equal((await place.packrun("run", "failing", "--evidence", "failed")).code, 1);
  t.equal((await place.packrun("run", "wide", "--evidence", "restricted")).code, 0);
  t.equal((await place.packrun("run", "gated", "--no-wait")).code, 4);
  await place.packrun("keys", "generate", "alice");
  await place.packrun("trust", "add", "alice.pub", "--principal", "alice", "--role", "approver");
  t.equal((await place.packrun("approve", "last", "ok", "--key", "alice.key", "--reason", "fine")).code, 0);
  t.equal((await place.packrun("resume", "last", "--evidence", "approved")).code, 0);
  const asked = (names: readonly string[]): Readonly<Record<string, Asked>> =>
    Object.fromEntries(
      names.map((name) => [name, { folder: place.folder, args: [place.here(name), "--trust", trust] }]),
    );
  const good = ["quickstart", "quickstart.tar", "failed", "restricted", "approved"];
  t.strictSame(
    await agree(t, asked(good)),
    good.map(() => []),
  );
  const tar = readFileSync(place.here("quickstart.tar"));
  const padding = 512 + Number.parseInt(tar.toString("latin1", 124, 135), 8);
  const size = tar.length;
  const archives: Readonly<Record<string, Uint8Array>> = {
    "one block less": tar.subarray(0, size - 512),
    "one block more": Buffer.concat([tar, Buffer.alloc(512)]),
    cut: tar.subarray(0, Math.floor(size / 2)),
    "another mode": Buffer.from(tar).fill("7", 106, 107),
    "padding that is not zero": Buffer.from(tar).fill("x", padding, padding + 1),
    "a header cut off": tar.subarray(512),
    empty: new Uint8Array(),
  };
  const names = Object.keys(archives).map((name) => `${name}.tar`);
  Object.values(archives).forEach((bytes, index) => place.write(names[index] ?? "", bytes));
  t.strictSame(
    await agree(t, asked(names)),
    names.map(() => ["sizes BUNDLE_TAR_INVALID"]),
  );
});

t.test("both find the same in every file that was changed, cut, emptied or taken away", options, async (t) => {
  const cases: Record<string, Case> = {};
  for (const [path, bytes] of good) {
    const at = Math.floor(bytes.length * 0.4);
    const flipped = Uint8Array.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    cases[`a bit of ${path}`] = { files: replaced(path, flipped) };
    cases[`the end of ${path}`] = { files: replaced(path, bytes.subarray(0, -1)) };
    if (path !== "ledger.jsonl") {
      cases[`no ${path}`] = { files: without(path) };
    }
  }
  cases["one more file"] = { files: replaced("x/y.txt", "x") };
  cases["an empty folder"] = { files: new Map() };
  await agreeOnAll(t, cases);
});

t.test("both find the same in sidecars and statements", options, async (t) => {
  const request = "request.sigstore.json";
  const [first, second] = ["approvals/ok/1.sigstore.json", "approvals/ok/2.sigstore.json"] as const;
  await agreeOnAll(t, {
    "an attestation with a space": { files: edited(ATTESTATION, (before) => ` ${before}`) },
    "a member twice": { files: edited(ATTESTATION, (before) => before.replace("{", '{"mediaType":"x",')) },
    "another media type": { files: sidecar(ATTESTATION, (bundle) => ({ ...bundle, mediaType: "application/json" })) },
    "another payload type": { files: envelope((one) => ({ ...one, payloadType: "text/plain" })) },
    "no signature": { files: envelope((one) => ({ ...one, signatures: [] })) },
    "two signatures": { files: envelope((one) => ({ ...one, signatures: [...one.signatures, ...one.signatures] })) },
    "an unknown member": { files: sidecar(ATTESTATION, (bundle) => ({ ...bundle, more: 1 })) },
    "a member missing": { files: envelope(({ payload: _payload, ...rest }) => rest) },
    "a hint that is no keyid": {
      files: sidecar(ATTESTATION, (bundle) => ({ ...bundle, verificationMaterial: { publicKey: { hint: "me" } } })),
    },
    "a hint of another key": {
      files: sidecar(ATTESTATION, (bundle) => ({
        ...bundle,
        verificationMaterial: { publicKey: { hint: keys.root.keyid } },
      })),
    },
    "base64 with another padding than is due": {
      files: signature((sig) => (sig.includes("=") ? sig.replaceAll("=", "") : `${sig}=`)),
    },
    "base64 that is none": { files: signature((sig) => `*${sig.slice(1)}`) },
    "a signature of no form": { files: signature(() => "AAAA") },
    "a signature with something behind": {
      files: signature((sig) => Buffer.concat([Buffer.from(sig, "base64"), Buffer.alloc(1)]).toString("base64")),
    },
    "a signature of zeros": { files: signature(() => Buffer.alloc(64).toString("base64")) },
    "another payload": { files: envelope((one) => ({ ...one, payload: Buffer.from("{}").toString("base64") })) },
    "the attestation of a stranger": { files: await resign(good, { signer: "stranger" }) },
    "the attestation of an approver": { files: await resign(good, { signer: "approver-1" }) },
    "sidecars exchanged": { files: new Map([...good, [ATTESTATION, good.get(request) ?? new Uint8Array()]]) },
    "another request": { files: new Map([...good, [request, good.get(ATTESTATION) ?? new Uint8Array()]]) },
    "approvals exchanged": {
      files: new Map([
        ...good,
        [first, good.get(second) ?? new Uint8Array()],
        [second, good.get(first) ?? new Uint8Array()],
      ]),
    },
    "an approval with free white space is read": {
      files: await resign(edited(first, (before) => `\n${JSON.stringify(JSON.parse(before), undefined, 2)}\n`)),
      args: ["--require-dsse"],
    },
    "an approval with a member twice": {
      files: await resign(edited(first, (before) => before.replace("{", '{"mediaType":"x",'))),
    },
    "a snapshot": { files: await resign(good, { manifest: (manifest) => ({ ...manifest, final: false }) }) },
    "a manifest of another run": {
      files: await resign(good, {
        manifest: (manifest) => ({ ...manifest, runId: "0198c5a0-0000-7000-8000-000000000009" }),
      }),
    },
    "a statement about another tenant": {
      files: await resign(good, { predicate: (predicate) => ({ ...predicate, tenantId: "other" }) }),
    },
    "a statement with other steps": {
      files: await resign(good, { predicate: (predicate) => ({ ...predicate, steps: predicate.steps.toReversed() }) }),
    },
    "a statement with another outcome": {
      files: await resign(good, { predicate: (predicate) => ({ ...predicate, outcome: "failed" }) }),
    },
    "a statement of another form": {
      files: await resign(good, { predicate: (predicate) => ({ ...predicate, more: 1 }) }).catch(() =>
        without(request),
      ),
    },
  });
});

t.test("both find the same in trust roots, times and options", options, async (t) => {
  const domain = root((value) => ({ ...value, trustDomain: "other" }));
  const attestor = keys.attestor.keyid;
  await agreeOnAll(t, {
    "no root": { root: "none" },
    "no root, all signatures": { root: "none", args: ["--require-dsse"] },
    "all signatures": { args: ["--require-dsse"] },
    "another plan": { args: ["--plan-hash", `sha256:${"1".repeat(64)}`] },
    "another domain": { root: domain },
    "a root with a space": { root: Buffer.concat([Buffer.from(" "), world.trustRoot]) },
    "an unknown member": { root: root((value) => ({ ...value, more: 1 })) },
    "an empty span": { root: root((value) => ({ ...value, expires: value["issuedAt"] })) },
    "a time that never was": { root: root((value) => ({ ...value, expires: "2027-02-29T00:00:00.000Z" })) },
    "a root that has expired": { at: "2026-01-15T09:00:00.000Z", root: rootBytes({ validUntil: Date.UTC(2027, 0) }) },
    "keys that have expired": { at: "2026-01-14T09:00:00.000Z" },
    "keys that are not valid yet": { at: "2026-01-03T00:00:00.000Z" },
    "an algorithm that is not known": { root: withKey({ alg: "rsa" }) },
    "a key on another curve": { root: withKey({ pem: pemOf("P-384") }) },
    "a key that is another one": { root: withKey({ pem: pemOf("P-256") }) },
    "a key that is none": { root: withKey({ pem: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" }) },
    "a window that is empty": { root: withKey({ validFrom: "2030-01-01T00:00:00.000Z" }) },
    "a role with a key twice": { root: withRole("run-attestor", { keyids: [attestor, attestor] }) },
    "a role that needs two": { root: withRole("run-attestor", { threshold: 2 }) },
    "a role for other packs": { root: withRole("run-attestor", { packs: ["other/*"] }) },
    "a role for some gates": { root: withRole("run-attestor", { gates: ["*"] }) },
    "a role for other tenants": { root: withRole("approver", { tenants: ["t1"] }) },
    "a role for other gates": { root: withRole("approver", { gates: ["o"] }) },
    "an approver who is none": { root: withRole("approver", { keyids: [keys["approver-1"].keyid] }) },
    "a requester whom nobody knows": { root: rootBytes({ people: ["root", "attestor", "approver-1", "approver-2"] }) },
    "revocation lists that are asked for": { root: rootBytes({ revocation: true }) },
    "an approver's key that came later": { root: withKey({ validFrom: "2026-01-05T20:00:00.000Z" }, "approver-1") },
  });
});

t.test("both hold signatures to revocation lists", options, async (t) => {
  const cases: Readonly<Record<string, Parameters<typeof revocations>[1]>> = {
    run: { entries: [["run", "0198c5a0-0000-7000-8000-000000000001"]] },
    pack: { entries: [["pack", "acme/mirror@1.0.0"]] },
    "key of the attestor": { entries: [["key", keys.attestor.keyid]] },
    "key of an approver": { entries: [["key", keys["approver-1"].keyid]] },
    "key of the requester": { entries: [["key", keys.requester.keyid]] },
    old: { nextUpdate: "2026-01-05T09:00:00.000Z" },
    "another domain": { trustDomain: "other" },
    "another claim": { claim: { sequence: 4 } },
    "another form": { more: { note: 1 } },
  };
  const lists = Object.entries(cases).map(
    async ([name, sample]) => [name, { revocations: await revocations(keys.root, sample) }] as const,
  );
  await agreeOnAll(t, Object.fromEntries(await Promise.all(lists)));
  const own = await revocations(keys.root, { entries: [["key", keys["approver-2"].keyid]] });
  const inside = await resign(
    new Map([...good, ["revocations.json", own.list], ["revocations.json.sigstore.json", own.sidecar]]),
  );
  await agreeOnAll(t, {
    "a list in the bundle": { files: inside },
    "a list in the bundle without its signature": {
      files: await resign(new Map([...good, ["revocations.json", own.list]])),
    },
  });
});

const at = (events: readonly LedgerEvent[], type: string, stepId?: string): number =>
  events.findIndex((event) => event.eventType === type && (stepId === undefined || event.stepId === stepId));
const forged = (edit: (events: LedgerEvent[]) => readonly LedgerEvent[]) => forge(world, edit);
/** The events of the good run, changed by hand, with a chain and an attestation that hold. */
const sealedAgain = (edit: (events: LedgerEvent[]) => readonly LedgerEvent[]) =>
  resign(new Map([...good, ["ledger.jsonl", chained(world, edit(eventsOf(good)))]]));
const changed = (type: string, stepId: string | undefined, change: (event: LedgerEvent) => object) =>
  forged((events) => {
    const place = at(events, type, stepId);
    return events.map((event, index) => (index === place ? { ...event, ...change(event) } : event));
  });
const metadata = (type: string, more: object, stepId?: string) =>
  changed(type, stepId, (event) => ({ metadata: { ...event.metadata, ...more } }));
/** No run is sealed beside other files than those that its ledger binds: this is done to a bundle that is there. */
const bound = (more: object) =>
  sealedAgain(([first, ...rest]) => [{ ...first, metadata: { ...first?.metadata, ...more } } as LedgerEvent, ...rest]);
const twice = (type: string, stepId: string) =>
  forged((events) => events.toSpliced(at(events, type, stepId), 0, events[at(events, type, stepId)] as LedgerEvent));

t.test("both hold ledgers to the plan, whoever signed them", options, async (t) => {
  const lines = text(good, "ledger.jsonl").trimEnd().split("\n");
  await agreeOnAll(t, {
    "a line taken out": { files: await resign(replaced("ledger.jsonl", `${lines.toSpliced(9, 1).join("\n")}\n`)) },
    "no newline at the end": { files: await resign(replaced("ledger.jsonl", lines.join("\n"))) },
    "a line with a member twice": {
      files: await resign(
        edited("ledger.jsonl", (before) => before.replace('{"eventType', '{"eventType":"x","eventType')),
      ),
    },
    "no end": { files: await sealedAgain((events) => events.slice(0, -1)) },
    "no beginning": { files: await sealedAgain((events) => events.slice(1)) },
    "no gate": { files: await sealedAgain((events) => events.filter((each) => !each.eventType.startsWith("gate."))) },
    "a step before its gate": {
      files: await forged((events) => {
        const moved = events.splice(at(events, "gate.passed", "ok"), 1);
        return events.toSpliced(at(events, "step.started", "push[0]::send") + 1, 0, ...moved);
      }),
    },
    "a step that the plan does not have": { files: await changed("step.started", "build", () => ({ stepId: "x" })) },
    "an item too many": { files: await changed("step.started", "push[1]::send", () => ({ stepId: "push[7]::send" })) },
    "a start twice": { files: await twice("step.started", "build") },
    "an end twice": { files: await twice("step.succeeded", "build") },
    "a gate that opens twice": { files: await twice("gate.opened", "ok") },
    "another attempt": { files: await changed("step.started", "build", () => ({ attempt: 2 })) },
    "another map": { files: await metadata("map.expanded", { items: ["eu", "mars"] }) },
    "another policy": { files: await metadata("policy.evaluated", { policyDigest: `sha256:${"0".repeat(64)}` }) },
    "another context": { files: await metadata("policy.evaluated", { contextDigest: `sha256:${"0".repeat(64)}` }) },
    "another end of the run": { files: await metadata("run.finished", { status: "failed", reason: "STEP_EXIT" }) },
    "an end without its outputs": { files: await metadata("run.finished", { outputs: {} }) },
    "a requester who did not ask": { files: await metadata("run.created", { requestedBy: "approver-1" }) },
    "another pack": { files: await bound({ packDigest: `sha256:${"0".repeat(64)}` }) },
    "inputs that were not locked": { files: await bound({ inputsLock: `sha256:${"0".repeat(64)}` }) },
    "an output that was not captured": {
      files: await metadata("step.artifact", { status: "missing", digest: undefined, size: undefined }),
    },
    "a quorum that is short": {
      files: await forged((events) => events.filter((_, index) => index !== at(events, "gate.decision"))),
    },
    "a decision of somebody else": { files: await metadata("gate.decision", { principal: "approver-2" }) },
    "a decision that came too late": {
      files: await forged((events) =>
        events.map((event, index) =>
          index < at(events, "gate.decision")
            ? event
            : ({ ...event, timestamp: `2026-01-06T00:00:00.${String(index).padStart(3, "0")}Z` } as LedgerEvent),
        ),
      ),
    },
    "a longer time for the gate": { files: await metadata("gate.opened", { notAfter: "2026-01-05T10:00:00.000Z" }) },
    "a step after the end": { files: await sealedAgain((events) => [...events, events[1] as LedgerEvent]) },
  });
});

t.test("both hold documents to ledger and plan", options, async (t) => {
  const artifact = [...good.keys()].find((path) => path.startsWith("artifacts/")) ?? "";
  const cases: Readonly<Record<string, Files>> = {
    "outputs.json": edited("outputs.json", (before) => before.replace("report", "raport")),
    "pack.manifest.json": replaced("pack.manifest.json", "[]"),
    "inputs.lock": edited("inputs.lock", (before) => before.replace("beta", "gold")),
    "plan.canonical.json": edited("plan.canonical.json", (before) => before.replace('"pids":10', '"pids":11')),
    "a plan with 1.0": edited("plan.canonical.json", (before) => before.replace('"pids":10', '"pids":10.0')),
    "a plan of another form": replaced("plan.canonical.json", "{}"),
    "policies/check.json": edited("policies/check.json", (before) => before.replace("{}", "[]")),
    "policies/other.json": replaced("policies/other.json", "{}"),
    "an approval too many": replaced("approvals/ok/3.sigstore.json", text(good, "approvals/ok/2.sigstore.json")),
    "a request for another gate": replaced("approvals/other/request.json", text(good, "approvals/ok/request.json")),
    "another message": edited("approvals/ok/request.json", (before) => before.replace("Go?", "No?")),
    "an artifact too many": replaced(`artifacts/sha256/${"7".repeat(64)}`, "extra"),
    "an artifact too few": without(artifact),
    "a record of a network that is not there": replaced("egress.jsonl", "{}\n"),
    "an empty record of the network": replaced("egress.jsonl", ""),
  };
  const resigned = Object.entries(cases).map(async ([name, files]) => [name, { files: await resign(files) }] as const);
  await agreeOnAll(t, Object.fromEntries(await Promise.all(resigned)));
  const node = samplePlan().steps[0];
  const refused = await sealedRun({
    plan: samplePlan({ nodes: [{ ...node, id: "only", needs: ["tidy"], outputs: {} } as never] }),
  });
  await agreeOnAll(t, { "a plan that does not fit together": { files: filesOf(refused.folder) } });
});

t.test("both find what is wrong in one small thing only", options, async (t) => {
  const odd = Object.entries(await oddBundles());
  const asked = askedOf(passingFolder("odd"), Object.fromEntries(odd.map(([name, { files }]) => [name, { files }])));
  t.strictSame(
    await agree(t, asked),
    odd.map(([, { findings }]) => findings.map((each) => each.replace(":", ""))),
  );
  const unasked = await sealedRun({ unsigned: true });
  await agreeOnAll(t, {
    "no request, no root, all signatures": {
      files: filesOf(unasked.folder),
      root: "none",
      args: ["--require-dsse"],
    },
  });
});

t.test("the command line is the same, too", options, async (t) => {
  const lists = t.testdir({
    bundle: {},
    "plain.json": "{}",
    "folder.json": "{}",
    "folder.json.sigstore.json": {},
    "dangling.json": "{}",
    "dangling.json.sigstore.json": t.fixture("symlink", "nowhere"),
  });
  const folder = writeBundle(join(lists, "bundle"), good);
  const code = async (name: string) => (await scriptVerifier(folder, "--revocations", join(lists, name))).code;
  t.strictSame(await Promise.all(["plain.json", "folder.json", "dangling.json"].map(code)), [7, 2, 2]);
  const uses: readonly (readonly string[])[] = [
    [],
    ["--version"],
    ["--help"],
    [folder, folder],
    [join(folder, "nowhere")],
    [folder, "--unknown"],
    [folder, "--trust"],
    [folder, "--trust", join(folder, "nowhere")],
    [folder, "--at", "2026-02-30T00:00:00.000Z"],
    [folder, "--at", "2026-01-14T20:00:00Z"],
    [folder, "--at", "2026-01-14T20:00:00.5Z"],
    [folder, "--at", "2026-01-14T20:00Z"],
    [folder, "--at", "yesterday"],
    [folder, "--plan-hash", "abc"],
    [folder, "--format", "xml"],
    [folder, "--revocations", join(folder, "nowhere")],
    ...["plain.json", "folder.json", "dangling.json"].map((name) => [folder, "--revocations", join(lists, name)]),
    [folder, "--require-dsse=yes"],
  ];
  for (const args of uses) {
    const [script, python] = await Promise.all([scriptVerifier(...args), pythonVerifier(...args)]);
    t.equal(python.code, script.code, args.slice(-2).join(" "));
    t.equal(python.stdout === "", script.stdout === "", `${args.slice(-2).join(" ")} on stdout`);
  }
});

t.test("each names its own file, version and digest", options, async (t) => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
    readonly version: string;
  };
  const names = ["verify_offline_bundle.mjs", "verify_offline_bundle.py"];
  const lines = names.map((name) => {
    const hex = createHash("sha256")
      .update(readFileSync(join(dirname(source), name)))
      .digest("hex");
    return `${name} ${version} sha256:${hex}\n`;
  });
  const said = await Promise.all([scriptVerifier("--version"), pythonVerifier("--version")]);
  t.strictSame(
    said.map(({ stdout }) => stdout),
    lines,
  );
});

t.test("it needs neither home nor locale nor a writable folder, and says the same anywhere", options, async (t) => {
  const folder = t.testdir({ bundle: {} });
  const bundle = writeBundle(join(folder, "bundle"), good);
  writeFileSync(join(folder, "root.json"), world.trustRoot);
  const args = [source, bundle, "--trust", join(folder, "root.json"), "--at", LATER];
  const plain = await python(args);
  t.equal(plain.code, 0, plain.stderr);
  const odd = { TZ: "Asia/Kathmandu", LC_ALL: "POSIX", LANG: "de_DE", HOME: "/nonexistent", TMPDIR: "/nonexistent" };
  t.strictSame(await python(args, { ...odd, OPENSSL_CONF: "/nonexistent", PYTHONHASHSEED: "7" }), plain);
});

t.test("each gives the same bytes again when no time is given, wherever it runs", options, async (t) => {
  const folder = t.testdir({ bundle: {} });
  const bundle = writeBundle(join(folder, "bundle"), good);
  const later = Date.UTC(2126, 0, 1);
  const roots = { verified: rootBytes({ expires: later, validUntil: later }), stale: world.trustRoot };
  for (const [verdict, root] of Object.entries(roots)) {
    const rootFile = join(folder, `${verdict}.json`);
    writeFileSync(rootFile, root);
    const args = [bundle, "--trust", rootFile, "--format", "json"];
    const script = join(dirname(source), "verify_offline_bundle.mjs");
    const programs = [
      (env?: NodeJS.ProcessEnv) => python([source, ...args], env),
      (env?: NodeJS.ProcessEnv) => ended(process.execPath, [script, ...args], env),
    ];
    for (const program of programs) {
      const first = await program();
      t.equal((JSON.parse(first.stdout) as { readonly verdict: string }).verdict, verdict);
      const before = process.umask(0o077);
      const second = program({ TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8", LANG: "de_DE" });
      process.umask(before);
      t.strictSame(await second, first);
    }
  }
});

t.test("the source compiles, names no package from outside, and has no long line", options, async (t) => {
  const lines = readFileSync(source, "utf8").split("\n");
  t.strictSame(
    lines.filter((line) => line.length > 120),
    [],
  );
  const compiled = `import ast, sys; tree = ast.parse(open(sys.argv[1], encoding="utf-8").read(), feature_version=(3, 9))
names = {n.name.split(".")[0] for each in ast.walk(tree) if isinstance(each, ast.Import) for n in each.names}
names |= {each.module.split(".")[0] for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)}
print(sorted(names - set(sys.stdlib_module_names)) if hasattr(sys, "stdlib_module_names") else [])`;
  t.strictSame(await python(["-c", compiled, source]), { code: 0, stdout: "[]\n", stderr: "" });
});
