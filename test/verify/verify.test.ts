import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import type { Value } from "#run/value.ts";
import { CheckList } from "#verify/check-list.ts";
import { planTree } from "#verify/plan-tree.ts";
import { exitCodeOf } from "#verify/verdict.ts";
import { keys, rootBytes, samplePlan, sealedRun, sha256, START, type World } from "../app/sealed-world.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { chained, check, eventsOf, filesOf, findings, forge, resign, type Files } from "./bundle-tools.ts";

const world: World = await sealedRun();
const good: Files = filesOf(world.folder);
const root = world.trustRoot;
const text = (files: Files, path: string): string => Buffer.from(files.get(path) ?? "").toString();
const changed = (path: string, bytes: Uint8Array | string): Files => new Map([...good, [path, Buffer.from(bytes)]]);

t.test("a good bundle is verified, and every check is in the report once, in its order", async (t) => {
  const verdict = await check(good, root);
  t.equal(verdict.verdict, "verified");
  t.equal(exitCodeOf(verdict), 0);
  t.same(
    verdict.checks.map((found) => found.name),
    new CheckList().report().map((each) => each.name),
  );
  t.same(findings(verdict), []);
  t.equal(verdict.trustDomain, "acme-prod");
  t.same(verdict.subject, {
    type: "evidence",
    runId: world.identity.runId,
    planHash: world.identity.planHash,
    manifestDigest: digestOf(good.get("evidence.manifest.json") ?? new Uint8Array(), sha256),
  });
});

t.test("what was not checked is said", async (t) => {
  const { checks } = await check(good, root);
  const skipped = checks.filter((found) => found.status === "skipped").map((found) => found.name);
  t.same(skipped, ["revocation", "plan-hash", "pack-source", "pack-attestation", "sbom", "conditions", "anchor"]);
});

t.test("no change of one byte of any file is verified", async (t) => {
  for (const [path, bytes] of good) {
    const stride = Math.max(1, Math.floor(bytes.length / 16));
    for (let at = 0; at < bytes.length; at += stride) {
      const bad = Uint8Array.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      const { verdict } = await check(new Map([...good, [path, bad]]), root);
      t.equal(verdict, "failed", `${path}, byte ${at}`);
    }
  }
});

t.test("no bundle is verified that lacks a file, has one more, or has one cut or grown", async (t) => {
  for (const [path, bytes] of good) {
    const without = new Map(good);
    without.delete(path);
    t.equal((await check(without, root)).verdict, "failed", `without ${path}`);
    for (const other of [bytes.slice(0, -1), Buffer.concat([bytes, Buffer.from("\n")]), new Uint8Array()]) {
      t.equal((await check(new Map([...good, [path, other]]), root)).verdict, "failed", path);
    }
  }
  t.match(findings(await check(changed("notes.txt", "hello"), root)), ["manifest: EVIDENCE_FILE_EXTRA"]);
  t.match(findings(await check(changed("../\u001b[31mred", "x"), root)), ["manifest: EVIDENCE_FILE_EXTRA"]);
  const missing = new Map(good);
  missing.delete("trust/trust-root.json");
  t.match(findings(await check(missing, root)), ["manifest: EVIDENCE_FILE_MISSING"]);
  t.match(findings(await check(changed("trust/trust-root.json", "{}"), root)), ["manifest: EVIDENCE_FILE_CHANGED"]);
  const bare = new Map(good);
  bare.delete("evidence.manifest.json.sigstore.json");
  t.match(findings(await check(bare, root)), ["envelope: ATTESTATION_MISSING"]);
});

t.test("an empty or foreign folder is failed, never an exception", async (t) => {
  t.match(findings(await check(new Map(), root)), ["envelope: ATTESTATION_MISSING", "manifest: EVIDENCE_FILE_MISSING"]);
  for (const bytes of ["", "{}", "null", "[]", "{", "\ufeff{}", "\u0000", '{"a":1,"a":2}']) {
    t.match(findings(await check(changed("evidence.manifest.json", bytes), root)), [
      "manifest: EVIDENCE_MANIFEST_INVALID",
    ]);
  }
});

t.test("without a trust root nothing is verified, but everything is looked at", async (t) => {
  const verdict = await check(good);
  t.same(findings(verdict), ["trust-root: VERIFY_TRUST_MISSING"]);
  t.equal(exitCodeOf(verdict), 7);
  t.equal(verdict.trustDomain, undefined);
  t.equal(verdict.checks.find((found) => found.name === "order")?.status, "pass");
});

