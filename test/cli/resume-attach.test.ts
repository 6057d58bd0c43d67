import t from "tap";
import { Place, until } from "./place.ts";

const spec = {
  approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [
    { id: "ok", gate: { approval: "go" } },
    { id: "next", run: { command: ["true"] } },
  ],
};

t.test("who attaches to a run that waits reads which run it is, its gate, and how to approve it", async (t) => {
  const place = new Place(t);
  place.pack("gated", spec);
  const run = await place.packrun("run", "gated", "--no-wait");
  const [named = ""] = run.err.match(/^packrun: run .*, planHash sha256:.*$/m) ?? [];
  const [gate = ""] = run.err.match(/^\? ok {2}waits for approval until .*$/m) ?? [];
  const approve = `    packrun approve ${place.lastRun()} ok --key KEY --reason TEXT`;
  const key = await place.person("bob");
  const attached = [place.start(["resume", "last"]), place.start(["resume", "last", "--json"])] as const;
  for (const one of attached) {
    await until("the gate", () => one.err().includes("packrun approve"));
    t.equal(one.err(), `${named}\n${gate}\n${approve}\n`);
    t.equal(one.out(), "");
  }
  const approved = await place.packrun("approve", "last", "ok", "--key", key, "--reason", "fine");
  t.equal(approved.code, 0, approved.err);
  const ended = await Promise.all(attached.map((one) => one.ended));
  const followers = ended.filter(({ err }) =>
    err.includes("packrun: another process drives the run, this one follows"),
  );
  t.equal(followers.length, 1, "one of both goes on, the other says that it follows");
  t.match(
    ended.map(({ code }) => code),
    [0, 0],
  );
  t.notMatch((await place.packrun("resume", "last")).err, "waits", "of a run that is over nothing is told");
});

t.test("who does not stay reads how to approve only in the answer", async (t) => {
  const place = new Place(t);
  place.pack("gated", spec);
  await place.packrun("run", "gated", "--no-wait");
  const { code, out, err } = await place.packrun("resume", "last", "--no-wait");
  t.equal(code, 4);
  t.match(err, /^packrun: run .*\n\? ok {2}waits for approval until [^\n]*\n$/);
  t.match(out, `packrun approve ${place.lastRun()} ok`);
  const { out: events } = await place.packrun("resume", "last", "--no-wait", "--format", "ndjson");
  t.notMatch(events, "gate.opened", "what was in the ledger before is no news");
});
