import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { storedArtifactShape } from "./order-shapes.ts";

export const putArtifactRoute = guarded({
  id: "putArtifact",
  method: "post",
  path: "/api/artifacts",
  scope: "packs.run",
  summary: "Store a file for the inputs of runs, by its digest",
  body: { kind: "bytes", mediaTypes: ["application/octet-stream"], limit: "artifactBytes" },
  answers: {
    201: {
      description: "It is stored; the same bytes again are the same artifact.",
      shape: storedArtifactShape,
    },
  },
  problems: ["STORE_FULL"],
  handle: async ({ upload, workplace }) => {
    const stored = await workplace.artifacts.put(workplace.settings.tenantId, upload);
    return stored.ok
      ? ok({ kind: "json", status: 201, body: { schemaVersion: 1, ...stored.value } })
      : fail({ fault: stored.fault });
  },
});
