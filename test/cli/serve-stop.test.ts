import t from "tap";
import { answerOf, Place, until, type Running } from "./place.ts";

const place = new Place(t);
place.write("packrun.config.yaml", "server: {allowFolders: true}\n");
place.pack("slow", {
  steps: [
    // Long enough for a server that ends to be asked meanwhile; the second time it ends at once.
    { id: "work", idempotent: true, run: { script: '[ "$PACKRUN_ATTEMPT" = 1 ] && sleep 300 || true' } },
    { id: "last", run: { command: ["true"] } },
  ],
});

async function serve(): Promise<{ readonly running: Running; readonly url: string }> {
  const running = place.start(["serve", "--listen", "127.0.0.1:0"]);
  const url = await until("the server", () => /^listening on (\S+)$/m.exec(running.out())?.[1]);
  return { running, url };
}

t.test("a server that is told to end leaves the run to the next, which finishes it", async (t) => {
  const first = await serve();
  const there = ["--server", first.url, "--token-file", ".packrun/server/token"];
  const following = place.start(["run", "slow", "--json", ...there]);
  await place.event("the start of the step", ({ eventType }) => eventType === "step.started");
  following.child.kill("SIGKILL");
  first.running.child.kill("SIGTERM");
  t.equal((await first.running.ended).code, 0, first.running.err());
  t.notOk(
    place.ledger().some(({ eventType }) => eventType === "run.finished"),
    "nothing is decided about the run",
  );
  const second = await serve();
  await place.event("the end of the run", ({ eventType }) => eventType === "run.finished");
  second.running.child.kill("SIGTERM");
  t.equal((await second.running.ended).code, 0, second.running.err());
  const shown = answerOf(await place.packrun("runs", "show", "last", "--json"));
  t.match(shown, {
    status: "succeeded",
    steps: [
      { id: "work", attempts: 2 },
      { id: "last", attempts: 1 },
    ],
  });
  t.equal(place.ledger().filter(({ eventType }) => eventType === "step.lost").length, 1);
  t.equal((await place.packrun("verify", "last")).code, 0);
});
