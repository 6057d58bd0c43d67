import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

/** A state folder on a file system of its own that holds so much; undefined where it cannot be mounted. */
function smallStore(t: Test, size: string): Place | undefined {
  const place = new Place(t);
  const folder = place.here(".packrun");
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]).status === 0;
  if (mounted) {
    t.teardown(() => spawnSync("umount", ["-l", folder]));
  }
  return mounted ? place : undefined;
}

const options = { skip: process.getuid?.() === 0 ? false : "only root mounts file systems" };
const chatty = "i=0; while [ $i -lt 400 ]; do head -c 3000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done";

t.test(
  "a full disk ends the run with 10, its ledger is whole, and it goes on once there is room",
  options,
  async (t) => {
    const place = smallStore(t, "1800k");
    if (place === undefined) {
      throw new Error("no tmpfs could be mounted");
    }
    place.pack("chatty", {
      sandbox: { limits: { log: "4Mi" } },
      steps: [
        { id: "talk", run: { script: chatty }, idempotent: true, retry: { maxAttempts: 3 } },
        { id: "after", run: { command: ["echo", "done"] } },
      ],
    });
    const ballast = place.write(".packrun/ballast", Buffer.alloc(1 << 20));
    const full = await place.packrun("run", "chatty", "--json");
    t.equal(full.code, 10, full.out + full.err);
    t.equal(faultOf(full).code, "STORE_FULL");
    t.ok(place.ledger().length > 0, "it had begun");
    t.notOk(place.ledger().some(({ eventType }) => eventType === "run.finished"));
    const shown = await place.packrun("runs", "show", "last", "--json");
    t.equal(shown.code, 0, "its ledger is whole");

    rmSync(ballast);
    spawnSync("mount", ["-o", "remount,size=40m", place.here(".packrun")]);
    const ended = await place.packrun("resume", "last", "--json");
    t.equal(ended.code, 0, ended.out + ended.err);
    t.match(answerOf(ended), { status: "succeeded" });
    t.equal((await place.packrun("verify", "last")).code, 0);
    t.strictSame(
      place.ledger().map(({ sequence }) => sequence),
      place.ledger().map((_, at) => at + 1),
    );
  },
);

t.test("an artifact for which there is no room ends the run with 10, and resume makes it again", options, async (t) => {
  const place = smallStore(t, "3m");
  if (place === undefined) {
    throw new Error("no tmpfs could be mounted");
  }
  place.pack("large", {
    steps: [
      {
        id: "make",
        run: { script: "head -c 8000000 /dev/zero > large" },
        outputs: { large: { file: "large" } },
        idempotent: true,
      },
    ],
    outputs: { large: { from: "${{ steps.make.outputs.large }}" } },
  });
  const full = await place.packrun("run", "large", "--json");
  t.equal(full.code, 10, full.out + full.err);
  t.match(faultOf(full), { code: "STORE_FULL", hint: /^free some space/ });
  t.notMatch(faultOf(full).message, faultOf(full).hint ?? "", "message and hint apart");
  spawnSync("mount", ["-o", "remount,size=40m", place.here(".packrun")]);
  const ended = await place.packrun("resume", "last", "--json", "-o", "out");
  t.equal(ended.code, 0, ended.out + ended.err);
  t.match(answerOf(ended).outputs, { large: { size: 8_000_000 } });
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("a store without any room at all says so before anything runs", options, async (t) => {
  const place = smallStore(t, "64k");
  if (place === undefined) {
    throw new Error("no tmpfs could be mounted");
  }
  place.write(".packrun/ballast", Buffer.alloc(40 << 10));
  place.pack("small", { steps: [{ id: "one", run: { command: ["true"] } }] });
  const full = await place.packrun("run", "small", "--json");
  t.equal(full.code, 10, full.out + full.err);
  t.match(faultOf(full).code, /^STORE_(FULL|UNAVAILABLE)$/);
  t.notMatch(full.err, "internal error");
  t.strictSame(place.runs(), []);
});
