import { cpSync } from "node:fs";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place, until } from "./place.ts";

const gated = (rule: object = {}) => ({
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true, ...rule } },
  steps: [
    { id: "build", run: { command: ["echo", "built"] } },
    { id: "ok", gate: { approval: "release", message: "Release it?" } },
    { id: "ship", run: { command: ["echo", "shipped"] } },
  ],
});

type Waiting = { readonly place: Place; readonly runId: string };

/** A place with a run that waits at the gate `ok`, driven by nobody, and the key of `alice`, who may approve. */
async function begun(t: Test, rule: object): Promise<Waiting> {
  const place = new Place(t);
  const ran = await place.packrun("run", place.pack("gated", gated(rule)), "--no-wait", "--json");
  t.equal(ran.code, 4, ran.err);
  await place.person("alice");
  return { place, runId: answerOf(ran).runId };
}

const ALICE = "alice.key";
const first = { one: begun(t, {}), two: begun(t, { required: 2 }) };

/** A copy of it, where one or two have to approve, as long as nothing was done in the first. */
async function waiting(t: Test, needed: keyof typeof first = "one"): Promise<Waiting> {
  const { place: from, runId } = await first[needed];
  const place = new Place(t);
  cpSync(from.folder, place.folder, { recursive: true });
  return { place, runId };
}

const decide = (place: Place, verb: "approve" | "reject", key: string, reason = "read it") =>
  place.packrun(verb, "last", "ok", "--key", key, "--reason", reason, "--json");

t.jobs = 2;

t.test("a run that waits says who must approve and how, and ends with 4", async (t) => {
  const place = new Place(t);
  const ran = await place.packrun("run", place.pack("gated", gated()), "--no-wait", "--json");
  t.equal(ran.code, 4, ran.err);
  t.match(answerOf(ran), {
    status: "waiting",
    exitCode: 4,
    pendingGates: [{ id: "ok", approval: "release", required: 1, have: 0, notAfter: /^20.*Z$/, expired: false }],
  });
  t.match(ran.err, /packrun approve \S+ ok/, "it says how to approve");
  const text = await place.packrun("resume", "last", "--no-wait");
  t.equal(text.code, 4);
  t.match(text.out + text.err, /packrun approve \S+ ok/);
});

t.test("another person approves, the run is resumed, and its evidence verifies", async (t) => {
  const { place, runId } = await waiting(t);

  const own = await decide(place, "approve", ".packrun/trust/dev.key");
  t.equal(own.code, 5, own.err);
  t.equal(faultOf(own).code, "APPROVAL_SELF");
  t.match(
    place.ledger().filter(({ eventType }) => eventType === "gate.refused"),
    [{ stepId: "ok", metadata: { code: "APPROVAL_SELF", principal: "developer", commandId: /^decision:/ } }],
  );

  const silent = await place.packrun("approve", "last", "ok", "--key", ALICE, "--json");
  t.equal(silent.code, 5, "a reason is asked for");
  t.equal(faultOf(silent).code, "APPROVAL_REASON_MISSING");

  const approved = await decide(place, "approve", ALICE);
  t.equal(approved.code, 0, approved.err);
  t.match(JSON.parse(approved.out), { schemaVersion: 1, runId, gateId: "ok", decision: "approve", principal: "alice" });

  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 0, ended.err);
  t.match(answerOf(ended), { status: "succeeded", pendingGates: [] });
  const verified = await place.packrun("verify", runId, "--json");
  t.equal(verified.code, 0, `the root has a later version now: ${verified.out}${verified.err}`);

  const late = await decide(place, "reject", ALICE);
  t.equal(late.code, 5);
  t.equal(faultOf(late).code, "RUN_FINISHED");
});

