import t, { type Test } from "tap";
import { deliver } from "#app/deliver-command.ts";
import type { RunTrust } from "#app/run-trust.ts";
import type { Workplace } from "#app/workplace.ts";
import type { HeldLease, RunIdentity } from "#port/run-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { memoryState } from "#store/memory/memory-state.ts";
import { code, value } from "../attest/signing.ts";
import { hurriedClock, smallWorkplace } from "./small-workplace.ts";

type World = {
  readonly workplace: Workplace;
  /** The same runs as another process sees them. */
  readonly other: ReturnType<typeof memoryRunStore>;
  readonly identity: RunIdentity;
  readonly trust: RunTrust;
};

async function world(t: Test): Promise<World> {
  const place = smallWorkplace(t);
  const clock = hurriedClock();
  const state = memoryState();
  const workplace = { ...(await place.open()), clock, store: memoryRunStore({ clock, state }) };
  const identity = await place.start(workplace);
  const other = memoryRunStore({ clock, state, owner: "another process" });
  return { workplace, other, identity, trust: await place.trust(workplace) };
}

const cancel = { commandId: "cancel:1", kind: "cancel", body: { by: "developer" } } as const;
const A_DAY = 86_400_000;

t.test("a run that nobody drives takes the command from its sender, who starts no step", async (t) => {
  const { workplace, identity, trust } = await world(t);
  const event = value(await deliver(identity, cancel, workplace, trust));
  t.match(event, { eventType: "run.cancelRequested", metadata: { commandId: "cancel:1" } });
  t.strictSame(await workplace.store.inbox.pending(identity), []);
  const types = (await Array.fromAsync(workplace.store.ledger.read(identity))).map(({ eventType }) => eventType);
  t.notOk(types.includes("step.started"), types.join(" "));
  t.equal(await workplace.store.leases.current(identity), undefined, "the lease is given back");
});

t.test("while another process drives and does not answer, patience ends: COMMAND_UNANSWERED", async (t) => {
  const { workplace, other, identity, trust } = await world(t);
  t.ok(await other.leases.acquire(identity, A_DAY));
  const before = workplace.clock.monotonic();
  t.equal(code(await deliver(identity, cancel, workplace, trust)), "COMMAND_UNANSWERED");
  t.ok(workplace.clock.monotonic() - before >= 30_000, "half a minute was waited");
  t.strictSame(await other.inbox.pending(identity), [cancel], "the command stays for whoever drives next");
  const ledger = await Array.fromAsync(other.ledger.read(identity));
  t.strictSame(
    ledger.map(({ eventType }) => eventType),
    ["run.created"],
    "nothing was written past the other's lease",
  );
});

t.test("a process that is stopped is not waited for: the answer says which one, and what to do about it", async (t) => {
  const { workplace, other, identity, trust } = await world(t);
  t.ok(await other.leases.acquire(identity, 1));
  const state = { state: "stopped", pid: 4711 } as const;
  const stopped = { ...(await other.leases.current(identity)), life: state };
  const leases = {
    ...workplace.store.leases,
    acquire: () => Promise.resolve(undefined),
    current: () => Promise.resolve(stopped as HeldLease),
  };
  const before = workplace.clock.monotonic();
  const answer = await deliver(identity, cancel, { ...workplace, store: { ...workplace.store, leases } }, trust);
  t.equal(code(answer), "COMMAND_UNANSWERED");
  t.match(answer, { fault: { hint: /kill -CONT 4711.*kill -KILL 4711/ } });
  t.ok(workplace.clock.monotonic() - before < 30_000);
  t.strictSame(await other.inbox.pending(identity), [cancel]);
});

t.test("a command that stayed is recorded once, by whoever drives next", async (t) => {
  const { workplace, other, identity, trust } = await world(t);
  const lease = await other.leases.acquire(identity, A_DAY);
  t.equal(code(await deliver(identity, cancel, workplace, trust)), "COMMAND_UNANSWERED");
  if (lease !== undefined) {
    await other.leases.release(identity, lease);
  }
  value(await deliver(identity, cancel, workplace, trust));
  const ledger = await Array.fromAsync(other.ledger.read(identity));
  t.equal(ledger.filter(({ eventType }) => eventType === "run.cancelRequested").length, 1);
});
