import { readdirSync, rmSync } from "node:fs";
import t from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

const place = new Place(t);
place.pack("pack", {
  inputs: { code: { type: "integer", default: 0 } },
  steps: [
    { id: "make", run: { script: "echo made > out; echo x" }, outputs: { file: { file: "out" } } },
    {
      id: "both",
      parallel: {
        steps: [
          { id: "left", inputs: { made: "${{ steps.make.outputs.file }}" }, run: { script: 'cat "$PACKRUN_IN/made"' } },
          { id: "right", timeout: "10s", run: { script: 'test "$PACKRUN_ATTEMPT" = 2' }, retry: { maxAttempts: 2 } },
        ],
      },
    },
    { id: "last", run: { script: 'printf \'{"n": 7}\' > "$PACKRUN_OUTPUT"' }, outputs: { n: { type: "integer" } } },
  ],
  finally: [{ id: "tidy", run: { command: ["true"] } }],
  outputs: { n: { from: "${{ steps.last.outputs.n }}" }, file: { from: "${{ steps.make.outputs.file }}" } },
});
const first = answerOf(await place.packrun("run", "pack", "--json"));

const started = (): readonly (string | undefined)[] =>
  place
    .ledger()
    .filter(({ eventType }) => eventType === "step.started")
    .map(({ stepId }) => stepId);

t.test("finished steps are taken over by digest; the new run says from where, and verifies", async (t) => {
  const ran = await place.packrun("run", "pack", "--from", first.runId, "--json");
  const answer = answerOf(ran);
  t.match(answer, { status: "succeeded", outputs: first.outputs });
  t.match(ran.err, `takes over 4 steps of run ${first.runId}`);
  t.strictSame(started(), ["tidy"], "what belongs to the end of a run runs in every run");
  t.match(place.ledger()[0], { eventType: "run.created", metadata: { from: first.runId } });
  t.match(answer.steps[0], { id: "make", status: "succeeded", reusedFrom: first.runId, attempts: 0 });
  const verified = await place.packrun("verify", "last", "--json");
  t.equal(verified.code, 0, verified.out);
  const { checks } = JSON.parse(verified.out) as { checks: { name: string; status: string; why: string }[] };
  t.match(
    checks.find(({ name }) => name === "reuse"),
    { status: "skipped", why: `4 steps: proven in ${first.runId}` },
  );
});

t.test("--only runs these again, and what stands behind them", async (t) => {
  const ran = await place.packrun("run", "pack", "--from", first.runId, "--only", "left", "--json");
  t.equal(answerOf(ran).status, "succeeded", ran.err);
  t.strictSame(started(), ["left", "last", "tidy"]);
});

t.test("a step whose output is gone from the store makes it anew", async (t) => {
  const other = new Place(t);
  other.pack("pack", {
    steps: [
      { id: "make", run: { script: "echo made > out" }, outputs: { file: { file: "out" } } },
      { id: "last", run: { command: ["true"] } },
    ],
  });
  const before = answerOf(await other.packrun("run", "pack", "--json"));
  const made = other.ledger().find(({ eventType }) => eventType === "step.artifact");
  const { digest } = (made?.metadata ?? {}) as { readonly digest?: string };
  const hex = digest?.replace("sha256:", "") ?? "none";
  const root = other.here(".packrun/artifacts");
  const [path] = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(hex));
  rmSync(`${root}/${path ?? "none"}`);
  const ran = await other.packrun("run", "pack", "--from", before.runId, "--json");
  t.match(answerOf(ran), { status: "succeeded" });
  t.match(ran.err, "takes over 0 steps");
});

t.test("what cannot be taken over is refused before anything is created", async (t) => {
  const count = place.runs().length;
  const mismatch = await place.packrun("run", "pack", "-i", "code=1", "--from", first.runId, "--json");
  t.equal(mismatch.code, 6);
  t.match(faultOf(mismatch), { code: "PLAN_HASH_MISMATCH", hint: /takes over steps of its own plan only/ });
  const typo = await place.packrun("run", "pack", "--from", first.runId, "--only", "lefft", "--json");
  t.match(faultOf(typo), { code: "STEP_UNKNOWN", hint: "did you mean left?" });
  t.match(await place.packrun("run", "pack", "--from", "0000"), { code: 2, err: /RUN_REFERENCE/ });
  t.match(await place.packrun("run", "pack", "--only", "left"), { code: 2, err: /name that run with --from/ });
  t.equal(place.runs().length, count);
});

t.test("approvals are asked for anew, and a run that has not ended gives nothing", async (t) => {
  place.pack("gated", {
    approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [
      { id: "work", run: { command: ["true"] } },
      { id: "ok", gate: { approval: "release" } },
    ],
  });
  const waiting = answerOf(await place.packrun("run", "gated", "--no-wait", "--json"));
  const early = await place.packrun("run", "gated", "--from", waiting.runId, "--json");
  t.match(faultOf(early), { code: "RUN_NOT_FINISHED" });
  t.equal((await place.packrun("cancel", waiting.runId)).code, 0);
  const again = answerOf(await place.packrun("run", "gated", "--from", waiting.runId, "--no-wait", "--json"));
  t.match(again, { status: "waiting", steps: [{ id: "work", reusedFrom: waiting.runId }, { id: "ok" }] });
  t.match(again.pendingGates, [{ id: "ok", have: 0 }]);
});

t.test("nothing is taken over from a run that was revoked", async (t) => {
  const key = place.here(".packrun/trust/dev.key");
  const revoked = await place.packrun("revoke", "run", first.runId, "--reason", "wrong data", "--key", key);
  t.equal(revoked.code, 0, revoked.err);
  const refused = await place.packrun("run", "pack", "--from", first.runId, "--json");
  t.match(faultOf(refused), { code: "REVOKED_RUN" });
});