t.test("a run that waits in another process goes on at once after an approval", async (t) => {
  const place = new Place(t);
  place.pack("gated", gated());
  const run = place.start(["run", "gated", "--json"]);
  await place.event("the open gate", ({ eventType }) => eventType === "gate.opened");
  const alice = await place.person("alice");
  const approved = await decide(place, "approve", alice);
  t.equal(approved.code, 0, approved.err);
  const ended = await run.ended;
  t.equal(ended.code, 0, ended.err);
  t.equal(answerOf(ended).status, "succeeded");
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("a gate that is open while other steps run takes decisions of people who were added meanwhile", async (t) => {
  const place = new Place(t);
  const hold = { id: "hold", run: { script: "sleep 60" }, timeout: "50s", continueOnError: true };
  place.pack("beside", {
    approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [{ id: "both", parallel: { steps: [hold, { id: "ok", gate: { approval: "release" } }] } }],
  });
  const run = place.start(["run", "beside", "--json", "--max-parallel", "2"]);
  await place.event("the open gate", ({ eventType }) => eventType === "gate.opened");
  await place.event("the running step", ({ eventType }) => eventType === "step.started");
  const approved = await decide(place, "approve", await place.person("alice"));
  t.equal(approved.code, 0, approved.out + approved.err);
  await place.event("the passed gate", ({ eventType }) => eventType === "gate.passed");
  t.equal((await place.packrun("cancel", "last", "--reason", "enough")).code, 0);
  const ended = await run.ended;
  t.equal(ended.code, 130, ended.err);
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("one rejection ends the run with 5", async (t) => {
  const { place } = await waiting(t, "two");
  const bob = await place.person("bob");
  const rejected = await decide(place, "reject", bob, "wrong artifact");
  t.equal(rejected.code, 0, rejected.err);
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 5, ended.err);
  t.match(answerOf(ended), {
    status: "failed",
    reason: "GATE_REJECTED",
    steps: [
      { status: "succeeded" },
      { status: "failed" },
      { id: "ship", status: "skipped", reason: "UPSTREAM_FAILED" },
    ],
  });
  t.equal((await place.packrun("verify", "last")).code, 0, "a rejected run leaves evidence too");
});

t.test("two people are needed where two are asked for, and one person counts once", async (t) => {
  const { place } = await waiting(t, "two");
  await place.packrun("keys", "generate", "alice2");
  await place.packrun("trust", "add", "alice2.pub", "--principal", "alice", "--role", "approver");
  t.equal((await decide(place, "approve", ALICE)).code, 0);
  const twice = await decide(place, "approve", "alice2.key", "once more");
  t.equal(twice.code, 5, twice.out);
  t.match(faultOf(twice).code, /^APPROVAL_(ALREADY_DECIDED|DUPLICATE)$/);
  t.match(answerOf(await place.packrun("runs", "show", "last", "--json")), {
    status: "waiting",
    pendingGates: [{ id: "ok", required: 2, have: 1 }],
  });
  t.equal((await decide(place, "approve", await place.person("bob"))).code, 0);
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 0, ended.err);
  t.equal(place.ledger().filter(({ eventType }) => eventType === "gate.decision").length, 2);
});

t.test(
  "every view says of a gate that nobody drives any longer that it has expired, and how to have that recorded",
  async (t) => {
    const { place, runId } = await begun(t, { ttl: "1s" });
    const opened = place.ledger().find(({ eventType }) => eventType === "gate.opened");
    const notAfter = opened?.eventType === "gate.opened" ? opened.metadata.notAfter : "";
    await until("the gate's end", () => Date.now() >= Date.parse(notAfter));
    const shown = answerOf(await place.packrun("runs", "show", runId, "--json"));
    t.match(shown, { status: "waiting", pendingGates: [{ id: "ok", notAfter, expired: true }] });
    const text = await place.packrun("runs", "show", runId);
    t.match(text.out, `waits     gate ok expired ${notAfter} with 0 of 1 approvals`);
    t.match(text.out, `packrun resume ${runId}`);
    t.notMatch(text.out, "packrun approve");
    t.match((await place.packrun("runs", "timeline", runId)).out, /^ok .*waiting {2}expired$/m);
    const story = await place.packrun("explain", "ok", "--run", runId);
    t.match(story.out, `it expired ${notAfter} with 0 of 1 approvals: \`packrun resume ${runId}\` records that`);
    t.notOk(
      place.ledger().some(({ eventType }) => eventType === "gate.expired"),
      "looking records nothing",
    );
    const ended = await place.packrun("resume", runId, "--json");
    t.equal(ended.code, 5, ended.err);
    t.match(answerOf(ended), { status: "failed", reason: "GATE_EXPIRED", pendingGates: [] });
  },
);

t.test("a gate that nobody decides in time expires, and the run fails with 5", async (t) => {
  const place = new Place(t);
  const ran = await place.packrun("run", place.pack("gated", gated({ ttl: "1s" })), "--json");
  t.equal(ran.code, 5, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "GATE_EXPIRED" });
  t.equal(place.ledger().filter(({ eventType }) => eventType === "gate.expired").length, 1);
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("unknown gates and unknown runs are refused", async (t) => {
  const { place, runId } = await waiting(t);
  const gate = await place.packrun("approve", runId, "relase", "--reason", "x", "--json");
  t.equal(gate.code, 5);
  t.equal(faultOf(gate).code, "GATE_UNKNOWN");
  t.match(place.ledger().at(-1), { eventType: "gate.refused", metadata: { code: "GATE_UNKNOWN" } });
  const other = await place.packrun("approve", "01900000-0000-7000-8000-000000000000", "ok", "--json");
  t.equal(other.code, 2);
  t.equal(faultOf(other).code, "RUN_UNKNOWN");
  const short = await place.packrun("approve", "nothing", "ok", "--json");
  t.equal(short.code, 2);
  t.equal(faultOf(short).code, "RUN_REFERENCE");
});

t.test("a stranger's key approves nothing", async (t) => {
  const { place } = await waiting(t);
  await place.packrun("keys", "generate", "mallory");
  const refused = await decide(place, "approve", "mallory.key");
  t.equal(refused.code, 5, refused.out);
  t.match(faultOf(refused).code, /^APPROVAL_/);
  t.match(place.ledger().at(-1), { eventType: "gate.refused" });
});

t.test("a decision says how the run goes on, and what gate was meant", async (t) => {
  const place = new Place(t);
  place.pack("gated", {
    approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [{ id: "signoff", gate: { approval: "go" } }],
  });
  t.equal((await place.packrun("run", "gated", "--no-wait")).code, 4);
  const key = await place.person("alice");
  const wrong = await place.packrun("approve", "last", "singoff", "--key", key, "--json");
  t.equal(wrong.code, 5);
  t.match(faultOf(wrong), {
    code: "GATE_UNKNOWN",
    message: /no approval gate .*singoff/,
    hint: "did you mean signoff?",
  });
  const far = await place.packrun("approve", "last", "qqq", "--key", key, "--json");
  t.equal(faultOf(far).hint, "there is signoff");
  const approved = await place.packrun("approve", "last", "signoff", "--key", key);
  t.equal(approved.out, "approved signoff as alice\n", approved.err);
  t.match(approved.err, `go on with: packrun resume ${place.lastRun()}`);
});
