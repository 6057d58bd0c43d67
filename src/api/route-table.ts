import { listArtifactsRoute, readArtifactRoute } from "./route/artifacts.ts";
import { gateArchiveRoute, gateRequestRoute } from "./route/gate-request.ts";
import { livezRoute, metricsRoute, readyzRoute } from "./route/health.ts";
import { incidentRoute, snapshotRoute } from "./route/incidents.ts";
import { listRunsRoute } from "./route/list-runs.ts";
import { listPacksRoute, putPackRoute, readPackRoute } from "./route/packs.ts";
import { readAnchorRoute } from "./route/read-anchor.ts";
import { readEvidenceRoute } from "./route/read-evidence.ts";
import { readLogsRoute } from "./route/read-logs.ts";
import { readOpenApiRoute } from "./route/read-openapi.ts";
import { readPlanRoute } from "./route/read-plan.ts";
import { readRunRoute } from "./route/read-run.ts";
import { approveRoute } from "./route/approve.ts";
import { createPlanRoute, createSimulationRoute } from "./route/plans.ts";
import { putArtifactRoute } from "./route/put-artifact.ts";
import { cancelRoute, resumeRoute } from "./route/run-commands.ts";
import { submitRunRoute } from "./route/submit-run.ts";
import type { Route } from "./route.ts";

/** Every path of the server: what Express serves and what `schemas/openapi.json` describes. */
export const routeTable: readonly Route[] = [
  submitRunRoute,
  listRunsRoute,
  readRunRoute,
  readPlanRoute,
  readLogsRoute,
  listArtifactsRoute,
  readArtifactRoute,
  gateRequestRoute,
  gateArchiveRoute,
  approveRoute,
  cancelRoute,
  resumeRoute,
  incidentRoute,
  snapshotRoute,
  readEvidenceRoute,
  readAnchorRoute,
  putPackRoute,
  listPacksRoute,
  readPackRoute,
  createPlanRoute,
  createSimulationRoute,
  putArtifactRoute,
  readOpenApiRoute(() => routeTable),
  livezRoute,
  readyzRoute,
  metricsRoute,
];
