import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { StoreError } from "#fault/store-error.ts";
import { fileRequestStore } from "#store/file/file-request-store.ts";
import { requestStoreConformance } from "../../port/request-store.conformance.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

requestStoreConformance(t, async (t) => {
  const clock = tickingClock();
  const path = join(t.testdir({}), "server", "requests.db");
  return { clock, open: async () => fileRequestStore(path, clock) };
});

t.test("a file that is none is a fault of the store", async (t) => {
  const path = join(t.testdir({}), "broken.db");
  writeFileSync(path, "no database at all, but long enough to be taken for one ".repeat(100));
  t.throws(() => fileRequestStore(path, tickingClock()), StoreError);
});
