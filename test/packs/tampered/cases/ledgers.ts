import { forge, type Change } from "../forge.ts";
import { egressLines, partsFolder, reportFile, time, type Event, type Plan } from "../release.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOfJson, hex, omit, type Members } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";
import { endedAtGate } from "./approvals.ts";

const BROKEN = "ledger-chain LEDGER_BROKEN";
const ORDER = "order ORDER_VIOLATED";
const UNKNOWN = "plan-nodes NODE_UNKNOWN";
const FOLD = "ledger-fold STATEMENT_MISMATCH";
const OUTCOME = "outcome OUTCOME_MISMATCH";

const otherRun = "019b8cc2-8400-7000-8000-000000000002";
const lines = (edit: (lines: string[]) => readonly string[]): Change => ({ lines: edit });
/** One line with other members, and the hash that these give; the lines behind it are as they were. */
const relined = (at: number, more: Members): Change =>
  lines((all) => {
    const { hash: _, ...rest } = { ...(JSON.parse(all[at] ?? "") as Members), ...more };
    return all.with(at, String(Buffer.from(canonicalBytes({ ...rest, hash: digestOfJson(rest) }))));
  });
const linesOf = (change: Change): readonly string[] => String(forge(change).get("ledger.jsonl")).trimEnd().split("\n");

