import t from "tap";
import { openMongoStores } from "#store/mongo/open-mongo-store.ts";
import { value } from "../../attest/signing.ts";
import { requestStoreConformance } from "../../port/request-store.conformance.ts";
import { tickingClock } from "../../port/ticking-clock.ts";
import { documentServer } from "./document-server.ts";

const server = await documentServer(t);
if (server !== undefined) {
  requestStoreConformance(t, async (t) => {
    const clock = tickingClock();
    const database = server.database();
    return {
      clock,
      open: async () => {
        const stores = value(openMongoStores({ connectionString: server.address, database }, { clock }));
        t.teardown(stores.store.close);
        return stores.requests;
      },
    };
  });
}
