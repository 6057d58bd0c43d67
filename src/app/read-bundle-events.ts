import { readCanonicalJson } from "#canon/strict-json.ts";
import { LEDGER_PATH } from "#evidence/evidence-path.ts";
import { eventMisfit } from "#run/event-shape.ts";
import type { LedgerEvent } from "#run/event.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { lineSplitter } from "#verify/line-splitter.ts";

/** The events of a bundle's ledger, for showing: their form is checked, their chain is not. Ends at the first misfit. */
export async function* readBundleEvents(source: BundleSource): AsyncGenerator<LedgerEvent> {
  let batch: LedgerEvent[] = [];
  let sound = true;
  const splitter = lineSplitter(DOCUMENT_LIMIT, (line) => {
    const read = readCanonicalJson(line, LEDGER_PATH);
    sound &&= read.ok && eventMisfit(read.value) === undefined;
    if (sound && read.ok) {
      batch.push(read.value as LedgerEvent);
    }
  });
  for await (const chunk of source.open(LEDGER_PATH)) {
    splitter.push(chunk);
    yield* batch;
    batch = [];
    if (!sound || splitter.overflowed()) {
      return;
    }
  }
}
