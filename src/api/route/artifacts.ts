import { artifactDownload } from "#app/artifact-download.ts";
import { runArtifacts, type RunArtifact } from "#app/run-artifacts.ts";
import { object, string } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { apiCodes } from "../codes.ts";
import { readRange, stretchOf } from "../byte-range.ts";
import { isHeld } from "../entity-tag.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { artifactListShape } from "./run-shapes.ts";
import { sentFile } from "./sent-file.ts";

export const listArtifactsRoute = guarded({
  id: "listArtifacts",
  method: "get",
  path: "/api/runs/{runId}/artifacts",
  scope: "packs.read",
  summary: "What the steps of a run produced",
  params: runParams,
  answers: { 200: { description: "In ledger order.", shape: artifactListShape } },
  problems: ["RUN_UNKNOWN"],
  handle: async (call) => {
    const key = await runOf(call, call.params.runId);
    if (!key.ok) {
      return key;
    }
    const found = await runArtifacts(key.value, call.workplace);
    if (!found.ok) {
      return fail({ fault: found.fault });
    }
    const items = found.value.map(({ digest: _digest, ...item }) => item);
    return ok({ kind: "json", status: 200, body: { schemaVersion: 1, items } });
  },
});

/** Directories are sent as an archive. */
const TAR = "application/x-tar";
const BYTES = "application/octet-stream";
/** What a pack declares and a header can carry. */
const MEDIA_TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/;

export const readArtifactRoute = guarded({
  id: "readArtifact",
  method: "get",
  path: "/api/runs/{runId}/artifacts/{id}",
  scope: "packs.read",
  summary: "The bytes of an artifact; of a directory, an archive of its files",
  params: object({ runId: string({ max: 64 }), id: string({ max: 64 }) }),
  headers: [
    { name: "Range", description: "One range of bytes.", required: false, shape: string() },
    { name: "If-Range", description: "ETag of the whole.", required: false, shape: string() },
  ],
  answers: {
    200: { description: "The whole, with its digest.", mediaTypes: [BYTES, TAR, "*/*"] },
    206: { description: "The range that was asked for.", mediaTypes: [BYTES, TAR, "*/*"] },
    304: { description: "Not changed.", none: true },
  },
  problems: ["RUN_UNKNOWN", "ARTIFACT_UNKNOWN", "ARTIFACT_MISSING", "RANGE_INVALID"],
  handle: async (call) => {
    const { params, workplace, header, isHead } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const found = await runArtifacts(key.value, workplace);
    if (!found.ok) {
      return fail({ fault: found.fault });
    }
    const item = found.value.find(({ id }) => id === params.id);
    if (item?.digest === undefined) {
      return fail({ fault: faultOf(apiCodes, "ARTIFACT_UNKNOWN", { id: params.id }) });
    }
    const etag = `"${item.digest}"`;
    if (isHeld(header("if-none-match"), etag)) {
      return ok({ kind: "empty", status: 304, headers: { ETag: etag } });
    }
    const download = await artifactDownload(item, item.digest, workplace);
    if (!download.ok) {
      return fail({ fault: download.fault });
    }
    const { size, chunks } = download.value;
    const ifRange = header("if-range");
    // RFC 9110, section 14.2: ranges are for GET alone.
    const isPart = !isHead && (ifRange === undefined || ifRange === etag);
    const range = isPart ? readRange(header("range"), size) : undefined;
    if (range === "unsatisfiable") {
      return fail({ fault: faultOf(apiCodes, "RANGE_INVALID", { size }) });
    }
    const { start, length } = range ?? { start: 0, length: size };
    const part = range === undefined ? {} : { "Content-Range": `bytes ${start}-${start + length - 1}/${size}` };
    const file = {
      mediaType: mediaTypeOf(item),
      name: `${item.name}${item.type === "directory" ? ".tar" : ""}`,
      headers: { ETag: etag, ...headersOf(item), ...part },
      length,
      chunks: range === undefined ? chunks : stretchOf(chunks, range),
    };
    return ok({ ...sentFile(file, call), status: range === undefined ? 200 : 206 });
  },
});

function mediaTypeOf({ type, mediaType = BYTES }: RunArtifact): string {
  return type === "directory" ? TAR : MEDIA_TYPE.test(mediaType) ? mediaType : BYTES;
}

/** The digest of a directory is that of its listing, which no one can compute from the archive alone. */
function headersOf({ type, sha256 = "" }: RunArtifact): Readonly<Record<string, string>> {
  const base64 = Buffer.from(sha256, "hex").toString("base64");
  return {
    "Accept-Ranges": "bytes",
    ...(type === "directory" ? {} : { Digest: `sha-256=${base64}`, "Repr-Digest": `sha-256=:${base64}:` }),
  };
}