t.test("a trust root that does not know the signer, or is for another domain, verifies nothing", async (t) => {
  const others = rootBytes({ people: ["root", "stranger", "requester", "approver-1", "approver-2"] });
  t.match(findings(await check(good, others)), ["signature: SIGNATURE_KEY_UNKNOWN"]);
  const elsewhere = rootBytes({ domain: "acme-staging" });
  t.match(findings(await check(good, elsewhere)), ["bindings: BINDING_MISMATCH"]);
  const formatted = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(root).toString()), null, 2));
  t.match(findings(await check(good, formatted)), ["trust-root: TRUST_ROOT_SYNTAX"]);
});

t.test("that the least version of a pack is held before a run, not here, is said", async (t) => {
  const { pack } = samplePlan();
  const root = JSON.parse(Buffer.from(rootBytes()).toString()) as object;
  const policy = { minVersion: { [pack.name]: "9.0.0", "acme/other": "1.0.0" } };
  const verdict = await check(good, canonicalBytes({ ...root, policy }));
  t.same(findings(verdict), []);
  const why = (name: string) => verdict.checks.find((found) => found.name === name)?.why ?? "";
  t.match(why("pack-source"), /from version 9\.0\.0 on is held when it is planned and run, not here/);
  const silent = await check(good, canonicalBytes({ ...root, policy: { minVersion: { "acme/other": "1.0.0" } } }));
  t.notMatch(silent.checks.find((found) => found.name === "pack-source")?.why, /planned/);
});

t.test("time makes a verdict stale, never silent", async (t) => {
  const expired = await check(good, root, { at: timestampOf(START + 9.5 * 86_400_000) });
  t.equal(expired.verdict, "stale");
  t.equal(exitCodeOf(expired), 11);
  t.match(findings(expired), ["window: KEY_WINDOW", /run-request/, /approval-requests/, "approvals: KEY_WINDOW"]);
  const ended = await check(good, rootBytes({ expires: START + 1 }));
  t.same(findings(ended), ["freshness: TRUST_ROOT_EXPIRED"]);
  t.equal(ended.verdict, "stale");
});

t.test("the moment of verification is in no report: the same findings are the same bytes at any time", async (t) => {
  const days = (count: number) => timestampOf(START + count * 86_400_000 + 1);
  const strict = rootBytes({ revocation: { required: true, maxAgeHours: 24, minSequence: 0 } });
  const list = await revocations(keys.root, { issuedAt: timestampOf(START), nextUpdate: days(400) });
  const times: readonly (readonly [root: Uint8Array, first: number, second: number, verdict: string])[] = [
    [root, 1, 2, "verified"],
    [root, 9.5, 9.6, "stale"],
    [root, 11, 300, "stale"],
    [strict, 2, 3, "stale"],
  ];
  for (const [trusted, first, second, verdict] of times) {
    const said = await Promise.all(
      [first, second].map((day) => check(good, trusted, { at: days(day), revocations: list })),
    );
    t.equal(said[0]?.verdict, verdict, `on day ${first}`);
    t.equal(JSON.stringify(said[0]), JSON.stringify(said[1]), `on days ${first} and ${second}`);
  }
});

t.test("a hash that is asserted must be the plan's", async (t) => {
  t.same(findings(await check(good, root, { planHash: world.identity.planHash })), []);
  const other = digestOfHex("0".repeat(64));
  t.same(findings(await check(good, root, { planHash: other })), ["plan-hash: ASSERTED_PLAN_MISMATCH"]);
});

t.test("with every signature required, what is absent fails", async (t) => {
  t.same(findings(await check(good, root, { requireDsse: true })), [
    "revocation: SIGNATURE_ABSENT",
    "pack-source: PACK_SOURCE_FOLDER",
    "sbom: SIGNATURE_ABSENT",
  ]);
  const signed = await resign(changed("pack.sbom.cdx.json.sigstore.json", "{}"));
  t.match(findings(await check(signed, root, { requireDsse: true })), [
    "revocation: SIGNATURE_ABSENT",
    "pack-source: PACK_SOURCE_FOLDER",
    "sbom: EVIDENCE_FILE_MISSING",
  ]);
});

