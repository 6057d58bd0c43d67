import { createReadStream } from "node:fs";
import { join } from "node:path";
import { paddingOf, BLOCK, ustarHeader } from "#evidence/ustar.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import type { PlannedPack } from "./plan-pack.ts";

const MODE_AT = 100;
const SUM_AT = 148;
/** What the digits of 0755 are more than those of 0644, as the sum of a header counts them. */
const EXECUTABLE_SUM = 3;

/**
 * The files of a planned pack as the ustar that a server takes: `open` gives it as often as it is sent. A file that changed
 * since throws. Fault: BUNDLE_ENTRY_UNSAFE for a name that no ustar holds.
 */
export function packArchive({
  packFolder,
  packListing,
}: Pick<PlannedPack, "packFolder" | "packListing">): Result<() => AsyncIterable<Uint8Array>> {
  const unfit = packListing.find((file) => headerOf(file) === undefined);
  return unfit === undefined
    ? ok(() => archive(packFolder, packListing))
    : fail(faultOf(bundleCodes, "BUNDLE_ENTRY_UNSAFE", { path: unfit.path }));
}

async function* archive(folder: string, files: readonly FileEntry[]): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    yield headerOf(file) ?? new Uint8Array();
    let size = 0;
    const chunks: AsyncIterable<Uint8Array> = createReadStream(join(folder, file.path));
    for await (const chunk of chunks) {
      size += chunk.length;
      yield chunk;
    }
    if (size !== file.size) {
      throw new Error(`${file.path} changed while it was read`);
    }
    yield new Uint8Array(paddingOf(size));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Evidence knows no programs, packs do. */
function headerOf({ path, size, mode }: FileEntry): Uint8Array | undefined {
  const header = ustarHeader({ path, size });
  if (header !== undefined && mode === "755") {
    const sum = header.reduce((total, byte, at) => total + (at >= SUM_AT && at < SUM_AT + 8 ? 0x20 : byte), 0);
    header.set(encodeUtf8("0000755\0"), MODE_AT);
    header.set(encodeUtf8(`${(sum + EXECUTABLE_SUM).toString(8).padStart(6, "0")}\0 `), SUM_AT);
  }
  return header;
}
