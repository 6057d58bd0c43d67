import { anchorPath } from "#app/anchor-path.ts";
import { readAnchorOf } from "#app/anchor-evidence.ts";
import { anchorUseCodes } from "#app/anchor-use-codes.ts";
import { findEvidence } from "#app/find-evidence.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { chunksOf, sentFile } from "./sent-file.ts";

/** Of a Sigstore bundle, which an anchor is a form of. */
const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

export const readAnchorRoute = guarded({
  id: "readEvidenceAnchor",
  method: "get",
  path: "/api/runs/{runId}/evidence/anchor",
  scope: "evidence.read",
  summary: "Who vouches for the sealed bundle of a run: its timestamps and log entries",
  params: runParams,
  answers: {
    200: {
      description: "The file that belongs beside the bundle as NAME.anchor.sigstore.json. It may grow.",
      mediaTypes: [MEDIA_TYPE],
    },
  },
  problems: ["RUN_UNKNOWN", "RUN_NOT_FINISHED", "ANCHOR_ABSENT"],
  handle: async (call) => {
    const key = await runOf(call, call.params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const folder = await findEvidence(runId, call.workplace);
    const bytes = folder.ok ? await readAnchorOf(anchorPath(folder.value)) : folder;
    if (!bytes.ok || bytes.value === undefined) {
      return fail({ fault: bytes.ok ? faultOf(anchorUseCodes, "ANCHOR_ABSENT", { runId }) : bytes.fault });
    }
    const name = `${runId}.tar.anchor.sigstore.json`;
    const { length } = bytes.value;
    return ok(sentFile({ mediaType: MEDIA_TYPE, name, length, chunks: chunksOf(bytes.value) }, call));
  },
});