const chainCases: readonly TamperedCase[] = [
  tampered(
    "ledger/middle-cut-out",
    BROKEN,
    lines((all) => all.toSpliced(10, 1)),
  ),
  tampered(
    "ledger/beginning-cut-off",
    BROKEN,
    lines((all) => all.slice(1)),
  ),
  tampered(
    "ledger/end-of-another-run",
    BROKEN,
    lines((all) => [...all.slice(0, 20), ...linesOf({ identity: { runId: otherRun } }).slice(20)]),
  ),
  tampered(
    "ledger/of-another-run",
    BROKEN,
    lines(() => linesOf({ identity: { runId: otherRun } })),
  ),
  tampered("ledger/of-another-tenant", BROKEN, { genesis: (identity) => ({ ...identity, tenantId: "other" }) }),
  tampered("ledger/of-another-plan", BROKEN, {
    genesis: (identity) => ({ ...identity, planHash: `sha256:${"a".repeat(64)}` }),
  }),
  tampered("ledger/of-another-domain", BROKEN, {
    genesis: (identity) => ({ ...identity, trustDomain: "acme-staging" }),
  }),
  tampered(
    "ledger/two-lines-exchanged",
    BROKEN,
    lines((all) => all.with(10, all[11] ?? "").with(11, all[10] ?? "")),
  ),
  tampered(
    "ledger/line-doubled",
    BROKEN,
    lines((all) => all.toSpliced(10, 0, all[10] ?? "")),
  ),
  tampered(
    "ledger/last-line-doubled",
    BROKEN,
    lines((all) => [...all, all.at(-1) ?? ""]),
  ),
  tampered(
    "ledger/line-changed",
    BROKEN,
    lines((all) => all.with(10, (all[10] ?? "").replace('"info"', '"warn"'))),
  ),
  tampered("ledger/line-changed-and-hashed", BROKEN, relined(10, { level: "warn" })),
  tampered("ledger/sequence-gap", BROKEN, relined(34, { sequence: 36 })),
  tampered("ledger/sequence-from-zero", BROKEN, relined(0, { sequence: 0 })),
  tampered("ledger/time-goes-back", BROKEN, {
    events: (events) =>
      events
        .map((event, at) =>
          at === 20 ? { ...event, timestamp: time(2099) } : event.timestamp > time(2000) ? event : event,
        )
        .with(19, { ...(events[19] as Event), timestamp: time(2100) }),
  }),
  tampered("ledger/previous-hash", BROKEN, relined(34, { prev: `sha256:${"a".repeat(64)}` })),
  tampered(
    "ledger/hash-of-another",
    BROKEN,
    lines((all) => all.with(34, (all[34] ?? "").replace(/"hash":"[^"]*"/, `"hash":"sha256:${"a".repeat(64)}"`))),
  ),
  tampered("ledger/last-newline-missing", BROKEN, {
    files: (files) => void files.set("ledger.jsonl", (files.get("ledger.jsonl") ?? Buffer.alloc(0)).subarray(0, -1)),
  }),
  tampered(
    "ledger/blank-line-at-end",
    BROKEN,
    lines((all) => [...all, ""]),
  ),
  tampered(
    "ledger/nul-in-place-of-first-byte",
    BROKEN,
    lines((all) => all.with(10, `\u0000${(all[10] ?? "").slice(1)}`)),
  ),
  tampered("ledger/not-utf8", BROKEN, {
    files: (files) =>
      void files.set(
        "ledger.jsonl",
        Buffer.from(String(files.get("ledger.jsonl")).replace("run created", "run cre\u00ff"), "latin1"),
      ),
  }),
  tampered(
    "ledger/empty",
    [
      "ledger-fold LEDGER_UNFINISHED",
      "outputs OUTPUTS_MISMATCH",
      "artifacts ARTIFACT_MISMATCH",
      "inputs-lock INPUTS_LOCK_MISMATCH",
      "run-request RUN_REQUEST_MISMATCH",
      "approvals EVIDENCE_FILE_UNNAMED",
      "policies EVIDENCE_FILE_UNNAMED",
      "egress EGRESS_LINE_UNPLANNED",
    ],
    lines(() => []),
  ),
  tampered("ledger/end-cut-off", ["ledger-fold LEDGER_UNFINISHED", "outputs OUTPUTS_MISMATCH"], {
    events: (events) => events.slice(0, -1),
  }),
];

const event = (eventType: string, metadata: Members = {}, place: Partial<Event> = {}): Event => ({
  eventType,
  level: "info",
  message: eventType,
  metadata,
  timestamp: "",
  ...place,
});
/** Events in a new order, each at the time of its place. */
const timed = (edit: (events: Event[]) => readonly Event[]): Change => ({
  events: (events) => edit([...events]).map((each, at) => ({ ...each, timestamp: time((at + 1) * 100) })),
});
const find = (events: readonly Event[], type: string, stepId?: string): number =>
  events.findIndex((each) => each.eventType === type && (stepId === undefined || each.stepId === stepId));
const without = (type: string, stepId?: string): Change =>
  timed((events) => events.toSpliced(find(events, type, stepId), 1));
const insert = (before: string, stepId: string | undefined, ...more: readonly Event[]): Change =>
  timed((events) => events.toSpliced(find(events, before, stepId), 0, ...more));
/** One event is moved before another. */
const moved = (type: string, stepId: string, before: string, beforeStep?: string): Change =>
  timed((events) => {
    const [one] = events.splice(find(events, type, stepId), 1);
    return events.toSpliced(find(events, before, beforeStep), 0, one as Event);
  });
const changed = (type: string, stepId: string | undefined, more: Members): Change =>
  timed((events) =>
    events.map((each) =>
      each.eventType === type && (stepId === undefined || each.stepId === stepId)
        ? { ...each, metadata: { ...each.metadata, ...more } }
        : each,
    ),
  );
const finished = (status: string, reason?: string): Change =>
  timed((events) =>
    events.with(
      events.length - 1,
      event("run.finished", {
        status,
        outputs: events.at(-1)?.metadata["outputs"] ?? {},
        ...(reason === undefined ? {} : { reason }),
      }),
    ),
  );
const on = (stepId: string, attempt?: number): Partial<Event> => ({
  stepId,
  ...(attempt === undefined ? {} : { attempt }),
});
const started = (stepId: string, attempt = 1): Event => event("step.started", {}, on(stepId, attempt));
const succeeded = (stepId: string, attempt = 1): Event =>
  event("step.succeeded", { durationMs: 1, outputs: {} }, on(stepId, attempt));
const skippedEvent = (stepId: string, reason: string): Event => event("step.skipped", { reason }, on(stepId));
const replaced = (stepId: string, ...more: readonly Event[]): Change =>
  timed((events) => {
    const at = events.findIndex((each) => each.stepId === stepId);
    return events.filter((each) => each.stepId !== stepId).toSpliced(at, 0, ...more);
  });
const plan = (edit: (plan: Plan) => Members): Change => ({ plan: (plain) => ({ ...plain, ...edit(plain) }) });
const node = (id: string, more: Members): Change =>
  plan(({ steps, finally: last }) => ({
    steps: steps.map((each) => (each.id === id ? { ...each, ...more } : each)),
    finally: last.map((each) => (each.id === id ? { ...each, ...more } : each)),
  }));
const cancelRequest = (commandId = "c-9"): Event => event("run.cancelRequested", { commandId, by: "requester" });

const orderCases: readonly TamperedCase[] = [
  tampered(
    "order/run-finished-twice",
    ORDER,
    timed((events) => [...events, ...events.slice(-1)]),
  ),
  tampered(
    "order/event-behind-the-end",
    ORDER,
    timed((events) => [...events, event("lease.acquired", { owner: "host-2", fence: 2 })]),
  ),
  tampered(
    "order/run-created-twice",
    ORDER,
    timed((events) => [...events.slice(0, 1), ...events]),
  ),
  tampered(
    "order/run-created-late",
    ORDER,
    timed((events) => [events[1] as Event, events[0] as Event, ...events.slice(2)]),
  ),
  tampered(
    "order/run-started-twice",
    ORDER,
    insert(
      "run.waiting",
      undefined,
      event("run.started", { engine: { name: "packrun", version: "0.1.0" }, sandbox: { mode: "sealed" } }),
    ),
  ),
  tampered("order/plan-never-verified", [ORDER, UNKNOWN, FOLD], without("plan.verified")),
  tampered(
    "order/attempt-beyond-the-most",
    ORDER,
    replaced(
      "smoke",
      started("smoke"),
      event("step.retry", { reason: "STEP_EXIT", notBefore: time(0) }, on("smoke", 1)),
      started("smoke", 2),
      succeeded("smoke", 2),
    ),
  ),
  tampered("order/attempt-left-out", ORDER, replaced("smoke", started("smoke", 2), succeeded("smoke", 2))),
  tampered("order/attempt-twice", ORDER, replaced("smoke", started("smoke"), started("smoke"), succeeded("smoke"))),
  tampered(
    "order/started-again-after-its-end",
    ORDER,
    replaced("smoke", started("smoke"), succeeded("smoke"), started("smoke", 2), succeeded("smoke", 2)),
  ),
  tampered("order/ended-twice", ORDER, replaced("smoke", started("smoke"), succeeded("smoke"), succeeded("smoke"))),
  tampered(
    "order/failed-after-it-succeeded",
    ORDER,
    replaced(
      "tidy",
      started("tidy"),
      succeeded("tidy"),
      event("step.cancelled", { reason: "RUN_CANCELLED" }, on("tidy", 1)),
    ),
  ),
  tampered("order/behind-the-gate-before-the-decision", ORDER, moved("step.started", "smoke", "gate.decision")),
  tampered("order/behind-the-gate-before-it-passed", ORDER, moved("step.started", "smoke", "gate.passed")),
  tampered("order/before-what-it-needs", ORDER, moved("step.started", "last", "step.succeeded", "smoke")),
  tampered("order/finally-before-the-rest-is-over", ORDER, moved("step.started", "tidy", "step.succeeded", "last")),
  tampered(
    "order/finally-never-ran",
    ORDER,
    timed((events) => events.filter(({ stepId }) => stepId !== "tidy")),
  ),
  tampered("order/step-never-ended", ORDER, without("step.succeeded", "tidy")),
  tampered(
    "order/output-of-a-skipped-step",
    ORDER,
    insert("policy.evaluated", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("extra", 1))),
  ),
  tampered(
    "order/output-behind-the-end",
    ORDER,
    insert("run.finished", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("smoke", 1))),
  ),
  tampered(
    "order/output-of-another-attempt",
    ORDER,
    insert("step.succeeded", "smoke", event("step.output", { stream: "stdout", lines: ["hello"] }, on("smoke", 2))),
  ),
  tampered(
    "order/output-of-a-gate",
    ORDER,
    insert("gate.passed", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("ok", 1))),
  ),
  tampered(
    "order/secret-behind-the-end",
    ORDER,
    insert("run.finished", undefined, event("secret.resolved", { name: "token", provider: "env" }, on("tidy", 1))),
  ),
  tampered(
    "order/sandbox-never-began",
    ORDER,
    insert("step.started", "smoke", event("sandbox.enforced", { mode: "sealed", limits: {} }, on("smoke", 1))),
  ),
  tampered(
    "order/gate-opened-twice",
    ORDER,
    insert(
      "run.waiting",
      undefined,
      event("gate.opened", { requestDigest: `sha256:${"a".repeat(64)}`, notAfter: time(0) }, on("ok")),
    ),
  ),
  tampered("order/decision-behind-the-end-of-the-gate", ORDER, moved("gate.passed", "ok", "gate.decision")),
  tampered("order/skipped-while-it-runs", ORDER, {
    ...replaced("tidy", started("tidy"), skippedEvent("tidy", "RUN_STOPPING"), succeeded("tidy")),
    statuses: (plain) => plain.map((each) => (each.id === "tidy" ? { ...each, status: "succeeded" } : each)),
  }),
  tampered("order/begins-after-it-was-cancelled", ORDER, insert("step.started", "smoke", cancelRequest())),
  tampered(
    "order/gate-passes-after-the-run-was-cancelled",
    [ORDER, UNKNOWN, FOLD],
    insert("gate.passed", undefined, cancelRequest()),
  ),
  tampered(
    "order/begins-after-the-wall-clock",
    ORDER,
    insert(
      "step.started",
      "last",
      event("run.cancelRequested", { commandId: "timer:wall-clock", by: "engine", reason: "RUN_WALL_CLOCK" }),
    ),
  ),
  tampered(
    "order/finally-after-drift",
    ORDER,
    insert("step.started", "tidy", event("plan.drift", { node: "tidy", pointer: "", code: "PLAN_DRIFT", hint: "" })),
  ),
  tampered(
    "order/lost-attempt-without-another",
    ORDER,
    replaced("tidy", started("tidy"), event("step.lost", {}, on("tidy", 1)), started("tidy", 2), succeeded("tidy", 2)),
  ),
  tampered(
    "order/reused-although-it-ran",
    ORDER,
    replaced(
      "tidy",
      started("tidy"),
      succeeded("tidy"),
      event("step.succeeded", { durationMs: 0, outputs: {}, reusedFrom: otherRun }, on("tidy")),
    ),
  ),
  tampered("order/switched-off-by-the-plan", ORDER, { ...node("notify", { when: false }) }),
  allowed("allowed/lost-and-idempotent", {
    ...node("tidy", { idempotent: true }),
    ...replaced(
      "tidy",
      started("tidy"),
      event("step.lost", {}, on("tidy", 1)),
      started("tidy", 2),
      succeeded("tidy", 2),
    ),
  }),
  allowed("allowed/cancel-that-came-too-late", insert("run.finished", undefined, cancelRequest())),
  allowed("allowed/gate-rejected", {
    decisions: [{ by: "approver-1", predicate: (plain) => ({ ...plain, decision: "reject" }) }],
    events: endedAtGate("gate.rejected", "GATE_REJECTED"),
  }),

  tampered(
    "order/step-that-the-plan-does-not-have",
    UNKNOWN,
    insert("run.waiting", undefined, started("ghost"), succeeded("ghost")),
  ),
  tampered(
    "order/item-beyond-the-expansion",
    UNKNOWN,
    insert("step.started", "notify", started("push[2]::send"), succeeded("push[2]::send")),
  ),
  tampered(
    "order/item-before-the-expansion",
    UNKNOWN,
    insert("map.expanded", undefined, event("step.output", { stream: "stdout", lines: [] }, on("push[0]::send", 1))),
  ),
  tampered(
    "order/template-in-place-of-an-item",
    UNKNOWN,
    insert("step.started", "notify", skippedEvent("send", "WHEN_FALSE")),
  ),
  tampered(
    "order/gate-end-on-a-step",
    UNKNOWN,
    insert("step.started", "notify", event("gate.passed", {}, on("smoke"))),
  ),
  tampered(
    "order/expansion-of-a-step",
    UNKNOWN,
    insert("step.started", "notify", event("map.expanded", { count: 0, items: [] }, on("smoke"))),
  ),
  tampered(
    "order/policy-of-a-step",
    [UNKNOWN, "policies POLICY_CONTEXT_MISMATCH"],
    insert(
      "step.started",
      "notify",
      event(
        "policy.evaluated",
        { allowed: true, policyDigest: reportFile.digest, contextDigest: reportFile.digest },
        on("smoke"),
      ),
    ),
  ),
];

