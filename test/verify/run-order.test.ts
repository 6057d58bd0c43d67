import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import type { EvidenceManifest } from "#evidence/evidence-manifest.ts";
import type { CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { Verdict } from "#verify/verdict.ts";
import { samplePlan, sealedRun, sha256, type World } from "../app/sealed-world.ts";
import { chained, check, eventsOf, filesOf, findings, forge, resign } from "./bundle-tools.ts";

const world: World = await sealedRun();
const root = world.trustRoot;
const at = (events: readonly LedgerEvent[], type: string, stepId?: string): number =>
  events.findIndex((event) => event.eventType === type && event.stepId === stepId);
const edited = (event: LedgerEvent | undefined, change: object): LedgerEvent =>
  ({ ...event, ...change }) as LedgerEvent;

async function found(
  edit: (events: LedgerEvent[]) => readonly LedgerEvent[],
  of: World = world,
): Promise<readonly string[]> {
  return findings(await check(await forge(of, edit), root));
}

t.test("runs that failed, were retried, were cancelled or lost steps are verified as what they are", async (t) => {
  const runs = {
    failed: await sealedRun({ outcome: (id) => (id === "build" ? broken : undefined) }),
    shielded: await sealedRun({ outcome: (id) => (id === "notify" ? broken : undefined) }),
    retried: await sealedRun({ outcome: (id, attempt) => (id === "smoke" && attempt === 1 ? broken : undefined) }),
    exhausted: await sealedRun({ outcome: (id) => (id === "smoke" ? broken : undefined) }),
    tidyFailed: await sealedRun({ outcome: (id) => (id === "tidy" ? broken : undefined) }),
    cancelledEarly: await sealedRun({ cancelAt: 0 }),
    cancelledWaiting: await sealedRun({ cancelAt: 3 }),
    cancelledLate: await sealedRun({ cancelAt: 8 }),
    inMap: await sealedRun({ outcome: (id) => (id === "push[1]::send" ? broken : undefined) }),
  };
  for (const [name, run] of Object.entries(runs)) {
    const verdict = await check(filesOf(run.folder), root);
    t.same(findings(verdict), [], name);
    t.comment(`${name}: ${verdict.checks.find((one) => one.name === "outcome")?.why}`);
  }
});

const broken = {
  kind: "failed",
  reason: "STEP_EXIT",
  hint: "look",
  exitCode: 3,
  outputs: undefined,
  artifacts: [],
  durationMs: 1,
} as never;

t.test("runs that drifted, were refused, lost steps or took steps over are verified as what they are", async (t) => {
  const start = (stepId: string, attempt: number) => ({ kind: "start" as const, stepId, attempt, secrets: [] });
  const once = (id: string, bodies: readonly CommandBody[]) => {
    let left = 1;
    return (effect: Effect) => ("stepId" in effect && effect.stepId === id && (left -= 1) === 0 ? bodies : undefined);
  };
  const drift = { kind: "drifted" as const, node: "smoke", pointer: "/command", hint: "it was changed" };
  const lost = (stepId: string): CommandBody => ({ kind: "lost", stepId, attempt: 1 });
  const runs = {
    drifted: await sealedRun({ serve: once("smoke", [drift]) }),
    refused: await sealedRun({ refused: true }),
    lostForGood: await sealedRun({ serve: once("build", [start("build", 1), lost("build")]) }),
    lostAndRepeated: await sealedRun({ serve: once("smoke", [start("smoke", 1), lost("smoke")]) }),
    unasked: await sealedRun({
      serve: once("ok", [{ kind: "gateFailed", stepId: "ok", reason: "EXPR_ABSENT", hint: "no value" }]),
    }),
    unjudged: await sealedRun({
      serve: once("check", [{ kind: "gateFailed", stepId: "check", reason: "EXPR_ABSENT", hint: "no value" }]),
    }),
    takenOver: await sealedRun({ reused: { build: { count: { type: "integer", value: 3 } }, "push[1]::send": {} } }),
  };
  for (const [name, run] of Object.entries(runs)) {
    const verdict = await check(filesOf(run.folder), root);
    t.same(findings(verdict), [], name);
    t.comment(`${name}: ${verdict.checks.find((one) => one.name === "outcome")?.why}`);
  }
  const reuse = (await check(filesOf(runs.takenOver.folder), root)).checks.find((one) => one.name === "reuse");
  t.match(reuse, { status: "skipped", why: /proven in 0198c5a0-0000-7000-8000-000000000099/ });
});

t.test("a step that starts before its gate has passed is found", async (t) => {
  const early = await found((events) => {
    const moved = events.splice(at(events, "gate.passed", "ok"), 1);
    return events.toSpliced(at(events, "step.started", "push[0]::send") + 1, 0, ...moved);
  });
  t.ok(early.includes("order: ORDER_VIOLATED"));
  // A runner that leaves the gate out altogether cannot even seal; whoever signs by hand is found out all the same.
  const files = filesOf(world.folder);
  const without = eventsOf(files).filter((event) => !event.eventType.startsWith("gate."));
  const signed = await resign(new Map([...files, ["ledger.jsonl", chained(world, without)]]));
  t.ok(findings(await check(signed, root)).includes("order: ORDER_VIOLATED"));
});

t.test("a step that starts before what it needs has ended is found", async (t) => {
  const early = await found((events) => {
    const [moved] = events.splice(at(events, "step.succeeded", "smoke"), 1);
    return events.toSpliced(at(events, "step.started", "last") + 1, 0, moved as LedgerEvent);
  });
  t.ok(early.includes("order: ORDER_VIOLATED"));
  const before = await found((events) => {
    const tidy = events.filter((event) => event.stepId === "tidy");
    const rest = events.filter((event) => event.stepId !== "tidy");
    return rest.toSpliced(at(rest, "gate.opened", "ok"), 0, ...tidy);
  });
  t.ok(before.includes("order: ORDER_VIOLATED"), "finally");
});

t.test("work that the plan does not have is found", async (t) => {
  const strange = await found((events) => {
    const started = events.find((event) => event.eventType === "step.started");
    return events.toSpliced(at(events, "step.started", "build"), 0, edited(started, { stepId: "slipped" }));
  });
  t.ok(strange.includes("plan-nodes: NODE_UNKNOWN"));
  const third = await found((events) => {
    const place = at(events, "step.started", "push[1]::send");
    return events.toSpliced(place, 0, edited(events[place], { stepId: "push[2]::send" }));
  });
  t.ok(third.includes("plan-nodes: NODE_UNKNOWN"));
  const more = await found((events) =>
    events.map((event) =>
      event.eventType === "map.expanded" ? { ...event, metadata: { count: 2, items: ["eu", "mars"] } } : event,
    ),
  );
  t.ok(more.includes("plan-nodes: NODE_UNKNOWN"));
  const policy = await found((events) =>
    events.map((event) =>
      event.eventType === "policy.evaluated"
        ? { ...event, metadata: { ...event.metadata, policyDigest: event.metadata.contextDigest } }
        : event,
    ),
  );
  t.ok(policy.includes("plan-nodes: NODE_UNKNOWN"));
});

t.test("attempts that begin or end twice, or stand outside, are found", async (t) => {
  const twice = (type: string, step: string) =>
    found((events) => {
      const place = at(events, type, step);
      return events.toSpliced(place, 0, events[place] as LedgerEvent);
    });
  t.ok((await twice("step.started", "build")).includes("order: ORDER_VIOLATED"));
  t.ok((await twice("step.succeeded", "build")).includes("order: ORDER_VIOLATED"));
  t.ok((await twice("gate.opened", "ok")).includes("order: ORDER_VIOLATED"));
  t.ok((await twice("gate.passed", "ok")).includes("order: ORDER_VIOLATED"));
  t.ok((await twice("map.expanded", "push")).includes("order: ORDER_VIOLATED"));
  const outside = await found((events) => {
    const [moved] = events.splice(at(events, "step.artifact", "build"), 1);
    return events.toSpliced(at(events, "step.succeeded", "build") + 1, 0, moved as LedgerEvent);
  });
  t.ok(outside.includes("order: ORDER_VIOLATED"));
  const skipped = await found((events) => {
    const place = at(events, "step.started", "build");
    return events.with(place, edited(events[place], { attempt: 2 }));
  });
  t.ok(skipped.includes("order: ORDER_VIOLATED"));
});

const skip = (reason: string) =>
  found((events) => {
    const rest = events.filter((event) => event.stepId !== "notify");
    const event = edited(
      events.find((one) => one.stepId === "notify"),
      {
        eventType: "step.skipped",
        metadata: { reason },
      },
    );
    const { attempt: _attempt, ...without } = event;
    return rest.toSpliced(at(rest, "step.started", "smoke"), 0, without as LedgerEvent);
  });

t.test("a step is skipped only for a reason that holds", async (t) => {
  t.ok((await skip("WHEN_FALSE")).includes("order: ORDER_VIOLATED"));
  t.ok((await skip("UPSTREAM_FAILED")).includes("order: ORDER_VIOLATED"));
  t.ok((await skip("RUN_STOPPING")).includes("outcome: OUTCOME_MISMATCH"));
});

t.test("a map that was expanded ends only with what is inside it", async (t) => {
  const ended = await found((events) => {
    const place = at(events, "map.expanded", "push") + 1;
    const skipped = { eventType: "step.skipped", metadata: { reason: "RUN_STOPPING" } };
    return events.toSpliced(place, 0, edited(events[place - 1], skipped));
  });
  t.ok(ended.includes("order: ORDER_VIOLATED"));
});

/** A few bytes that name very many steps: a map of so many items with a hundred steps each. */
async function wide(count: number): Promise<Verdict> {
  const [model] = samplePlan().steps;
  const kids = Array.from({ length: 100 }, (_, kid) => ({ ...model, id: `m[*]::k${kid}`, parent: "m" }));
  const items = { $cel: [{ expr: "inputs.channel" }] };
  const map = { id: "m", kind: "map", parent: null, needs: [], continueOnError: false, items, as: "x", maxItems: 1e9 };
  const plan = samplePlan({ nodes: [map, ...kids] as never });
  const bytes = canonicalBytes(plan);
  const planHash = digestOf(bytes, sha256);
  const files = filesOf(world.folder);
  const events = eventsOf(files);
  const start = at(events, "run.started");
  const expanded = edited(events[start], {
    eventType: "map.expanded",
    stepId: "m",
    metadata: { count, items: Array.from({ length: count }, () => 0) },
  });
  const told = [...events.slice(0, start + 1), expanded, events.at(-1) as LedgerEvent];
  const manifest = JSON.parse(Buffer.from(files.get("evidence.manifest.json") ?? "").toString()) as EvidenceManifest;
  files.set("plan.canonical.json", bytes);
  files.set("ledger.jsonl", chained({ ...world, identity: { ...world.identity, planHash } }, told));
  const renamed = { ...manifest, planHash, plan: { ...manifest.plan, hash: planHash } };
  files.set("evidence.manifest.json", canonicalBytes(renamed));
  return check(files, root);
}

t.test("a ledger cannot name more steps than are looked at, and wrong steps say nothing of the outcome", async (t) => {
  const many = await wide(10_001);
  t.ok(findings(many).includes("plan-nodes: INSTANCES_TOO_MANY"));
  t.match(
    many.checks.find((one) => one.name === "outcome"),
    { status: "skipped", why: /plan-nodes failed/ },
  );
  const most = await wide(10_000);
  t.notOk(findings(most).some((finding) => finding.startsWith("plan-nodes")));
  t.match(
    most.checks.find((one) => one.name === "outcome"),
    { status: "skipped", why: /order failed/ },
  );
});

const finish = (metadata: object, of: World) =>
  found((events) => {
    const last = events.pop();
    return [...events, edited(last, { metadata: { outputs: {}, ...metadata } })];
  }, of);

t.test("a run cannot call itself what its steps are not", async (t) => {
  const failed = await sealedRun({ outcome: (id) => (id === "build" ? broken : undefined) });
  t.ok((await finish({ status: "succeeded" }, failed)).includes("outcome: OUTCOME_MISMATCH"));
  t.ok((await finish({ status: "failed", reason: "STEP_TIMEOUT" }, failed)).includes("outcome: OUTCOME_MISMATCH"));
  t.ok((await finish({ status: "cancelled", reason: "RUN_CANCELLED" }, failed)).includes("outcome: OUTCOME_MISMATCH"));
  t.ok((await finish({ status: "failed", reason: "STEP_EXIT" }, world)).includes("outcome: OUTCOME_MISMATCH"));
});

t.test("nothing follows the end of a run, and it comes after the end of every step", async (t) => {
  const events = eventsOf(filesOf(world.folder));
  const late = await found((all) => [...all, edited(events[1], {})]);
  t.ok(late.includes("order: ORDER_VIOLATED"));
  const nodes = samplePlan().steps.slice(0, 1);
  const small = await sealedRun({
    plan: samplePlan({ nodes: [{ ...nodes[0], id: "only" } as (typeof nodes)[number]] }),
  });
  t.same(findings(await check(filesOf(small.folder), root)), []);
});
