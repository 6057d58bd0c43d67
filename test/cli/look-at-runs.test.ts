import { existsSync } from "node:fs";
import t from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

const place = new Place(t);
place.pack("pack", {
  inputs: { code: { type: "integer", default: 0 } },
  steps: [
    { id: "work", env: { CODE: "${{ inputs.code }}" }, run: { script: 'exit "$CODE"' } },
    { id: "after", run: { command: ["true"] } },
  ],
});
const good = await place.packrun("run", "pack", "--json");
const bad = await place.packrun("run", "pack", "-i", "code=3", "--json");

t.test("timeline draws a bar for each step, and tells the same as JSON", async (t) => {
  t.equal(good.code, 0, good.err);
  const { runId } = answerOf(good);
  const drawn = await place.packrun("runs", "timeline", runId);
  t.match(drawn, { code: 0, out: new RegExp(`^run ${runId}  acme/[^]*  succeeded [^]*\nwork +█+[^]*\nafter +█+`) });
  const told = JSON.parse((await place.packrun("runs", "timeline", "last", "--json")).out) as { steps: unknown[] };
  t.match(told, {
    schemaVersion: 1,
    status: "failed",
    steps: [
      { id: "work", status: "failed", spans: [{ kind: "attempt", attempt: 1, from: /Z$/, to: /Z$/, end: "failed" }] },
      { id: "after", status: "skipped", reason: "UPSTREAM_FAILED", spans: [] },
    ],
  });
  t.match(await place.packrun("runs", "timeline", "0000"), { code: 2, err: /RUN_REFERENCE/ });
});

t.test("diff holds two runs side by side, and its exit code says so where that is asked for", async (t) => {
  t.equal(bad.code, 1, bad.err);
  const [before, after] = [answerOf(good).runId, answerOf(bad).runId];
  const text = await place.packrun("diff", before, after);
  t.match(text, { code: 0, out: /^~ work +succeeded [^\n]* failed STEP_EXIT/m });
  t.match(text.out, /\/inputs\/code\/value\n +- 0\n +\+ 3/);
  const json = await place.packrun("diff", before, "last", "--json", "--detailed-exitcode");
  t.equal(json.code, 20, json.err);
  t.match(JSON.parse(json.out), {
    schemaVersion: 1,
    differs: true,
    before: { runId: before },
    after: { runId: after },
  });
  t.match(await place.packrun("diff", before, before, "--detailed-exitcode"), { code: 0, out: /no differences/ });
  t.match(await place.packrun("diff", before, "0000"), { code: 2, err: /RUN_REFERENCE/ });
});

t.test("explain tells the story of a step, and still the meaning of a code", async (t) => {
  const story = await place.packrun("explain", "after");
  t.match(story, { code: 0, out: /^step after \(run\) of run [^]*it needs work, which failed \(STEP_EXIT\)/ });
  t.match(story.out, "see: packrun explain UPSTREAM_FAILED\n");
  const told = await place.packrun("explain", "work", "--run", answerOf(good).runId, "--json");
  t.match(JSON.parse(told.out), { schemaVersion: 1, id: "work", status: "succeeded", events: [{ at: /Z$/ }, {}] });
  const unknown = await place.packrun("explain", "wrok", "--json");
  t.equal(unknown.code, 2);
  t.match(faultOf(unknown), { code: "STEP_UNKNOWN", hint: "did you mean work?" });
  t.match(await place.packrun("explain", "STEP_EXIT"), { code: 0, out: /^STEP_EXIT \(error/ });
});

t.test("explaining makes no state folder", async (t) => {
  const empty = new Place(t);
  t.match(await empty.packrun("explain", "wrok"), { code: 2, err: /there is no code wrok/ });
  const elsewhere = await empty.start(["explain", "wrok"], { PACKRUN_SERVER: "http://127.0.0.1:9" }).ended;
  t.match(elsewhere, { err: /SERVER_TOKEN/ }, "a server that the environment names has runs, too");
  t.notOk(existsSync(empty.here(".packrun")));
});
