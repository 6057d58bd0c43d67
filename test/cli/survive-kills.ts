import { readFileSync } from "node:fs";
import type { Test } from "tap";
import { hexOf } from "#canon/digest.ts";
import type { LedgerEvent } from "#run/event.ts";
import { askPackrun } from "../packs/tampered/ask-packrun.ts";
import { begunAgain, runThroughKills, ServerFleet, type KillPlan } from "./server-fleet.ts";

/**
 * Servers over one store are killed at random while runs come and are at work: then every run has ended, its evidence
 * verifies with ledger and artifacts, and no step that had finished ran again.
 */
export async function survive(t: Test, plan: KillPlan, configuration: object = {}): Promise<void> {
  const fleet = new ServerFleet(t, plan.roles, configuration);
  const { place } = fleet;
  const ids = await runThroughKills(fleet, plan);
  t.equal(new Set(ids).size, plan.runs, "every order is a run of its own");
  t.strictSame(
    await fleet.stop(),
    plan.roles.map(() => 0),
  );
  let lost = 0;
  for (const runId of ids) {
    const events = readFileSync(place.here(".packrun/evidence", runId, "ledger.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as LedgerEvent);
    const verified = await askPackrun(place.folder, [
      `.packrun/evidence/${runId}`,
      "--trust",
      ".packrun/trust/trust-root.json",
    ]);
    const artifacts = events.flatMap(({ eventType, metadata }) =>
      eventType === "step.artifact" && metadata.digest !== undefined ? [hexOf(metadata.digest)] : [],
    );
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
