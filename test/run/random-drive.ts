import type { Plan } from "#plan/plan.ts";
import { isTerminal } from "#run/status.ts";
import type { Incident, RandomScript } from "./random-run.ts";
import { ScriptedRun, type Act } from "./scripted-run.ts";

/**
 * Drives a random run to its end: what an attempt does depends on its name alone, incidents happen between two things
 * that are wanted while they last, and whoever is then still awaited approves, takes over or cancels.
 */
export function driveRandom(
  plan: Plan,
  { acts, script, incidents }: RandomScript,
  seen: (driven: ScriptedRun) => void = () => undefined,
): ScriptedRun {
  const byAttempt = new Proxy<Record<string, Act>>(
    {},
    { get: (_, name) => (String(name).includes("#") ? acts[hash(String(name)) % acts.length] : undefined) },
  );
  const driven = new ScriptedRun(plan, { ...script, acts: byAttempt });
  const left = [...incidents];
  let stuck = 0;
  for (let count = 0; !isTerminal(driven.state.status); count += 1) {
    if (count > 3000) {
      throw new Error(`no end: ${driven.statuses().join(", ")}`);
    }
    happen(driven, left.shift() ?? "none");
    seen(driven);
    if (!driven.step() && left.length === 0) {
      stuck += 1;
      happen(driven, driven.state.live.open.size > 0 ? "approve" : stuck % 2 === 1 ? "cancel" : "takeOver");
    }
    seen(driven);
  }
  return driven;
}

function happen(driven: ScriptedRun, incident: Incident): void {
  const [gate] = [...driven.state.live.open].map((instance) => instance.id);
  switch (incident) {
    case "none":
      return;
    case "cancel":
      driven.cancel();
      return;
    case "takeOver":
      driven.takeOver();
      return;
    case "approve":
      driven.approve(gate ?? "nobody");
      return;
    case "reject":
      driven.decide(gate ?? "nobody", "cleo", "reject");
      return;
    case "later":
      driven.now += 2_000_000;
      driven.send({ kind: "tick" });
      return;
    case "drift":
      driven.send({ kind: "drifted", node: "s1", pointer: "", hint: "edited" });
      return;
    case "refused":
      driven.send({ kind: "refused", reason: "SANDBOX_LIMIT", hint: "no cgroups here" });
  }
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7);
}
