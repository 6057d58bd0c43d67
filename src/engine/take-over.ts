import { equalBytes } from "#canon/bytes.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Plan, Sandbox } from "#plan/plan.ts";
import { firstDifference } from "#plan/first-difference.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { Lease, RunIdentity, RunKey } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import type { Command, CommandBody } from "#run/command.ts";
import type { LedgerEvent } from "#run/event.ts";
import { runningAttempts } from "#run/running-attempts.ts";
import { initialState, type RunState } from "#run/state.ts";
import { evolve } from "#run/evolve.ts";
import { isTerminal } from "#run/status.ts";
import type { DriverPorts } from "./driver.ts";
import { Journal } from "./journal.ts";
import { PinnedPlan, planMark } from "./pinned-plan.ts";
import { isStoreFault } from "./store-fault.ts";

/** A plan as it was read from bytes of this digest. */
export type DigestedPlan = { readonly plan: Plan; readonly digest: Digest };

export type TakeOverPorts = DriverPorts & {
  /** Taken where the stored bytes are these: they are then not read again, which costs a large plan twice its room. */
  readonly known?: DigestedPlan;
  /** Compiles the plan anew from the stored copy of the pack and the locked inputs: its canonical bytes. */
  readonly recompile: (pinned: Plan | undefined) => Promise<Result<Uint8Array>>;
  /** Whether this host enforces what the plan's sandbox asks. */
  readonly admit: (sandbox: Sandbox) => Promise<Result<void>>;
  readonly engine: { readonly name: string; readonly version: string };
};

export type TakenOver = {
  readonly journal: Journal;
  readonly pinned: PinnedPlan;
  /** What the core is to be told first. */
  readonly opening: readonly Command[];
};

/** A clock further behind the ledger than this refuses to drive the run, in milliseconds. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Makes a run ready to be driven under a lease that was just acquired: reads its ledger, holds the pinned plan against
 * a fresh compilation, and finds what the core has to be told: that it may go on or not, and what became of attempts that
 * an earlier driver left behind. `seen` is called with the events that were in the ledger.
 */
export async function takeOver(
  identity: RunIdentity,
  lease: Lease,
  ports: TakeOverPorts,
  seen: (events: readonly LedgerEvent[]) => void,
): Promise<Result<TakenOver>> {
  // Taken before the plan is read: what changes it in between moves the mark.
  const mark = await planMark(identity, ports.store);
  const plans = await readPlans(identity, ports);
  if (!plans.ok) {
    return plans;
  }
  const state = initialState(plans.value.plan, identity);
  for await (const event of ports.store.ledger.read(identity)) {
    evolve(state, event);
    seen([event]);
  }
  const behind = state.lastTimestamp - ports.clock.now();
  if (behind > CLOCK_SLACK_MS) {
    const seconds = Math.round(behind / 1000);
    return fail(faultOf(runCodes, "CLOCK_BEHIND", { seconds, runId: identity.runId }));
  }
  const journal = new Journal(state, { ...ports, ledger: ports.store.ledger });
  const pinned = new PinnedPlan(identity, plans.value.pinnedPlan, mark, {
    ledger: ports.store.ledger,
    sha256: ports.sha256,
  });
  const bodies = isTerminal(state.status) ? [] : await openingCommands(plans.value, state, lease, ports);
  const opening = bodies.map((body, at): Command => ({ id: `open:${lease.fence}:${at}`, ...body }));
  if (plans.value.drift === undefined) {
    return ok({ journal, pinned, opening });
  }
  // Decided before the inbox is read: a run whose plan drifted has ended, and answers no decision any more.
  journal.take(opening);
  return ok({ journal, pinned, opening: [] });
}

type Plans = {
  /** What the state is folded over: the fresh compilation when there is one. */
  readonly plan: Plan;
  readonly pinnedPlan: Plan;
  readonly drift: { readonly node: string; readonly pointer: string; readonly hint: string } | undefined;
};

