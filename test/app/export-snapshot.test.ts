import t from "tap";
import { snapshotArchive } from "#app/export-snapshot.ts";
import { snapshotPath } from "#app/snapshot-keeper.ts";
import type { Workplace } from "#app/workplace.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { LedgerStore } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { value } from "../attest/signing.ts";
import { smallWorkplace } from "./small-workplace.ts";

const place = smallWorkplace(t);
const workplace = await place.open();
const run = await place.start(workplace);
const manifest = encodeUtf8(JSON.stringify({ hashes: [] }));
const manifestDigest = digestOf(manifest, workplace.sha256);

/** The store as it stands after so many events, with one file more; how often it was asked for a file. */
function storeOf(named: { readonly sequence: number; readonly digest: Digest }, file?: LedgerStore["getFile"]) {
  const asked = { times: 0 };
  const [{ store }, eventType] = [workplace, "evidence.snapshot"];
  const event = { eventType, sequence: named.sequence, metadata: { manifestDigest: named.digest } };
  const ledger: LedgerStore = {
    ...store.ledger,
    read: async function* read() {
      yield event as LedgerEvent;
    },
    getFile: async (key, path) => {
      asked.times += 1;
      return (await file?.(key, path)) ?? store.ledger.getFile(key, path);
    },
  };
  const there: Workplace = { ...workplace, store: { ...store, ledger } };
  return { asked, there };
}

const at = (head: number): LedgerStore["getFile"] => {
  return async (_, path) =>
    path.startsWith(snapshotPath(head))
      ? ok(manifest)
      : fail(faultOf(storeCodes, "FILE_MISSING", { runId: run.runId, path }));
};

t.test("a snapshot is found however much was written while it was signed, within bounds", async (t) => {
  for (const [sequence, head] of [
    [2, 1],
    [40, 8],
    [4000, 1],
    [1_000_000, 996_000],
  ] as const) {
    const { there } = storeOf({ sequence, digest: manifestDigest }, at(head));
    t.equal(value(await snapshotArchive(run, undefined, there)).sequence, sequence, `${sequence} names ${head}`);
  }
});

t.test("one whose manifest is not there is told after a bounded look back", async (t) => {
  const { asked, there } = storeOf({ sequence: 1_000_000, digest: manifestDigest }, at(0));
  const found = await snapshotArchive(run, undefined, there);
  t.match(found, { fault: { code: "SNAPSHOT_UNKNOWN", message: /snapshot at 1000000.*none of the 4096 events/ } });
  t.equal(asked.times, 4096);
  const early = storeOf({ sequence: 4, digest: manifestDigest });
  t.match(await snapshotArchive(run, 4, early.there), { fault: { message: /none of the 3 events/ } });
  t.equal(early.asked.times, 3);
  t.match(await snapshotArchive(run, 7, early.there), { fault: { message: /no snapshot at 7/ } });
});

t.test("a store that fails while it is looked for is told at once", async (t) => {
  const broken: LedgerStore["getFile"] = async () =>
    fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "the disk fails" }));
  const { asked, there } = storeOf({ sequence: 1_000_000, digest: manifestDigest }, broken);
  t.match(await snapshotArchive(run, undefined, there), { fault: { code: "STORE_UNAVAILABLE" } });
  t.ok(asked.times <= 32);
});