t.test("a run without a signed request is verified, unless every signature is required", async (t) => {
  const unsigned = await sealedRun({ unsigned: true });
  const verdict = await check(filesOf(unsigned.folder), root);
  t.equal(verdict.verdict, "verified");
  t.match(verdict.checks.find((found) => found.name === "run-request")?.why, /unsigned/);
  const strict = await check(filesOf(unsigned.folder), root, { requireDsse: true });
  t.ok(findings(strict).includes("run-request: SIGNATURE_ABSENT"));
});

t.test("development trust is reported as such", async (t) => {
  const development = await sealedRun({ root: rootBytes({ domain: "development" }) });
  const verdict = await check(filesOf(development.folder), development.trustRoot);
  t.equal(verdict.verdict, "verified");
  t.match(verdict.checks.find((found) => found.name === "trust-root")?.why, /development trust/);
});

t.test("an attestation signed by someone without the role, or for another file, is refused", async (t) => {
  const byApprover = await resign(good, { signer: "approver-1" });
  t.match(findings(await check(byApprover, root)), ["role: ROLE_NOT_HELD"]);
  const swapped = new Map([
    ...good,
    ["evidence.manifest.json.sigstore.json", good.get("request.sigstore.json") ?? new Uint8Array()],
  ]);
  t.match(findings(await check(swapped, root)), ["role: ROLE_NOT_HELD"]);
  const other = await sealedRun({ number: 2 });
  const foreign = filesOf(other.folder).get("evidence.manifest.json.sigstore.json") ?? new Uint8Array();
  t.match(findings(await check(changed("evidence.manifest.json.sigstore.json", foreign), root)), [
    "subject: STATEMENT_SUBJECT",
  ]);
});

t.test("every member of the attestation is computed again", async (t) => {
  const digest = digestOfHex("1".repeat(64));
  const lies: Readonly<Record<string, { readonly value: unknown; readonly check: string }>> = {
    runId: { value: "0198c5a0-0000-7000-8000-000000000009", check: "bindings: BINDING_MISMATCH" },
    tenantId: { value: "other", check: "bindings: BINDING_MISMATCH" },
    planHash: { value: digest, check: "bindings: BINDING_MISMATCH" },
    trustDomain: { value: "other", check: "bindings: BINDING_MISMATCH" },
    pack: { value: { name: "acme/mirror", version: "1.0.1", digest }, check: "statement: STATEMENT_MISMATCH" },
    packSource: { value: "registry", check: "statement: STATEMENT_MISMATCH" },
    inputs: { value: [], check: "statement: STATEMENT_MISMATCH" },
    inputsLock: { value: { digest }, check: "statement: STATEMENT_MISMATCH" },
    outcome: { value: "failed", check: "statement: STATEMENT_MISMATCH" },
    reason: { value: "STEP_EXIT", check: "statement: STATEMENT_MISMATCH" },
    steps: { value: [], check: "ledger-fold: STATEMENT_MISMATCH" },
    approvals: { value: [], check: "ledger-fold: STATEMENT_MISMATCH" },
    ledger: { value: { count: 1, headHash: digest, digest }, check: "ledger-fold: STATEMENT_MISMATCH" },
    evidence: {
      value: { manifestDigest: digest, fileCount: 1, totalBytes: 1 },
      check: "statement: STATEMENT_MISMATCH",
    },
    redaction: { value: { policy: "hash" }, check: "redaction: STATEMENT_MISMATCH" },
    sandbox: { value: { mode: "sealed", enforcement: {} }, check: "ledger-fold: STATEMENT_MISMATCH" },
    engine: { value: { name: "other", version: "1" }, check: "ledger-fold: STATEMENT_MISMATCH" },
    requestedAt: { value: timestampOf(START + 5), check: "ledger-fold: STATEMENT_MISMATCH" },
    startedAt: { value: timestampOf(START + 5), check: "ledger-fold: STATEMENT_MISMATCH" },
    completedAt: { value: timestampOf(START + 5), check: "ledger-fold: STATEMENT_MISMATCH" },
  };
  for (const [member, lie] of Object.entries(lies)) {
    const lied = await resign(good, { predicate: (predicate) => ({ ...predicate, [member]: lie.value }) });
    t.match(findings(await check(lied, root)), [lie.check], member);
  }
});