const outcome = (name: string, change: Change): TamperedCase => tampered(`outcome/${name}`, OUTCOME, change);
const failed = (stepId: string): readonly Event[] => [
  started(stepId),
  event("step.failed", { reason: "STEP_EXIT", durationMs: 1, code: "STEP_EXIT", hint: "", exitCode: 1 }, on(stepId, 1)),
];
/** `smoke` fails, `last` is skipped. */
const broken = (end: (change: Change) => Change = (change) => change): Change =>
  end(
    timed((events) => {
      const at = events.findIndex(({ stepId }) => stepId === "smoke");
      return events
        .filter(({ stepId }) => stepId !== "smoke" && stepId !== "last")
        .toSpliced(at, 0, ...failed("smoke"), skippedEvent("last", "UPSTREAM_FAILED"));
    }),
  );
const both = (one: Change, other: Change): Change => ({
  ...one,
  ...other,
  events: (events) => (other.events ?? ((same) => same))([...(one.events ?? ((same) => same))(events)]),
});

const outcomeCases: readonly TamperedCase[] = [
  outcome("failed-step-in-a-run-that-succeeded", broken()),
  outcome("failed-for-another-reason", both(broken(), finished("failed", "RUN_WALL_CLOCK"))),
  outcome("cancelled-by-nobody", finished("cancelled", "RUN_CANCELLED")),
  outcome("failed-without-failure", finished("failed", "STEP_EXIT")),
  outcome("succeeded-with-a-reason", finished("succeeded", "STEP_EXIT")),
  outcome("wall-clock-that-never-ended", finished("failed", "RUN_WALL_CLOCK")),
  outcome("drift-that-never-was", finished("failed", "PLAN_DRIFT")),
  outcome("cut-short-and-succeeded", replaced("tidy", skippedEvent("tidy", "RUN_STOPPING"))),
  outcome(
    "cancelled-step-and-succeeded",
    replaced("tidy", started("tidy"), event("step.cancelled", { reason: "RUN_CANCELLED" }, on("tidy", 1))),
  ),
  outcome(
    "cancelled-by-a-user-called-wall-clock",
    both(insert("run.finished", undefined, cancelRequest()), finished("failed", "RUN_WALL_CLOCK")),
  ),
  outcome("rejected-gate-and-succeeded", {
    decisions: [{ by: "approver-1", predicate: (plain) => ({ ...plain, decision: "reject" }) }],
    events: (events) =>
      endedAtGate(
        "gate.rejected",
        "",
      )(events).map((each) =>
        each.eventType === "run.finished"
          ? { ...each, metadata: { status: "succeeded", outputs: each.metadata["outputs"] } }
          : each,
      ),
  }),
  allowed("allowed/failed-for-its-reason", both(broken(), finished("failed", "STEP_EXIT"))),

  tampered(
    "order/skipped-by-a-condition-it-does-not-have",
    [ORDER, FOLD],
    replaced("tidy", skippedEvent("tidy", "WHEN_FALSE")),
  ),
  tampered(
    "order/skipped-although-nothing-failed",
    [ORDER, FOLD],
    replaced("tidy", skippedEvent("tidy", "UPSTREAM_FAILED")),
  ),
  tampered("order/succeeded-without-start", [ORDER, FOLD], without("step.started", "tidy")),
  tampered("order/succeeded-without-any-attempt", [ORDER, FOLD], replaced("tidy", succeeded("tidy", 3))),
  tampered("order/gate-passed-without-opening", [ORDER, UNKNOWN, FOLD], {
    decisions: [],
    request: (plain) => plain,
    events: (events) => events.filter(({ eventType }) => eventType !== "gate.opened"),
    files: (files) => {
      files.delete("approvals/ok/request.json");
      files.delete("approvals/ok/request.json.sigstore.json");
    },
  }),
  tampered("order/container-ended-by-itself", ORDER, {
    ...insert("step.started", "notify", skippedEvent("push", "RUN_STOPPING")),
    statuses: (plain) => plain.map((each) => (each.id === "push" ? { ...each, status: "succeeded" } : each)),
  }),
  tampered(
    "order/policy-allowed-with-a-code",
    [ORDER, UNKNOWN, FOLD],
    changed("policy.evaluated", undefined, { code: "POLICY_DENIED" }),
  ),
  tampered(
    "order/another-policy",
    [UNKNOWN, ORDER, FOLD],
    changed("policy.evaluated", undefined, { policyDigest: reportFile.digest }),
  ),
  tampered("order/expanded-to-more-items", [UNKNOWN, ORDER, FOLD], changed("map.expanded", undefined, { count: 3 })),
  tampered(
    "order/expanded-to-other-items",
    [UNKNOWN, ORDER, FOLD],
    changed("map.expanded", undefined, { items: digestOfJson(["eu", "cn"]) }),
  ),
  tampered(
    "order/items-written-out-that-the-plan-knows",
    [UNKNOWN, ORDER, FOLD],
    changed("map.expanded", undefined, { items: ["eu", "us"] }),
  ),
];

