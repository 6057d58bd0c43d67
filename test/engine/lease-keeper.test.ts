import t from "tap";
import { LEASE_MS, LeaseKeeper } from "#engine/lease-keeper.ts";
import type { Lease, LeaseStore } from "#port/run-store.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { planOf, identityOf, run } from "../run/sample-plan.ts";

const key = identityOf(planOf([run("a")]));
const nothing = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

t.test("a lease is renewed at a third of its time, and whoever asked is told", async (t) => {
  const clock = tickingClock();
  const renewals: Lease[] = [];
  let held = true;
  const leases: LeaseStore = {
    acquire: async () => undefined,
    current: async () => undefined,
    release: async () => undefined,
    renew: async (_, lease, milliseconds) => (held ? { ...lease, until: clock.now() + milliseconds } : undefined),
  };
  let lost = 0;
  const first = { owner: "me", fence: 1, until: clock.now() + LEASE_MS };
  await using keeper = new LeaseKeeper(
    first,
    key,
    { leases, clock },
    () => (lost += 1),
    (lease) => void renewals.push(lease),
  );
  for (let third = 1; third <= 3; third += 1) {
    clock.tick(LEASE_MS / 3);
    await nothing();
    t.equal(renewals.length, third);
  }
  t.equal(keeper.lease, renewals.at(-1));
  held = false;
  clock.tick(LEASE_MS / 3);
  await nothing();
  t.equal(renewals.length, 3);
  t.equal(lost, 1);
});
