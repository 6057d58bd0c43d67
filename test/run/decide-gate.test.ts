import t from "tap";
import { timestampOf } from "#canon/timestamp.ts";
import { gateStanding } from "#run/gate-standing.ts";
import { runSummary } from "#run/summary.ts";
import { approval, digestOfText, planOf, policy, run } from "./sample-plan.ts";
import { ScriptedRun } from "./scripted-run.ts";

const gated = (): ScriptedRun => new ScriptedRun(planOf([approval("ok"), run("after")])).go();
const codesOf = (events: readonly { readonly metadata: unknown }[]): readonly unknown[] =>
  events.map((event) => (event.metadata as { readonly code?: string }).code);

t.test("a decision on a gate that is not there is refused without a step", (t) => {
  const driven = gated();
  for (const gate of ["relase", "after", "", "constructor", "__proto__"]) {
    const [refused] = driven.decide(gate, "ann");
    t.match(refused, { eventType: "gate.refused", stepId: undefined, metadata: { code: "GATE_UNKNOWN" } }, gate);
  }
  t.equal(driven.end(), "waiting");
  t.end();
});

t.test("a decision on a gate that is not open is refused", (t) => {
  const early = new ScriptedRun(planOf([run("a"), approval("ok")]));
  t.strictSame(codesOf(early.decide("ok", "ann")), ["GATE_CLOSED"]);
  const late = new ScriptedRun(planOf([approval("ok"), approval("more"), run("z")])).go().approve("ok").go();
  t.strictSame(codesOf(late.decide("ok", "cleo")), ["GATE_CLOSED"]);
  const stopping = new ScriptedRun(planOf([approval("ok")], { finally: [run("f")] })).go().cancel();
  t.strictSame(codesOf(stopping.decide("ok", "ann")), ["GATE_CLOSED"]);
  t.end();
});

t.test("a decision at the very end of the gate's time comes too late", (t) => {
  const driven = gated();
  driven.now += 3_600_000;
  const events = driven.decide("ok", "ann");
  t.strictSame(events.map((event) => event.eventType).slice(0, 2), ["gate.refused", "gate.expired"]);
  t.strictSame(codesOf(events).slice(0, 1), ["GATE_CLOSED"]);
  t.end();
});

t.test("the same person's second decision is refused", (t) => {
  const driven = gated();
  driven.decide("ok", "ann");
  const [refused] = driven.decide("ok", "ann", "reject");
  t.match(refused?.metadata, { code: "APPROVAL_DUPLICATE", principal: "ann" });
  t.strictSame(gateStanding(driven.state, "ok"), { known: true, open: true, decided: ["ann"] });
  t.end();
});

t.test("a decision that was refused where it was judged is recorded as it was judged", (t) => {
  const driven = gated();
  const verdict = { kind: "refused", code: "APPROVAL_ROLE", hint: "ask an approver", principal: "mallory" } as const;
  const [refused] = driven.sendAs({ id: "inbox-1", kind: "decision", stepId: "ok", verdict });
  t.strictSame(refused?.metadata, {
    commandId: "inbox-1",
    code: "APPROVAL_ROLE",
    hint: "ask an approver",
    principal: "mallory",
  });
  t.strictSame(driven.sendAs({ id: "inbox-1", kind: "decision", stepId: "ok", verdict }), [], "once");
  t.end();
});

t.test("an approval that no longer holds when the gate would pass is taken back", (t) => {
  const driven = gated().approve("ok");
  const confirm = driven.todo().find((effect) => effect.kind === "confirmGate");
  t.match(confirm, { key: "confirm:ok:2", approvals: { length: 2 } });
  const code = { code: "KEY_REVOKED", hint: "use another key" };
  const payloadDigest = digestOfText("ok ann approve");
  const [refused, ...others] = driven.send({ kind: "confirmed", stepId: "ok", void: [{ payloadDigest, ...code }] });
  t.strictSame(others, []);
  const decision = driven.events.find((event) => event.eventType === "gate.decision");
  t.match(refused?.metadata, { ...code, principal: "ann", commandId: decision?.metadata.commandId ?? "" });
  t.strictSame(gateStanding(driven.state, "ok").decided, ["ben"]);
  t.notOk(driven.todo().some((effect) => effect.kind === "confirmGate"));
  driven.decide("ok", "ann");
  t.equal(driven.todo().find((effect) => effect.kind === "confirmGate")?.key, "confirm:ok:3", "she may decide anew");
  t.equal(driven.go().end(), "succeeded");
  t.end();
});

