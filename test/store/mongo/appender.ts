import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { openMongoStores } from "#store/mongo/open-mongo-store.ts";
import { codeOf, headOf, readAll, sampleRun } from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { batchBehind } from "../file/batch.ts";

/**
 * A process of its own that takes the sample run's lease and appends batches until one is refused, `appender.ts ADDRESS
 * DATABASE NAME LEASE_MS ROUNDS [OWNER]`, for so many rounds. It prints `<sequence>` for what it knows to be written, `!<code>` for a refusal.
 */
const [, , connectionString = "", database = "", name = "", leaseMs = "", rounds = "1", owner = ""] = process.argv;
// Killed, it would keep nothing of what it compiled.
flushCompileCache();
process.on("uncaughtException", () => process.exit(1));
const options = { clock: systemClock, ...(owner === "" ? {} : { owner }) };
const opened = openMongoStores({ connectionString, database }, options);
if (!opened.ok) {
  throw new Error(opened.fault.message);
}
const { store } = opened.value;
const run = sampleRun();
for (let round = 0; round < Number(rounds); round += 1) {
  let lease = await store.leases.acquire(run, Number(leaseMs));
  while (lease === undefined) {
    lease = await store.leases.acquire(run, Number(leaseMs));
  }
  let head = headOf(await readAll(store, run));
  for (let number = 1, code = "ok"; code === "ok"; number += 1) {
    const batch = batchBehind(head, name, number);
    code = codeOf(await store.ledger.append(run, lease, head, batch, { durable: true }));
    head = headOf(batch);
    writeSync(1, code === "ok" ? `${head.sequence}\n` : `!${code}\n`);
  }
}
await store.close();