t.test("a manifest that is not final, or describes files wrongly, is refused even when it is signed", async (t) => {
  const snapshot = await resign(good, { manifest: (manifest) => ({ ...manifest, final: false }) });
  t.match(
    findings(await check(snapshot, root)),
    ["manifest: EVIDENCE_MANIFEST_INVALID"],
    "it lists what no snapshot has",
  );
  const wrong = [
    (file: object) => ({ ...file, role: "trust" }),
    (file: object) => ({ ...file, mediaType: "text/plain" }),
    (file: object) => ({ ...file, path: "../escape" }),
  ];
  for (const change of wrong) {
    const lied = await resign(good, {
      manifest: (manifest) => ({ ...manifest, hashes: manifest.hashes.map((file) => change(file)) }),
    });
    t.match(findings(await check(lied, root)), ["manifest: EVIDENCE_MANIFEST_INVALID"]);
  }
  const twice = await resign(good, {
    manifest: (manifest) => ({ ...manifest, hashes: manifest.hashes.flatMap((file) => [file, file]) }),
  });
  t.match(findings(await check(twice, root)), ["manifest: EVIDENCE_MANIFEST_INVALID"]);
  const fewer = await resign(good, {
    manifest: (manifest) => ({ ...manifest, hashes: manifest.hashes.filter((file) => file.role !== "plan") }),
  });
  t.match(findings(await check(fewer, root)), ["manifest: EVIDENCE_MANIFEST_INVALID"]);
});

t.test("documents are held to ledger and plan, whoever signed the manifest", async (t) => {
  const cases: readonly (readonly [string, (before: string) => string, string])[] = [
    ["outputs.json", (before) => before.replace("report", "raport"), "outputs: OUTPUTS_MISMATCH"],
    ["pack.manifest.json", () => "[]", "pack: PACK_MISMATCH"],
    ["inputs.lock", (before) => before.replace("beta", "gold"), "inputs-lock: INPUTS_LOCK_MISMATCH"],
    ["policies/check.json", (before) => before.replace("{}", "[]"), "policies: POLICY_CONTEXT_MISMATCH"],
    [
      "approvals/ok/3.sigstore.json",
      () => text(good, "approvals/ok/2.sigstore.json"),
      "approvals: EVIDENCE_FILE_UNNAMED",
    ],
    ["policies/other.json", () => "{}", "policies: EVIDENCE_FILE_UNNAMED"],
    [
      "approvals/ok/request.json",
      (before) => before.replace("Go?", "No?"),
      "approval-requests: APPROVAL_REQUEST_MISMATCH",
    ],
    ["plan.canonical.json", (before) => before.replace('"pids":10', '"pids":11'), "plan: PLAN_BYTES_MISMATCH"],
    ["plan.canonical.json", () => "{}", "plan: PLAN_BYTES_MISMATCH"],
    [`artifacts/sha256/${"7".repeat(64)}`, () => "extra", "artifacts: ARTIFACT_MISMATCH"],
  ];
  for (const [path, change, finding] of cases) {
    const lied = await resign(changed(path, change(text(good, path))));
    t.ok(findings(await check(lied, root)).includes(finding), `${path}: ${finding}`);
  }
  const artifact = [...good.keys()].find((path) => path.startsWith("artifacts/")) ?? "";
  const without = new Map(good);
  without.delete(artifact);
  t.ok(findings(await check(await resign(without), root)).includes("artifacts: ARTIFACT_MISMATCH"));
  const extra = Buffer.from("extra");
  const unnamed = await resign(changed(`artifacts/sha256/${digestOf(extra, sha256).slice(7)}`, extra));
  t.ok(findings(await check(unnamed, root)).includes("artifacts: ARTIFACT_MISMATCH"));
});

t.test("a ledger that was cut, spliced or edited is refused, with old hashes and with new ones", async (t) => {
  const lines = text(good, "ledger.jsonl").trimEnd().split("\n");
  const broken: readonly (readonly string[])[] = [
    lines.slice(0, -1),
    lines.toSpliced(10, 1),
    [...lines, lines.at(-1) ?? ""],
    lines.with(3, lines[4] ?? "").with(4, lines[3] ?? ""),
  ];
  for (const other of broken) {
    const lied = await resign(changed("ledger.jsonl", `${other.join("\n")}\n`));
    t.equal((await check(lied, root)).verdict, "failed");
  }
  const torn = await resign(changed("ledger.jsonl", lines.join("\n")));
  t.ok(findings(await check(torn, root)).includes("ledger-chain: LEDGER_BROKEN"));
  const cut = await resign(changed("ledger.jsonl", chained(world, eventsOf(good).slice(0, -1))));
  t.ok(findings(await check(cut, root)).includes("ledger-fold: LEDGER_UNFINISHED"));
  const other = await sealedRun({ number: 3 });
  const foreign = await resign(changed("ledger.jsonl", text(filesOf(other.folder), "ledger.jsonl")));
  t.ok(findings(await check(foreign, root)).includes("ledger-chain: LEDGER_BROKEN"));
});

