import type { Test } from "tap";
import type { RequestClaim, RequestKey, RequestStore } from "#port/request-store.ts";
import type { TickingClock } from "./ticking-clock.ts";
import { otherTenant, tenant } from "./sample-run.ts";

export type RequestStoreRig = {
  readonly clock: TickingClock;
  /** One more store on the same ground, as another process would have it. */
  readonly open: () => Promise<RequestStore>;
};

const key: RequestKey = { tenantId: tenant, bearer: "alice", operation: "submit", key: "k" };
const order = { content: "content", work: "first", claimMs: 100, keepMs: 1000 };
const again = { ...order, work: "second" };

function claimed(claim: RequestClaim): string {
  if (claim.state !== "claimed") {
    throw new Error(claim.state);
  }
  return claim.claim;
}

/** What every request store does. Each case gets a new, empty ground. */
export function requestStoreConformance(t: Test, make: (t: Test) => Promise<RequestStoreRig>): void {
  const check = (name: string, body: (t: Test, one: RequestStore, rig: RequestStoreRig) => Promise<void>): void => {
    t.test(name, async (t) => {
      const rig = await make(t);
      const one = await rig.open();
      await body(t, one, rig);
      await one.close();
    });
  };

  check("a key is claimed once, by whichever process, and answered by all", async (t, one, rig) => {
    const two = await rig.open();
    const claim = claimed(await one.claim(key, order));
    t.strictSame(await two.claim(key, again), { state: "running", work: "first" });
    t.strictSame(await two.claim(key, { ...again, content: "other" }), { state: "other" });
    await one.settle(key, claim, "answer", 1000);
    await two.close();
    const three = await rig.open();
    t.strictSame(await three.claim(key, again), { state: "answered", answer: "answer" });
    t.strictSame(await three.claim(key, { ...again, content: "other" }), { state: "other" });
    rig.clock.tick(1000);
    t.match(await three.claim(key, { ...again, content: "other" }), { state: "claimed", work: "second" }, "for a time");
    await three.close();
  });

  check("keys are of a tenant, a bearer and an operation", async (t, one) => {
    await one.claim(key, order);
    for (const other of [{ tenantId: otherTenant }, { bearer: "bob" }, { operation: "else" }, { key: "K" }]) {
      t.match(await one.claim({ ...key, ...other }, again), { state: "claimed", work: "second" });
    }
    t.match(await one.claim({ ...key, bearer: "alice\0submit", operation: "" }, again), { state: "claimed" });
  });

  check("of many who claim at once, one does", async (t, one, rig) => {
    const stores = [one, await rig.open(), await rig.open()];
    const claims = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => stores[at % 3]?.claim(key, { ...order, work: `work ${at}` })),
    );
    const made = claims.filter((claim) => claim?.state === "claimed");
    t.equal(made.length, 1);
    t.ok(claims.every((claim) => claim?.state === "claimed" || claim?.state === "running"));
    const works = new Set(claims.map((claim) => (claim !== undefined && "work" in claim ? claim.work : "none")));
    t.equal(works.size, 1, "all know the name of the work");
    await Promise.all(stores.slice(1).map((store) => store.close()));
  });

  check(
    "behind a claim that has run out the work goes on under its name, for the same content",
    async (t, one, rig) => {
      const dead = claimed(await one.claim(key, order));
      rig.clock.tick(100);
      t.strictSame(await one.claim(key, { ...again, content: "other" }), { state: "other" }, "it may have been done");
      const two = await rig.open();
      const next = await two.claim(key, again);
      t.match(next, { state: "claimed", work: "first" });
      t.not(claimed(next), dead);
      await one.release(key, dead);
      await one.settle(key, dead, "late", 1000);
      t.strictSame(await one.claim(key, again), { state: "running", work: "first" }, "whoever held it changes nothing");
      await two.settle(key, claimed(next), "answer", 1000);
      t.strictSame(await one.claim(key, again), { state: "answered", answer: "answer" });
      await two.release(key, claimed(next));
      t.strictSame(await one.claim(key, again), { state: "answered", answer: "answer" }, "an answer is not given back");
      await two.close();
    },
  );

  check("a key that was given back is free for any content", async (t, one, rig) => {
    await one.claim(key, order);
    rig.clock.tick(100);
    await one.release(key, claimed(await one.claim(key, again)));
    t.match(await one.claim(key, { ...again, content: "other" }), { state: "claimed", work: "second" });
  });
}
