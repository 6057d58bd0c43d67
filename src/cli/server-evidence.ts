import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBundle } from "#app/open-bundle.ts";
import { ApiClient } from "#client/api-client.ts";
import { download } from "#client/download.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { ok, type Result } from "#fault/result.ts";
import { findServed } from "./server-desk.ts";

/** Fetches the evidence bundle of a run of a server as the tar `file`; its size in bytes. */
export async function fetchEvidence(
  text: string,
  file: string,
  access: ServerAccess,
): Promise<Result<{ readonly size: number }>> {
  const client = new ApiClient(access);
  const runId = await findServed(client, text);
  const sent = runId.ok ? await client.readEvidence(runId.value) : runId;
  const size = sent.ok ? await download(sent.value, file, client.server) : sent;
  const listed = size.ok ? await checkArchive(file) : size;
  return size.ok && listed.ok ? ok({ size: size.value }) : (listed as Result<never>);
}

/** What cannot be read as an archive does not stay. */
async function checkArchive(file: string): Promise<Result<void>> {
  const bundle = await openBundle(file);
  if (!bundle.ok) {
    return bundle;
  }
  const listed = await bundle.value.source.list();
  await bundle.value.close();
  if (!listed.ok) {
    await rm(file, { force: true });
    return listed;
  }
  return ok(undefined);
}

/** The same in a file that is there as long as it is worked with. */
export async function withFetchedEvidence(
  text: string,
  access: ServerAccess,
  work: (fetched: Result<string>) => Promise<number>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "packrun-evidence-"));
  try {
    const file = join(folder, "evidence.tar");
    const fetched = await fetchEvidence(text, file, access);
    return await work(fetched.ok ? ok(file) : fetched);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