t.test("a plan whose nodes do not fit together is refused", async (t) => {
  const [build, ...rest] = samplePlan().steps;
  const only = { ...build, id: "only", needs: ["tidy"], outputs: {} } as (typeof rest)[number];
  const odd = await sealedRun({ plan: samplePlan({ nodes: [only] }) });
  t.match(findings(await check(filesOf(odd.folder), root)), ["plan: PLAN_REFUSED"]);
});

t.test("a plan with a gate that has no rule, or no policy, of its own is refused", async (t) => {
  const common = { parent: null, needs: [], continueOnError: false };
  const gates = [
    { ...common, id: "only", kind: "gate.approval", approval: "nobody" },
    { ...common, id: "only", kind: "gate.approval", approval: "constructor" },
    { ...common, id: "only", kind: "gate.policy", policy: "toString", failAction: "halt" },
  ] as const;
  for (const gate of gates) {
    const plan = samplePlan({ nodes: [gate] });
    t.match(planTree(plan), /^gate only has no (rule|policy)/);
    const lawless = await sealedRun({
      plan,
      serve: ({ kind }) =>
        kind === "openGate" || kind === "policy"
          ? [{ kind: "gateFailed", stepId: "only", reason: "STORE_FULL", hint: "" }]
          : undefined,
    });
    t.match(findings(await check(filesOf(lawless.folder), root)), ["plan: PLAN_REFUSED"]);
  }
});

t.test("a dishonest runner cannot forge approvals", async (t) => {
  const first = "approvals/ok/responses/";
  const other = await sealedRun({ number: 4 });
  const decisions = eventsOf(good).flatMap((event) => (event.eventType === "gate.decision" ? [event] : []));
  const responses = decisions.map((event) => `${first}${event.metadata.payloadDigest.slice(7)}.sigstore.json`);
  const foreign = filesOf(other.folder).get("approvals/ok/1.sigstore.json") ?? new Uint8Array();
  const carried = await forge(world, (events) => events, new Map([[responses[0] ?? "", foreign]]));
  t.match(findings(await check(carried, root)), ["approvals: APPROVAL_WRONG_RUN"]);
  const swapped = new Map([
    [responses[0] ?? "", good.get("approvals/ok/2.sigstore.json") ?? new Uint8Array()],
    [responses[1] ?? "", good.get("approvals/ok/1.sigstore.json") ?? new Uint8Array()],
  ]);
  t.match(findings(await check(await forge(world, (events) => events, swapped), root)), [
    "approvals: DECISION_MISMATCH",
  ]);
  const lonely = await forge(world, (events) => events.filter((event) => event !== events.find(isDecision)));
  t.match(findings(await check(lonely, root)), ["approvals: QUORUM_MISSING"]);
  const doubled = await forge(world, (events) => {
    const found = events.filter(isDecision);
    return events.map((event) => (event === found[1] ? (found[0] ?? event) : event));
  });
  t.same(findings(await check(doubled, root)), ["order: ORDER_VIOLATED", "approvals: APPROVAL_ALREADY_DECIDED"]);
  const renamed = await forge(world, (events) =>
    events.map((event) =>
      isDecision(event) && event.eventType === "gate.decision"
        ? { ...event, metadata: { ...event.metadata, principal: "approver-2" } }
        : event,
    ),
  );
  t.match(findings(await check(renamed, root)), ["approvals: DECISION_MISMATCH"]);
});

const isDecision = (event: { readonly eventType: string }): boolean => event.eventType === "gate.decision";

