import type { Json } from "#canon/json.ts";
import { ok, type Result } from "#fault/result.ts";
import type { InboxStore, RunKey } from "#port/run-store.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { change, inserted, type MongoPlace } from "./mongo-place.ts";
import type { ChangeWatch } from "#store/process/change-watch.ts";
import type { RunOrigins } from "./run-origins.ts";

type InboxGround = {
  readonly place: MongoPlace;
  readonly origins: RunOrigins;
  readonly watch: ChangeWatch;
};

/**
 * Commands as documents `<run>/<command>`, in the order of their places, of which each is taken once. The document of one that
 * is done stays, without its body: a late repetition is nothing new.
 */
export function mongoInbox({ place, origins, watch }: InboxGround): InboxStore {
  const inbox = () => place.collection("inbox");
  const put = async (key: RunKey, { commandId, kind, body }: InboxCommand): Promise<void> => {
    const about = { _id: `${key.runId}/${commandId}`, runId: key.runId, tenantId: key.tenantId, commandId, kind };
    for (;;) {
      const [last] = await inbox().find({ runId: key.runId }).sort({ place: -1 }).limit(1).toArray();
      const next = Number(last?.["place"] ?? 0) + 1;
      if (await inserted(inbox(), { ...about, body: JSON.stringify(body), waits: true, place: next })) {
        return;
      }
      if ((await inbox().findOne({ _id: about._id })) !== null) {
        return;
      }
    }
  };
  return {
    put: async (key, command) =>
      place.attempt(async (): Promise<Result<void>> => {
        const origin = await origins.of(key);
        if (!origin.ok) {
          return origin;
        }
        await put(key, command);
        watch.poke(key);
        return ok(undefined);
      }),
    pending: async (key) =>
      place.use(async () => {
        const found = await inbox()
          .find({ runId: key.runId, tenantId: key.tenantId, waits: true })
          .sort({ place: 1 })
          .toArray();
        watch.seen(key, Number(found.at(-1)?.["place"] ?? 0));
        return found.map((document) => ({
          commandId: String(document["commandId"]),
          kind: String(document["kind"]) as InboxCommand["kind"],
          body: JSON.parse(String(document["body"])) as Json,
        }));
      }),
    addressed: async () =>
      place.use(async () => {
        const found = await inbox()
          .find({ waits: true }, { projection: { runId: 1, tenantId: 1 } })
          .toArray();
        const keys = found.map(({ runId, tenantId }) => ({
          tenantId: String(tenantId) as RunKey["tenantId"],
          runId: String(runId) as RunKey["runId"],
        }));
        return [...new Map(keys.map((key) => [key.runId, key])).values()];
      }),
    done: async (key, commandIds) =>
      place.use(async () => {
        for (const commandId of commandIds) {
          await inbox().updateOne({ _id: `${key.runId}/${commandId}` }, change({ waits: false }, ["body"]));
        }
      }),
  };
}

/** The place of the last command that waits, 0 when none does. */
export async function lastPlace(place: MongoPlace, { runId, tenantId }: RunKey): Promise<number> {
  const [last] = await place
    .collection("inbox")
    .find({ runId, tenantId, waits: true })
    .sort({ place: -1 })
    .limit(1)
    .toArray();
  return Number(last?.["place"] ?? 0);
}
