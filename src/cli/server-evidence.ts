import { SNAPSHOT_HEADER } from "#api/route/run-shapes.ts";
import { manifestDigestOf } from "#app/export-snapshot.ts";
import { writeAnchor } from "#app/copy-anchor.ts";
import { openBundle, type OpenBundle } from "#app/open-bundle.ts";
import type { RunId } from "#canon/ids.ts";
import { ApiClient } from "#client/api-client.ts";
import { download } from "#client/download.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { strange } from "#client/read-answer.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { findServed } from "./served-runs.ts";
import { withDownload } from "./with-download.ts";

/** Fetches the evidence bundle of a run of a server as the tar `file`, and its anchor; its size in bytes. */
export async function fetchEvidence(
  text: string,
  file: string,
  access: ServerAccess,
): Promise<Result<{ readonly size: number }>> {
  const client = new ApiClient(access);
  const sent = await askFor(text, client);
  if (!sent.ok) {
    return sent;
  }
  const { runId, response } = sent.value;
  const kept = await keep(response, file, client.server, async (_, size) => ok({ size }));
  const anchored = kept.ok ? await keepAnchor(client, runId, file) : kept;
  return anchored.ok ? kept : anchored;
}

/** Puts the anchor beside a bundle, where there is one. */
export async function keepAnchor(client: ApiClient, runId: string, file: string): Promise<Result<void>> {
  const anchor = await client.readAnchor(runId);
  if (!anchor.ok || anchor.value === undefined) {
    return anchor.ok ? ok(undefined) : anchor;
  }
  return writeAnchor(file, anchor.value);
}

/** The same for a snapshot: that of the event of this sequence, or the `last` one. */
export async function fetchSnapshot(
  text: string,
  which: string,
  file: string,
  access: ServerAccess,
): Promise<Result<{ readonly size: number; readonly sequence: number; readonly manifestDigest: string }>> {
  const client = new ApiClient(access);
  const sent = await askFor(text, client, which);
  if (!sent.ok) {
    return sent;
  }
  const { response } = sent.value;
  return keep(response, file, client.server, async (source, size) => {
    const { sha256 } = await import("#compose.ts");
    const sequence = Number(response.headers.get(SNAPSHOT_HEADER));
    const manifestDigest = await manifestDigestOf(source, sha256);
    return manifestDigest === undefined
      ? fail(strange(client.server, "its snapshot has no manifest"))
      : ok({ size, sequence, manifestDigest });
  });
}

/** What cannot be read as an archive does not stay, and takes no other's place. */
function keep<T>(
  response: Response,
  file: string,
  server: string,
  tell: (source: OpenBundle["source"], size: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  return download(response, file, server, async (draft, size) => {
    const bundle = await openBundle(draft);
    if (!bundle.ok) {
      return bundle;
    }
    const { source, close } = bundle.value;
    try {
      const listed = await source.list();
      return listed.ok ? await tell(source, size) : listed;
    } finally {
      await close();
    }
  });
}

/** The evidence bundle in a file that is there as long as it is worked with. */
export async function withFetchedEvidence(
  text: string,
  access: ServerAccess,
  work: (fetched: Result<string>) => Promise<number>,
): Promise<number> {
  const client = new ApiClient(access);
  const sent = await askFor(text, client);
  if (!sent.ok) {
    return work(sent);
  }
  const { runId, response } = sent.value;
  const worked = await withDownload(ok(response), client.server, async (file) => {
    const anchored = await keepAnchor(client, runId, file);
    return anchored.ok ? ok(await work(ok(file))) : anchored;
  });
  return worked.ok ? worked.value : work(worked);
}

/** What the server sends of the run that is named: its evidence bundle, or what a snapshot lists. */
async function askFor(
  text: string,
  client: ApiClient,
  snapshot?: string,
): Promise<Result<{ readonly runId: RunId; readonly response: Response }>> {
  const runId = await findServed(client, text);
  const sent = runId.ok ? await client.readEvidence(runId.value, snapshot) : runId;
  return runId.ok && sent.ok ? ok({ runId: runId.value, response: sent.value }) : (sent as Result<never>);
}