t.test("approvals that broke the rule when they were given are refused", async (t) => {
  const own = await sealedRun({ requester: "approver-1", plan: samplePlan({ required: 1 }), decide: ["approver-2"] });
  t.equal((await check(filesOf(own.folder), root)).verdict, "verified");
  const byRequester = await forge(own, (events) => events, new Map());
  t.equal((await check(byRequester, root)).verdict, "verified");
  const unknown = rootBytes({ people: ["root", "attestor", "approver-1", "approver-2"] });
  t.ok(findings(await check(good, unknown)).includes("approvals: REQUESTER_UNKNOWN"));
  const late = await forge(world, (events) =>
    events.map((event, at) =>
      at >= events.findIndex(isDecision) ? { ...event, timestamp: timestampOf(START + 7_200_000 + at) } : event,
    ),
  );
  t.ok(findings(await check(late, root)).includes("approvals: APPROVAL_LATE"));
  const noRole = rootBytes();
  const root2 = JSON.parse(Buffer.from(noRole).toString()) as { roles: { approver: { keyids: string[] } } };
  root2.roles.approver.keyids = [keys["approver-1"].keyid];
  t.ok(findings(await check(good, canonicalBytes(root2))).includes("approvals: ROLE_NOT_HELD"));
});

t.test("a decision that was taken back does not count, and is judged all the same", async (t) => {
  const takeBack = (events: readonly LedgerEvent[]): readonly LedgerEvent[] => {
    const [first] = events.filter((event) => event.eventType === "gate.decision");
    const { commandId = "", principal = "" } = first?.metadata ?? {};
    const metadata = { commandId, code: "APPROVAL_KEY_WINDOW", hint: "", principal };
    const at = events.findIndex((event) => event.eventType === "gate.passed");
    const refused = { ...first, eventType: "gate.refused", level: "warn", metadata } as LedgerEvent;
    return events.toSpliced(at, 0, refused);
  };
  const short = await forge(world, takeBack);
  t.match(findings(await check(short, root)), ["approvals: QUORUM_MISSING"]);
  const single = await sealedRun({ plan: samplePlan({ required: 1 }), decide: ["approver-1"] });
  t.match(findings(await check(await forge(single, takeBack), root)), ["approvals: QUORUM_MISSING"]);
  const responses = `approvals/ok/responses/${eventsOf(good)
    .flatMap((event) => (event.eventType === "gate.decision" ? [event.metadata.payloadDigest.slice(7)] : []))
    .at(0)}.sigstore.json`;
  const unread = await forge(world, takeBack, new Map([[responses, Buffer.from("{}")]]));
  t.match(findings(await check(unread, root)), [/^approvals: ENVELOPE_/]);
});

t.test("a dishonest runner cannot tell of a decision that nobody made, and take it back", async (t) => {
  const invented = `sha256:${"0".repeat(64)}`;
  const tell = (events: readonly LedgerEvent[]): readonly LedgerEvent[] => {
    const at = events.findIndex((event) => event.eventType === "gate.passed");
    const { metadata: _, ...event } = events.find(isDecision) as LedgerEvent;
    const commandId = "decision:1";
    const told = { commandId, decision: "approve", principal: "approver-2", payloadDigest: invented };
    const refused = { commandId, code: "APPROVAL_LATE", hint: "" };
    return events.toSpliced(
      at,
      0,
      { ...event, eventType: "gate.decision", metadata: told } as LedgerEvent,
      { ...event, eventType: "gate.refused", metadata: refused } as LedgerEvent,
    );
  };
  const path = `approvals/ok/responses/${invented.slice(7)}.sigstore.json`;
  const of = await sealedRun({ plan: samplePlan({ required: 1 }), decide: ["approver-1"] });
  const garbage = await forge(of, tell, new Map([[path, Buffer.from("garbage")]]));
  t.match(findings(await check(garbage, root)), [/^approvals: ENVELOPE_/]);
  const borrowed = await forge(
    of,
    tell,
    new Map([[path, filesOf(of.folder).get("approvals/ok/1.sigstore.json") ?? new Uint8Array()]]),
  );
  t.match(findings(await check(borrowed, root)), ["approvals: DECISION_MISMATCH"]);
});

t.test("an approval that fell before its gate passed is forgiven that its time is over", async (t) => {
  const list = await revocations(keys.root, { entries: [["key", keys["approver-1"].keyid]] });
  const revoked = { ...list, files: [] };
  let fallen = false;
  const run = await sealedRun({
    decide: ["approver-1", "approver-2"],
    serve: (effect) => {
      if (effect.kind !== "confirmGate" || fallen) {
        return undefined;
      }
      fallen = true;
      const [payloadDigest] = effect.approvals;
      const why = { code: "APPROVAL_REVOKED", hint: "" };
      return payloadDigest === undefined
        ? undefined
        : [{ kind: "confirmed", stepId: effect.stepId, void: [{ payloadDigest, ...why }] }];
    },
  });
  const files = filesOf(run.folder);
  t.same(findings(await check(files, root)), [], "its gate expired");
  t.same(findings(await check(files, root, { revocations: revoked })), [], "its key is revoked by now");
});

