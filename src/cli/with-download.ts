import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download } from "#client/download.ts";
import { ok, type Result } from "#fault/result.ts";

/** An answer as a file, in a folder of its own, that is there as long as it is worked with. Faults: that of the answer, those of `download`. */
export async function withDownload<T>(
  sent: Result<Response>,
  server: string,
  work: (file: string, folder: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  if (!sent.ok) {
    return sent;
  }
  const folder = await mkdtemp(join(tmpdir(), "packrun-download-"));
  try {
    const file = join(folder, "download.tar");
    const got = await download(sent.value, file, server, async () => ok(undefined));
    return got.ok ? await work(file, folder) : got;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
