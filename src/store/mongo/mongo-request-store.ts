import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "#port/clock.ts";
import type { RequestKey, RequestStore } from "#port/request-store.ts";
import { inserted, type MongoPlace, type Stored } from "./mongo-place.ts";

/**
 * Requests in a database, for servers of many hosts, whose clocks should agree to a few seconds. Every claim of a key is a
 * document `<digest of the key>/<number>`: of those who claim at once, the unique id lets one through, and the claim with the
 * highest number counts.
 */
export function mongoRequestStore(place: MongoPlace, clock: Pick<Clock, "now">): RequestStore {
  const requests = () => place.collection("requests");
  const latest = async (request: string): Promise<Stored | undefined> =>
    (await requests().find({ request }).sort({ number: -1 }).limit(1).toArray())[0];
  return {
    claim: async (key, order) =>
      place.use(async () => {
        const request = digestOf(key);
        for (;;) {
          const now = clock.now();
          await requests().deleteMany({ until: { $lte: now } });
          const before = await latest(request);
          if (before !== undefined && before["content"] !== order.content) {
            return { state: "other" };
          }
          if (typeof before?.["answer"] === "string") {
            return { state: "answered", answer: before["answer"] };
          }
          const work = before === undefined ? order.work : String(before["work"]);
          if (before !== undefined && Number(before["held"]) > now) {
            return { state: "running", work };
          }
          const number = before === undefined ? 1 : Number(before["number"]) + 1;
          const claim = randomUUID();
          const mine = { _id: `${request}/${number}`, request, number, claim, work, content: order.content };
          if (await inserted(requests(), { ...mine, held: now + order.claimMs, until: now + order.keepMs })) {
            return { state: "claimed", claim, work };
          }
        }
      }),
    settle: async (key, claim, answer, keepMs) =>
      place.use(async () => {
        await requests().updateOne(
          { request: digestOf(key), claim },
          { $set: { answer, until: clock.now() + keepMs } },
        );
      }),
    release: async (key, claim) =>
      place.use(async () => {
        const request = digestOf(key);
        const last = await latest(request);
        if (last?.["claim"] === claim && last["answer"] === undefined) {
          await requests().deleteMany({ request, number: { $lte: Number(last["number"]) } });
        }
      }),
    close: async () => undefined,
  };
}

/** Keys are what their senders chose: their digest has one form and one length. */
function digestOf({ tenantId, bearer, operation, key }: RequestKey): string {
  return createHash("sha256")
    .update(JSON.stringify([tenantId, bearer, operation, key]))
    .digest("hex");
}