t.test("a gate passes only while all of its approvals hold", async (t) => {
  const later = await forge(world, (events) => {
    const at = events.findIndex((event) => event.eventType === "gate.passed");
    return events.map((event, index) =>
      index < at ? event : { ...event, timestamp: timestampOf(START + 7_200_000 + index) },
    );
  });
  t.match(findings(await check(later, root)), ["approvals: GATE_END_UNFOUNDED"]);
});

t.test("a command decides a gate once", async (t) => {
  const commandId = "decision:1";
  const same = await forge(world, (events) =>
    events.map((event) =>
      event.eventType === "gate.decision" ? { ...event, metadata: { ...event.metadata, commandId } } : event,
    ),
  );
  t.match(findings(await check(same, root)), ["order: ORDER_VIOLATED"]);
});

t.test("an approver's key must be in its window when the decision is recorded", async (t) => {
  const decided = eventsOf(good)
    .filter(isDecision)
    .map((event) => Date.parse(event.timestamp));
  const withWindow = (validFrom: number, validUntil: number): Uint8Array => {
    const { keys: known, ...rest } = JSON.parse(Buffer.from(root).toString()) as { keys: Record<string, object> };
    const { keyid } = keys["approver-1"];
    const window = { validFrom: timestampOf(validFrom), validUntil: timestampOf(validUntil) };
    return canonicalBytes({ ...rest, keys: { ...known, [keyid]: { ...known[keyid], ...window } } });
  };
  const [first = 0] = decided;
  const end = START + 9 * 86_400_000;
  t.same(findings(await check(good, withWindow(first, end))), []);
  t.same(findings(await check(good, withWindow(first + 1, end))), ["approvals: APPROVAL_KEY_WINDOW"]);
  t.same(findings(await check(good, withWindow(START - 1, first + 1))), ["approvals: KEY_WINDOW"]);
  t.same(findings(await check(good, withWindow(START - 1, first), { at: timestampOf(START) })), [
    "approvals: KEY_WINDOW",
  ]);
});

t.test("gates end for the reasons that their ledger shows", async (t) => {
  const rejected = await sealedRun({ decision: "reject", decide: ["approver-1"] });
  const verdict = await check(filesOf(rejected.folder), root);
  t.equal(verdict.verdict, "verified");
  t.match(verdict.checks.find((found) => found.name === "outcome")?.why, /GATE_REJECTED/);
  const expired = await sealedRun({ decide: [] });
  t.equal((await check(filesOf(expired.folder), root)).verdict, "verified");
  const hasty = await forge(expired, (events) =>
    events.map((event) => ({ ...event, timestamp: timestampOf(START + event.sequence) })),
  );
  t.match(findings(await check(hasty, root)), ["approvals: GATE_END_UNFOUNDED"]);
});

type Outputs = Metadata<"step.succeeded">["outputs"];
type Change = (before: Outputs) => Outputs;
const same: Change = (before) => before;

/** The ledger with other outputs of step `build`, and of the run. */
function withOutputs(ofStep: Change, ofRun: Change): (events: readonly LedgerEvent[]) => readonly LedgerEvent[] {
  return (events) =>
    events.map((event) => {
      if (event.eventType === "step.succeeded" && event.stepId === "build") {
        return { ...event, metadata: { ...event.metadata, outputs: ofStep(event.metadata.outputs) } };
      }
      return event.eventType === "run.finished"
        ? { ...event, metadata: { ...event.metadata, outputs: ofRun(event.metadata.outputs) } }
        : event;
    });
}

