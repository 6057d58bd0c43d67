import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { askPackrun } from "../packs/tampered/ask-packrun.ts";
import { begunAgain, runThroughKills, ServerFleet, type KillPlan } from "./server-fleet.ts";

const RUNS = Number(process.env["PACKRUN_TEST_KILLED_RUNS"] ?? 60);

async function survive(t: Test, plan: KillPlan): Promise<void> {
  const fleet = new ServerFleet(t, plan.roles);
  const { place } = fleet;
  const ids = await runThroughKills(fleet, plan);
  t.equal(new Set(ids).size, plan.runs, "every order is a run of its own");
  t.strictSame(
    await fleet.stop(),
    plan.roles.map(() => 0),
  );
  let lost = 0;
  for (const runId of ids) {
    const events = readFileSync(place.here(".packrun/runs", runId, "ledger.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as LedgerEvent);
    const verified = await askPackrun(place.folder, [
      `.packrun/evidence/${runId}`,
      "--trust",
      ".packrun/trust/trust-root.json",
    ]);
    const artifacts = events.flatMap(({ eventType, metadata }) =>
      eventType === "step.artifact" && metadata.digest !== undefined ? [metadata.digest.slice("sha256:".length)] : [],
    );
    for (const hex of artifacts) {
      const bytes = readFileSync(place.here(".packrun/artifacts/sha256", hex.slice(0, 2), hex));
      t.ok(createHash("sha256").update(bytes).digest("hex") === hex, `artifact ${hex}`);
    }
    lost += events.filter(({ eventType }) => eventType === "step.lost").length;
    const last = events.at(-1);
    const status = last?.eventType === "run.finished" ? last.metadata.status : "unfinished";
    t.strictSame(
      { status, verified: verified.code, again: begunAgain(events), artifacts: new Set(artifacts).size },
      { status: "succeeded", verified: 0, again: [], artifacts: 2 },
      runId,
    );
  }
  t.comment(`${plan.runs} runs, ${plan.kills} kills, ${lost} attempts were cut off and made again`);
}

t.test(
  "three servers over one store, killed at random, end every run, whole, and no finished step twice",
  async (t) => {
    await survive(t, { roles: ["all", "api", "worker"], runs: RUNS, kills: Math.ceil(RUNS / 10) });
  },
);