t.test("a gate passes when enough approvals are left after the check", (t) => {
  const driven = gated().approve("ok");
  driven.decide("ok", "cleo");
  const payloadDigest = digestOfText("ok ann approve");
  const events = driven.send({
    kind: "confirmed",
    stepId: "ok",
    void: [{ payloadDigest, code: "KEY_REVOKED", hint: "" }],
  });
  t.strictSame(
    events.map((event) => event.eventType),
    ["gate.refused", "gate.passed"],
  );
  t.end();
});

t.test("a gate with its approvals does not expire while it is checked, and does when they fall", (t) => {
  const driven = gated().approve("ok");
  driven.now += 3_600_000;
  t.strictSame(driven.send({ kind: "tick" }), []);
  const payloadDigest = digestOfText("ok ann approve");
  const events = driven.send({ kind: "confirmed", stepId: "ok", void: [{ payloadDigest, code: "LATE", hint: "" }] });
  t.strictSame(events.map((event) => event.eventType).slice(0, 2), ["gate.refused", "gate.expired"]);
  t.end();
});

t.test("an approval whose time ends while it is checked is taken back", (t) => {
  const payloadDigest = digestOfText("ok ann approve");
  const confirm = (ahead: number): readonly string[] => {
    const driven = gated().approve("ok");
    const from = timestampOf(driven.now + ahead);
    const late = [{ payloadDigest, code: "APPROVAL_LATE", hint: "", from }];
    return driven.send({ kind: "confirmed", stepId: "ok", void: late }).map((event) => event.eventType);
  };
  const far = confirm(10_000);
  t.equal(far[0], "gate.passed");
  t.equal(confirm(0)[0], "gate.refused");
  t.end();
});

t.test("a check nobody asked for passes no gate", (t) => {
  const driven = gated();
  driven.decide("ok", "ann");
  t.strictSame(driven.send({ kind: "confirmed", stepId: "ok", void: [] }), []);
  t.strictSame(driven.send({ kind: "confirmed", stepId: "after", void: [] }), []);
  t.end();
});

t.test("a gate whose request could not be made fails with the reason", (t) => {
  const driven = new ScriptedRun(planOf([approval("ok"), run("after")]));
  driven.send({ kind: "gateFailed", stepId: "ok", reason: "EXPR_ABSENT", hint: "the message has no value" });
  t.strictSame(driven.statuses(), ["ok failed EXPR_ABSENT", "after skipped UPSTREAM_FAILED"]);
  t.strictSame(driven.trace().slice(4), ["ok gate.refused", "ok gate.rejected", "after step.skipped", "run.finished"]);
  t.end();
});

t.test("a policy gate whose context could not be made is undecided", (t) => {
  const driven = new ScriptedRun(planOf([policy("q")]));
  driven.send({ kind: "gateFailed", stepId: "q", reason: "EXPR_ABSENT", hint: "no such output" });
  t.equal(driven.end(), "failed POLICY_UNDECIDED");
  t.match(driven.events.find((event) => event.eventType === "step.failed")?.metadata, {
    code: "POLICY_UNDECIDED",
    hint: "EXPR_ABSENT: no such output",
  });
  t.end();
});

t.test("a refusing policy says why, and how loud it is follows from that", (t) => {
  const digests = { policyDigest: digestOfText("p"), contextDigest: digestOfText("c") };
  const evaluated = (answer: "allowed" | "denied" | "undecided", why = "") =>
    new ScriptedRun(planOf([policy("q")])).send({ kind: "policyEvaluated", stepId: "q", answer, why, ...digests })[0];
  t.match(evaluated("allowed"), { level: "info", metadata: { allowed: true, ...digests } });
  t.match(evaluated("denied"), { level: "warn", metadata: { allowed: false, code: "POLICY_DENIED" } });
  t.match(evaluated("undecided", "no such key"), {
    level: "warn",
    metadata: { allowed: false, code: "POLICY_UNDECIDED", hint: "no such key" },
  });
  t.end();
});

t.test("a gate opens once, and the summary says what it still needs", (t) => {
  const driven = gated();
  const again = { requestDigest: digestOfText("other"), notAfter: timestampOf(driven.now + 1) };
  t.strictSame(driven.send({ kind: "gateOpened", stepId: "ok", ...again }), []);
  driven.decide("ok", "ann");
  t.strictSame(runSummary(driven.state).pendingGates, [
    { id: "ok", approval: "ok", required: 2, have: 1, notAfter: driven.now + 3_600_000 },
  ]);
  t.end();
});

t.test("nothing is decided after the end", (t) => {
  const driven = gated();
  driven.decide("ok", "ann", "reject");
  t.equal(driven.end(), "failed GATE_REJECTED");
  t.strictSame(driven.decide("ok", "ben"), []);
  t.strictSame(driven.decide("nothing", "ben"), []);
  driven.cancel().takeOver();
  t.equal(driven.events.at(-1)?.eventType, "run.finished");
  t.end();
});