t.test("a step gives no file or directory that its attempt did not capture", async (t) => {
  const invented = digestOfHex("2".repeat(64));
  const lies: readonly Change[] = [
    (before) => ({ ...before, parts: { type: "directory", digest: invented } }),
    (before) => ({ ...before, parts: { type: "file", digest: invented, size: 3 } }),
    (before) => ({ ...before, more: { type: "file", digest: invented, size: 3 } }),
    ({ report, ...before }) => ({ ...before, report: report as Value, parts: report as Value }),
  ];
  for (const lie of lies) {
    const forged = await forge(world, withOutputs(lie, same));
    t.ok(findings(await check(forged, root)).includes("artifacts: ARTIFACT_MISMATCH"));
  }
  t.same(findings(await check(await forge(world, withOutputs(same, same)), root)), []);
  const resized: Change = (before) => ({ ...before, report: { ...(before["report"] as Value), size: 1 } as Value });
  t.match(findings(await check(await forge(world, withOutputs(resized, resized)), root)), [
    "artifacts: ARTIFACT_MISMATCH",
  ]);
});

t.test("a directory has the size of all its files together, captured or taken over", async (t) => {
  const partsOf = (files: Files): unknown => {
    const { artifacts } = JSON.parse(text(files, "outputs.json")) as { artifacts: readonly { name: string }[] };
    return artifacts.find(({ name }) => name === "parts");
  };
  t.match(partsOf(good), { size: "part one".length });
  const heavier = await forge(world, (events) =>
    events.map((event) =>
      event.eventType === "step.artifact" && event.metadata.name === "parts"
        ? { ...event, metadata: { ...event.metadata, size: 100 } }
        : event,
    ),
  );
  t.same(findings(await check(heavier, root)), ["artifacts: ARTIFACT_MISMATCH"]);
  const reusing = await forge(world, (events) =>
    events.flatMap((event) => {
      if (event.stepId !== "build" || event.eventType === "step.succeeded") {
        const reused = event.eventType === "step.succeeded" && event.stepId === "build";
        const { attempt: _attempt, ...rest } = event;
        const metadata = { ...event.metadata, reusedFrom: "0198c5a0-0000-7000-8000-000000000099" };
        return [reused ? ({ ...rest, metadata } as LedgerEvent) : event];
      }
      return [];
    }),
  );
  t.match(partsOf(reusing), { size: "part one".length });
  t.same(findings(await check(reusing, root)), []);
});

t.test("what an earlier attempt captured is no output of a later one", async (t) => {
  const plan = samplePlan();
  const steps = plan.steps.map((node) =>
    node.id === "build" && node.kind === "run" ? { ...node, retry: { ...node.retry, maxAttempts: 2 } } : node,
  );
  const retried = await sealedRun({
    plan: { ...plan, steps },
    outcome: (stepId, attempt) =>
      stepId === "build" && attempt === 1 ? { kind: "failed", reason: "STEP_EXIT" } : undefined,
  });
  t.same(findings(await check(filesOf(retried.folder), root)), []);
  const stripped = await forge(retried, (events) =>
    events.filter((event) => event.eventType !== "step.artifact" || event.attempt === 1),
  );
  t.match(findings(await check(stripped, root)), ["artifacts: ARTIFACT_MISMATCH"]);
});

t.test("a run gives no output that its steps did not give", async (t) => {
  const invented = digestOfHex("2".repeat(64));
  const lies: readonly Change[] = [
    () => ({}),
    () => ({ report: { type: "file", digest: invented, size: 3 } }),
    () => ({ report: { type: "string", value: "all is well" } }),
    (before) => ({ ...before, more: { type: "string", value: "x" } }),
  ];
  for (const lie of lies) {
    const finds = findings(await check(await forge(world, withOutputs(same, lie)), root));
    t.ok(finds.includes("outputs: OUTPUTS_MISMATCH"));
  }
  const expr = "steps.build.outputs.count > 1 ? steps.build.outputs.report : null";
  const other = await sealedRun({ plan: { ...samplePlan(), outputs: { best: { from: { $cel: [{ expr }] } } } } });
  t.same(findings(await check(filesOf(other.folder), root)), []);
  const swapped = await forge(
    other,
    withOutputs(same, () => ({ best: { type: "directory", digest: invented } })),
  );
  t.ok(findings(await check(swapped, root)).includes("outputs: OUTPUTS_MISMATCH"));
});

t.test("a request of another run did not ask for this one", async (t) => {
  const other = await sealedRun({ number: 5 });
  const foreign = filesOf(other.folder).get("request.sigstore.json") ?? new Uint8Array();
  const lied = await resign(changed("request.sigstore.json", foreign));
  t.match(findings(await check(lied, root)), ["run-request: RUN_REQUEST_MISMATCH"]);
});
