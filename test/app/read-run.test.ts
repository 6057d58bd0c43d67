import t from "tap";
import { readRun, readRunState } from "#app/read-run.ts";
import { readStepStory } from "#app/read-step-story.ts";
import { readTimeline } from "#app/read-timeline.ts";
import { runDetail } from "#app/run-detail.ts";
import { value } from "../attest/signing.ts";
import { approvalWorld, HOUR } from "./approval-world.ts";

t.test("what is read of a run says at once that a gate has expired, and looking records nothing", async (t) => {
  const world = await approvalWorld(t, { rule: { required: 2 } });
  const { workplace, identity } = world;
  const { now } = workplace.clock;
  const read: Parameters<typeof readTimeline>[0] = (seen) => readRunState(identity, workplace, seen);
  const recorded = (await world.events()).length;
  for (const expired of [false, true]) {
    const { answer, state } = value(await readRun(identity, workplace));
    t.match(answer, { status: "waiting", pendingGates: [{ id: "ok", required: 2, have: 0, expired }] });
    t.match(runDetail(state, now()).pendingGates, [{ id: "ok", missing: 2, expired }]);
    const { timeline } = value(await readTimeline(read, now));
    t.match(timeline.rows, [{ id: "ok", spans: [{ kind: "gate", end: expired ? "expired" : "open" }] }]);
    const story = value(await readStepStory(read, identity.runId, "ok", now));
    t.match(story.why.at(-1), expired ? `\`packrun resume ${identity.runId}\`` : "`packrun approvals list`");
    world.later(HOUR);
  }
  t.equal((await world.events()).length, recorded);
  t.equal(await world.drive(), "failed");
  t.match(value(await readRun(identity, workplace)).answer, { reason: "GATE_EXPIRED", pendingGates: [] });
});
