import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import type { Lease, RunStore } from "#port/run-store.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import { codeOf, createdEvent, headOf, readAll, sampleRun } from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { batchBehind } from "./batch.ts";

/**
 * A process of its own that appends to the sample run's ledger: `appender.ts FOLDER NAME LEASE_MS ROUNDS [OWNER]`. Each round
 * appends batches until one is refused; it prints `<sequence>` for what it knows to be durable and `!<code>` for the
 * refusal, and begins the next round when it gets a line.
 */
const [, , folder = "", name = "", leaseMs = "", rounds = "1", owner = ""] = process.argv;
// Killed, it would keep nothing of what it compiled.
flushCompileCache();
process.on("SIGXFSZ", () => undefined);
// A test that has ended reads no more.
process.on("uncaughtException", (error) => {
  process.exitCode = "code" in error && error.code === "EPIPE" ? 0 : 1;
  process.exit();
});
const opened = await openFileStore(folder, { clock: systemClock, ...(owner === "" ? {} : { owner }) });
if (!opened.ok) {
  throw new Error(opened.fault.message);
}
const store = opened.value;
const run = sampleRun();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (let round = 0; round < Number(rounds); round += 1) {
  if (round > 0) {
    await lines.next();
  }
  writeSync(1, `!${await appendUntilRefused(store, await acquired())}\n`);
}
await store.close();
process.exit(0);

async function acquired(): Promise<Lease> {
  for (;;) {
    const lease = await store.leases.acquire(run, Number(leaseMs)).catch(() => undefined);
    if (lease !== undefined) {
      return lease;
    }
  }
}

async function appendUntilRefused(store: RunStore, lease: Lease): Promise<string> {
  const events = await readAll(store, run);
  let head = events.length === 0 ? headOf([createdEvent(run)]) : headOf(events);
  for (let number = 1; ; number += 1) {
    const batch = batchBehind(head, name, number);
    const code = codeOf(await store.ledger.append(run, lease, head, batch, { durable: number % 3 !== 0 }));
    if (code !== "ok") {
      await store.leases.release(run, lease);
      return code;
    }
    head = headOf(batch);
    writeSync(1, `${head.sequence}\n`);
  }
}
