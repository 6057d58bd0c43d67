import { EGRESS_PATH } from "#evidence/evidence-path.ts";
import type { LineStore, RunIdentity } from "#port/run-store.ts";
import type { BundleWriter } from "./bundle-writer.ts";

/** Copies the record of what the run's steps tried on the network; a run that tried nothing has no such file. */
export async function sealEgress(
  identity: RunIdentity,
  { lines }: { readonly lines: LineStore },
  writer: BundleWriter,
): Promise<void> {
  const chunks = lines.read(identity, EGRESS_PATH)[Symbol.asyncIterator]();
  try {
    const first = await chunks.next();
    if (first.done !== true) {
      await writer.stream(EGRESS_PATH, from(first.value, { [Symbol.asyncIterator]: () => chunks }));
    }
  } finally {
    await chunks.return?.();
  }
}

async function* from(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
