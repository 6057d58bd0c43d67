import { evidenceArchive } from "#app/export-evidence.ts";
import { findEvidence } from "#app/find-evidence.ts";
import { openBundle } from "#app/open-bundle.ts";
import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";

const TAR = "application/x-tar";

export const readEvidenceRoute = guarded({
  id: "readEvidence",
  method: "get",
  path: "/api/runs/{runId}/evidence",
  scope: "evidence.read",
  summary: "The sealed evidence bundle of a run that is over",
  params: runParams,
  answers: {
    200: { description: "A deterministic ustar, as `packrun evidence export` writes it.", mediaTypes: [TAR] },
  },
  problems: ["RUN_UNKNOWN", "RUN_NOT_FINISHED", "BUNDLE_ENTRY_UNSAFE"],
  handle: async (call) => {
    const { params, workplace, isHead } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const folder = await findEvidence(runId, workplace);
    const bundle = folder.ok ? await openBundle(folder.value) : folder;
    const archive = bundle.ok ? await evidenceArchive(bundle.value.source) : bundle;
    if (!bundle.ok || !archive.ok) {
      return fail({ fault: (archive as Extract<typeof archive, { ok: false }>).fault });
    }
    const { close } = bundle.value;
    const { size, chunks } = archive.value;
    const headers = {
      "Content-Disposition": `attachment; filename="${runId}.tar"`,
      "Cache-Control": "private, no-cache",
    };
    if (isHead) {
      await close();
    }
    const read = isHead ? nothing() : closing(chunks, close);
    return ok({ kind: "stream", status: 200, mediaType: TAR, headers, length: size, chunks: read });
  },
});

async function* closing(chunks: AsyncIterable<Uint8Array>, close: () => Promise<void>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await close();
  }
}

async function* nothing(): AsyncGenerator<never> {}
