import t from "tap";
import { MongoClient } from "mongodb";
import type { HolderLife, RunStore } from "#port/run-store.ts";
import { openMongoStores } from "#store/mongo/open-mongo-store.ts";
import { runStoreConformance } from "../../port/run-store.conformance.ts";
import { tickingClock } from "../../port/ticking-clock.ts";
import { documentServer } from "./document-server.ts";

const server = await documentServer(t);
if (server !== undefined) {
  const { address } = server;
  runStoreConformance(t, async (t) => {
    const clock = tickingClock();
    const database = server.database();
    const lives = new Map<string, HolderLife>();
    let opens = 0;
    return {
      clock,
      lives,
      open: async (owner = `somebody-${(opens += 1)}`): Promise<RunStore> => {
        const lifeOf = (name: string): HolderLife => lives.get(name) ?? { state: "unknown" };
        const opened = openMongoStores({ connectionString: address, database }, { clock, owner, lifeOf });
        if (!opened.ok) {
          throw new Error(opened.fault.message);
        }
        t.teardown(opened.value.store.close);
        return opened.value.store;
      },
      damage: async (runId) => {
        await using client = new MongoClient(address);
        const third = { runId, sequence: 3 };
        await client
          .db(database)
          .collection("pack_run_logs")
          .updateOne(third, { $set: { attempt: 2 } });
      },
    };
  });
}