const withOutputs = (more: Members): Change => changed("run.finished", undefined, { outputs: more });
const FILE = `artifacts/sha256/${reportFile.digest.slice(7)}`;
const ARTIFACT = "artifacts ARTIFACT_MISMATCH";
const OUTPUTS = "outputs OUTPUTS_MISMATCH";
const text = (value: string): Uint8Array => Buffer.from(value);

const artifactCases: readonly TamperedCase[] = [
  tampered("artifacts/output-never-captured", ARTIFACT, without("step.artifact")),
  tampered(
    "artifacts/output-refused",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.metadata["name"] === "report"
          ? { ...each, metadata: { name: "report", status: "refused", notes: "OUTPUT_TOO_LARGE" } }
          : each,
      ),
    ),
  ),
  tampered(
    "artifacts/captured-before-the-attempt",
    ARTIFACT,
    timed((events) => {
      const [one] = events.splice(find(events, "step.artifact"), 1);
      return events.toSpliced(find(events, "step.retry"), 0, { ...(one as Event), attempt: 1 });
    }),
  ),
  tampered(
    "artifacts/captured-with-another-type",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.eventType === "step.succeeded" && each.stepId === "build"
          ? {
              ...each,
              metadata: {
                ...each.metadata,
                outputs: {
                  ...(each.metadata["outputs"] as Members),
                  report: { ...reportFile, mediaType: "text/plain" },
                },
              },
            }
          : each.eventType === "run.finished"
            ? {
                ...each,
                metadata: { ...each.metadata, outputs: { report: { ...reportFile, mediaType: "text/plain" } } },
              }
            : each,
      ),
    ),
  ),
  tampered(
    "artifacts/size-of-the-ledger",
    ARTIFACT,
    timed((events) =>
      events.map((each) => {
        const report = { ...reportFile, size: reportFile.size + 1 };
        return each.metadata["name"] === "report"
          ? { ...each, metadata: { ...each.metadata, size: report.size } }
          : each.eventType === "step.succeeded" && each.stepId === "build"
            ? { ...each, metadata: { ...each.metadata, outputs: { ...(each.metadata["outputs"] as Members), report } } }
            : each.eventType === "run.finished"
              ? { ...each, metadata: { ...each.metadata, outputs: { report } } }
              : each;
      }),
    ),
  ),
  tampered(
    "artifacts/size-of-a-folder",
    ARTIFACT,
    timed((events) =>
      events.map((each) =>
        each.metadata["name"] === "parts" ? { ...each, metadata: { ...each.metadata, size: 9 } } : each,
      ),
    ),
  ),
  tampered("artifacts/not-there", ARTIFACT, { files: (files) => void files.delete(FILE) }),
  tampered("artifacts/file-of-a-folder-not-there", ARTIFACT, {
    files: (files) => void files.delete(`artifacts/sha256/${hex("part one")}`),
  }),
  tampered("artifacts/listing-not-there", ARTIFACT, {
    files: (files) => void files.delete(`artifacts/sha256/${partsFolder.digest.slice(7)}`),
  }),
  tampered("artifacts/under-the-name-of-another", ARTIFACT, {
    files: (files) => void files.set(FILE, text("<p>none of it works</p>")),
  }),
  tampered("artifacts/named-by-nobody", ARTIFACT, {
    files: (files) => void files.set(`artifacts/sha256/${hex("more")}`, text("more")),
  }),
  tampered("artifacts/another-media-type", ARTIFACT, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === FILE ? { ...file, mediaType: "text/plain" } : file)),
    }),
  }),
  tampered("outputs/other-than-the-ledgers", OUTPUTS, { outputs: (plain) => ({ ...plain, outputs: {} }) }),
  tampered("outputs/of-another-run", OUTPUTS, { outputs: (plain) => ({ ...plain, runId: otherRun }) }),
  tampered("outputs/artifact-left-out", OUTPUTS, {
    outputs: (plain) => ({ ...plain, artifacts: (plain["artifacts"] as unknown[]).slice(1) }),
  }),
  tampered("outputs/artifacts-out-of-order", OUTPUTS, {
    outputs: (plain) => ({ ...plain, artifacts: (plain["artifacts"] as unknown[]).toReversed() }),
  }),
  tampered("outputs/size-of-a-folder", OUTPUTS, {
    outputs: (plain) => ({
      ...plain,
      artifacts: (plain["artifacts"] as Members[]).map((each) =>
        each["name"] === "parts" ? { ...each, size: 9 } : each,
      ),
    }),
  }),
  tampered("outputs/another-file-of-the-step", OUTPUTS, withOutputs({ report: partsFolder })),
  tampered(
    "outputs/file-that-no-step-gave",
    OUTPUTS,
    withOutputs({ report: { ...reportFile, digest: `sha256:${"a".repeat(64)}` } }),
  ),
  tampered("outputs/text-in-place-of-the-file", OUTPUTS, withOutputs({ report: { type: "string", value: "works" } })),
  tampered("outputs/absent-although-the-step-gave-it", OUTPUTS, withOutputs({})),
  tampered("outputs/name-that-the-plan-does-not-have", OUTPUTS, withOutputs({ other: reportFile, report: reportFile })),
];

