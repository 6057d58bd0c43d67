import { evidenceArchive, type EvidenceArchive } from "#app/export-evidence.ts";
import { snapshotArchive } from "#app/export-snapshot.ts";
import { findEvidence } from "#app/find-evidence.ts";
import { openBundle } from "#app/open-bundle.ts";
import type { Workplace } from "#app/workplace.ts";
import { described, object, string } from "#canon/shape.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { SNAPSHOT_HEADER } from "./run-shapes.ts";
import { sentFile } from "./sent-file.ts";

const TAR = "application/x-tar";

export const readEvidenceRoute = guarded({
  id: "readEvidence",
  method: "get",
  path: "/api/runs/{runId}/evidence",
  scope: "evidence.read",
  summary: "The sealed evidence bundle of a run that is over, or what a snapshot of it lists",
  params: runParams,
  query: object(
    {},
    {
      snapshot: described(
        "The evidence so far: the snapshot that the event of this sequence names, or the last one.",
        string({ pattern: /^(?:last|[1-9]\d{0,14})$/, expected: "the sequence of a snapshot's event, or last" }),
      ),
    },
  ),
  answers: {
    200: {
      description:
        "A deterministic ustar, as `packrun evidence export` writes it. With a snapshot the header Snapshot-Sequence names it.",
      mediaTypes: [TAR],
    },
  },
  problems: ["RUN_UNKNOWN", "RUN_NOT_FINISHED", "SNAPSHOT_UNKNOWN", "BUNDLE_ENTRY_UNSAFE"],
  handle: async (call) => {
    const { params, query, workplace } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const opened = await (query.snapshot === undefined
      ? openSealed(key.value, workplace)
      : openSnapshot(key.value, query.snapshot, workplace));
    if (!opened.ok) {
      return fail({ fault: opened.fault });
    }
    const { size: length, name, headers = {}, close } = opened.value;
    if (call.isHead) {
      await close();
    }
    const chunks = closing(opened.value.chunks, close);
    return ok(sentFile({ mediaType: TAR, name: `${runId}${name}.tar`, headers, length, chunks }, call));
  },
});

type OpenArchive = EvidenceArchive & {
  /** What stands behind the run in the name of the file. */
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
};

async function openSealed({ runId }: RunKey, workplace: Workplace): Promise<Result<OpenArchive>> {
  const folder = await findEvidence(runId, workplace);
  const bundle = folder.ok ? await openBundle(folder.value) : folder;
  const archive = bundle.ok ? await evidenceArchive(bundle.value.source) : bundle;
  return bundle.ok && archive.ok
    ? ok({ ...archive.value, name: "", close: bundle.value.close })
    : (archive as Result<never>);
}

async function openSnapshot(key: RunKey, which: string, workplace: Workplace): Promise<Result<OpenArchive>> {
  const archive = await snapshotArchive(key, which === "last" ? undefined : Number(which), workplace);
  if (!archive.ok) {
    return archive;
  }
  const { size, chunks, sequence } = archive.value;
  const headers = { [SNAPSHOT_HEADER]: String(sequence) };
  return ok({ size, chunks, name: `.${sequence}`, headers, close: () => Promise.resolve() });
}

async function* closing(chunks: AsyncIterable<Uint8Array>, close: () => Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await close();
  }
}
