import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { planPack, type PlannedPack } from "#app/plan-pack.ts";
import { openRequestTrust, type RequestTrust } from "#app/run-trust.ts";
import type { SettingsSource } from "#app/settings-source.ts";
import { Planner } from "#app/service/planner/planner.ts";
import { startRun } from "#app/start-run.ts";
import type { Workplace } from "#app/workplace.ts";
import { startPlannerThread } from "#cli/start-planner-thread.ts";
import { openWorkplace } from "#compose.ts";
import type { Clock } from "#port/clock.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { value } from "../attest/signing.ts";
import { tickingClock } from "../port/ticking-clock.ts";

/** A folder of its own with a pack in it, and what the use cases work with, opened there as a command does. */
export type SmallWorkplace = {
  readonly here: (...parts: readonly string[]) => string;
  readonly write: (path: string, text: string) => string;
  readonly open: (flags?: SettingsSource["flags"]) => Promise<Workplace>;
  readonly plan: (workplace: Workplace, inputs?: readonly string[]) => Promise<PlannedPack>;
  readonly trust: (workplace: Workplace) => Promise<RequestTrust>;
  /** Creates a run of the pack, without driving it. */
  readonly start: (workplace: Workplace) => Promise<RunIdentity>;
};

/** One thread for all services of a test file: to start one takes a second, and nothing of a tenant stays in it. */
const planner = new Planner({ start: startPlannerThread, seconds: 120, queue: 100 });

export function smallWorkplace(t: Test): SmallWorkplace {
  const root = mkdtempSync(join(tmpdir(), "packrun-workplace-"));
  const opened: Workplace[] = [];
  t.teardown(async () => {
    await Promise.all(opened.map(({ store }) => store.close()));
    rmSync(root, { recursive: true, force: true });
  });
  const here = (...parts: readonly string[]): string => join(root, ...parts);
  const write = (path: string, text: string): string => {
    mkdirSync(dirname(here(path)), { recursive: true });
    writeFileSync(here(path), text);
    return here(path);
  };
  write("pack/pack.yaml", PACK);
  write("pack/notes.txt", "notes");
  write("packrun.config.yaml", `sandbox: {scratch: ${JSON.stringify(here("scratch"))}}\n`);
  const plan: SmallWorkplace["plan"] = async (workplace, inputs = []) => {
    const planned = await planPack({ pack: "pack", inputs, cwd: root }, workplace);
    if (!planned.ok) {
      throw new Error(JSON.stringify(planned.fault));
    }
    return planned.value;
  };
  const trust: SmallWorkplace["trust"] = async (workplace) => value(await openRequestTrust(workplace, undefined, []));
  return {
    here,
    write,
    open: async (flags = {}) => {
      const source = { flags: { store: here("state"), ...flags }, env: { HOME: root }, cwd: root };
      const workplace = { ...value(await openWorkplace(source, { mayAsk: false })), planner };
      opened.push(workplace);
      return workplace;
    },
    plan,
    trust,
    start: async (workplace) =>
      value(await startRun(await plan(workplace), new Map(), workplace, await trust(workplace))),
  };
}

/** A clock on which every wait is over at once: it goes on by as much as was waited for. */
export function hurriedClock(): Clock {
  const clock = tickingClock();
  return {
    ...clock,
    after: (milliseconds, call) => {
      const stop = clock.after(milliseconds, call);
      const ticking = setImmediate(() => clock.tick(milliseconds));
      return () => {
        clearImmediate(ticking);
        stop();
      };
    },
  };
}

const PACK = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/small, version: 1.0.0}
spec:
  inputs:
    archive: {type: file}
    tree: {type: directory}
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  steps: [{id: a, run: {command: [echo, hello]}}]
`;