async function readPlans(identity: RunIdentity, ports: TakeOverPorts): Promise<Result<Plans>> {
  const stored = await ports.store.ledger.getFile(identity, "plan.canonical.json");
  const digest = stored.ok ? digestOf(stored.value, ports.sha256) : undefined;
  const isKnown = digest !== undefined && digest === ports.known?.digest;
  const pinned = isKnown ? ok(ports.known.plan) : stored.ok ? readPlan(stored.value) : stored;
  const fresh = await ports.recompile(pinned.ok ? pinned.value : undefined);
  const unread = [stored, fresh].find((read) => !read.ok && isStoreFault(read.fault.code));
  if (unread?.ok === false) {
    // What cannot be read now has not changed: the run is as it was, and can be resumed.
    return unread;
  }
  const isSame = stored.ok && fresh.ok && equalBytes(stored.value, fresh.value);
  const freshPlan = !fresh.ok ? fresh : isSame ? pinned : readPlan(fresh.value);
  const plan = freshPlan.ok ? freshPlan : pinned;
  if (!plan.ok) {
    return plan;
  }
  const pinnedPlan = pinned.ok ? pinned.value : plan.value;
  if (digest !== identity.planHash) {
    const hint = "the stored plan.canonical.json is not the one whose planHash was approved";
    return ok({ plan: plan.value, pinnedPlan, drift: { ...differenceOf(stored, fresh), hint } });
  }
  if (!fresh.ok) {
    // What does not say where it is wrong is the copy of the pack, which cannot be read as what it was.
    const drift = { node: "", pointer: fresh.fault.place?.pointer ?? "/pack/digest", hint: fresh.fault.message };
    return ok({ plan: plan.value, pinnedPlan, drift });
  }
  if (!isSame) {
    const hint = "the stored pack or inputs no longer compile to the pinned plan";
    return ok({ plan: pinnedPlan, pinnedPlan, drift: { ...differenceOf(stored, fresh), hint } });
  }
  return ok({ plan: plan.value, pinnedPlan, drift: undefined });
}

function differenceOf(
  stored: Result<Uint8Array>,
  fresh: Result<Uint8Array>,
): { readonly node: string; readonly pointer: string } {
  return (stored.ok && fresh.ok && firstDifference(stored.value, fresh.value)) || { node: "", pointer: "" };
}

async function openingCommands(
  plans: Plans,
  state: RunState,
  lease: Lease,
  ports: TakeOverPorts,
): Promise<readonly CommandBody[]> {
  const acquire: CommandBody = { kind: "acquire", owner: lease.owner, fence: lease.fence };
  if (plans.drift !== undefined) {
    return [acquire, { kind: "drifted", ...plans.drift }];
  }
  const admitted = await admitAll(plans.plan, ports);
  const lost = runningAttempts(state).map((attempt): CommandBody => ({ kind: "lost", ...attempt }));
  const verified: CommandBody = { kind: "verified", engine: ports.engine };
  if (!admitted.ok) {
    const { code, hint, message } = admitted.fault;
    return [acquire, { kind: "refused", reason: code, hint: hint ?? message }, ...lost];
  }
  return [acquire, verified, ...lost];
}

/** The plan's own sandbox, and every narrowed one. */
async function admitAll(plan: Plan, ports: TakeOverPorts): Promise<Result<void>> {
  for (const sandbox of sandboxesOf(plan)) {
    const admitted = await ports.admit(sandbox);
    if (!admitted.ok) {
      return admitted;
    }
  }
  return ok(undefined);
}

/** Every sandbox that a plan's steps run in, each once. */
export function sandboxesOf(plan: Plan): readonly Sandbox[] {
  const nodes = [...plan.steps, ...plan.finally];
  const narrowed = nodes.flatMap((node) => (node.kind === "run" && node.sandbox !== undefined ? [node.sandbox] : []));
  return [plan.sandbox, ...new Map(narrowed.map((sandbox) => [JSON.stringify(sandbox), sandbox])).values()];
}

export function keyOf(identity: RunIdentity): RunKey {
  return { tenantId: identity.tenantId, runId: identity.runId };
}