const EGRESS = (code: string): string => `egress EGRESS_${code}`;
const network = (edit: (lines: readonly Members[]) => readonly Members[]): Change => ({ egress: edit });
const first = (more: Members): Change =>
  network((all) => all.map((each, at) => (at === 0 ? { ...each, ...more } : each)));
/** As many requests of `build` as this, of so many bytes each, and its use as the ledger tells it. */
const requests = (count: number, bytes: number, host = "mirror.example.com"): Change => ({
  egress: () => [
    ...Array.from({ length: count }, () => ({ ...egressLines[0], host, bytesIn: bytes, bytesOut: 0 })),
    ...egressLines.slice(1, 2),
  ],
  ...timed((events) =>
    events.map((each) =>
      each.eventType === "step.succeeded" && each.stepId === "build"
        ? { ...each, metadata: { ...each.metadata, egress: { requests: count, bytesIn: count * bytes, bytesOut: 0 } } }
        : each,
    ),
  ),
});

const egressCases: readonly TamperedCase[] = [
  tampered("egress/sequence-gap", EGRESS("LINE_FORM"), {
    egressText: (plain) => plain.replace('"sequence":3', '"sequence":4'),
  }),
  tampered("egress/unknown-member", EGRESS("LINE_FORM"), first({ userAgent: "curl" })),
  tampered("egress/port-is-text", EGRESS("LINE_FORM"), first({ port: "443" })),
  tampered("egress/empty-file", EGRESS("LINE_FORM"), { egressText: () => "" }),
  tampered("egress/host-that-no-rule-allows", EGRESS("LINE_UNPLANNED"), first({ host: "evil.example.net" })),
  tampered("egress/suffix-itself", EGRESS("LINE_UNPLANNED"), first({ host: "example.com" })),
  tampered("egress/host-in-upper-case", EGRESS("LINE_UNPLANNED"), first({ host: "Mirror.example.com" })),
  tampered("egress/host-that-only-ends-alike", EGRESS("LINE_UNPLANNED"), first({ host: "evilexample.com" })),
  tampered("egress/another-port", EGRESS("LINE_UNPLANNED"), first({ port: 8443 })),
  tampered("egress/another-protocol", EGRESS("LINE_UNPLANNED"), first({ protocol: "tcp" })),
  tampered(
    "egress/denied-without-reason",
    EGRESS("LINE_UNPLANNED"),
    network((all) =>
      all.map((each, at) => {
        const { reason: _, ...rest } = each;
        return at === 1 ? rest : each;
      }),
    ),
  ),
  tampered("egress/attempt-that-never-was", EGRESS("LINE_UNPLANNED"), first({ attempt: 3 })),
  tampered("egress/gate", EGRESS("LINE_UNPLANNED"), first({ stepId: "ok", attempt: 1 })),
  tampered(
    "egress/requests-beyond-the-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 1, bytes: 10_000 } } })),
  ),
  tampered(
    "egress/bytes-beyond-the-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 4, bytes: 1549 } } })),
  ),
  tampered(
    "egress/no-quota",
    EGRESS("OVER_QUOTA"),
    plan(({ sandbox }) => ({ sandbox: omit(sandbox, "egressQuota") })),
  ),
  tampered("egress/requests-beyond-the-rule", EGRESS("OVER_QUOTA"), requests(4, 10)),
  tampered("egress/bytes-beyond-the-rule", EGRESS("OVER_QUOTA"), requests(2, 2001)),
  tampered("egress/requests-beyond-the-wide-rule", EGRESS("OVER_QUOTA"), requests(3, 10, "www.example.com")),
  tampered("egress/use-of-the-ledger", EGRESS("USE_MISMATCH"), first({ bytesIn: 901 })),
  tampered(
    "egress/line-left-out",
    EGRESS("USE_MISMATCH"),
    network((all) => all.slice(0, 2)),
  ),
  tampered(
    "egress/refusal-left-out",
    EGRESS("USE_MISMATCH"),
    network((all) => all.toSpliced(1, 1)),
  ),
  tampered(
    "egress/refusal-of-another-port",
    EGRESS("USE_MISMATCH"),
    network((all) => all.map((each, at) => (at === 1 ? { ...each, port: 444 } : each))),
  ),
  tampered("egress/file-left-out", EGRESS("USE_MISMATCH"), { files: (files) => void files.delete("egress.jsonl") }),
  tampered(
    "egress/use-without-lines",
    EGRESS("USE_MISMATCH"),
    changed("step.succeeded", "smoke", { egress: { requests: 1, bytesIn: 1, bytesOut: 1 } }),
  ),
  allowed(
    "allowed/quota-used-up",
    plan(({ sandbox }) => ({ sandbox: { ...sandbox, egressQuota: { requests: 2, bytes: 1550 } } })),
  ),
];

export const ledgerCases: readonly TamperedCase[] = [
  ...chainCases,
  ...orderCases,
  ...outcomeCases,
  ...artifactCases,
  ...egressCases,
];
