import { pageOfRuns } from "#app/list-runs.ts";
import { isJsonObject } from "#canon/json.ts";
import { integer, literal, object, string } from "#canon/shape.ts";
import { isTimestamp } from "#canon/timestamp.ts";
import { parseRunId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import type { RunQuery } from "#port/run-store.ts";
import { apiCodes } from "../codes.ts";
import { guarded } from "../route.ts";
import { RUN_STATUSES, runListShape } from "./run-shapes.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const PATH = "/api/runs";

export const listRunsRoute = guarded({
  id: "listRuns",
  method: "get",
  path: PATH,
  scope: "packs.read",
  summary: "Runs of the tenant, the newest first",
  query: object(
    {},
    {
      status: literal(...RUN_STATUSES),
      pack: string({ min: 1, max: 256 }),
      limit: integer({ min: 1, max: MAX_LIMIT }),
      cursor: string({ min: 1, max: 512 }),
    },
  ),
  answers: { 200: { description: "A page of runs; the header Link names the next one.", shape: runListShape } },
  problems: [],
  handle: async ({ query: { status, pack, limit = DEFAULT_LIMIT, cursor }, workplace }) => {
    const after = cursor === undefined ? undefined : readCursor(cursor);
    if (cursor !== undefined && after === undefined) {
      const problem = "cursor is none that a list of this server gave";
      return fail({ fault: faultOf(apiCodes, "REQUEST_INVALID", { problem }) });
    }
    const page = await pageOfRuns(workplace, {
      limit,
      ...(after === undefined ? {} : { after }),
      ...(status === undefined ? {} : { status }),
      ...(pack === undefined ? {} : { packName: pack }),
    });
    const items = page.runs;
    if (page.next === undefined) {
      return ok({ kind: "json", status: 200, body: { schemaVersion: 1, items } });
    }
    const next = cursorOf(page.next);
    const asked = { status, pack, limit: String(limit), cursor: next };
    const given = Object.entries(asked).filter((each): each is [string, string] => each[1] !== undefined);
    const link = `<${PATH}?${new URLSearchParams(given).toString()}>; rel="next"`;
    return ok({ kind: "json", status: 200, body: { schemaVersion: 1, items, next }, headers: { Link: link } });
  },
});

function cursorOf({ createdAt, runId }: NonNullable<RunQuery["after"]>): string {
  return Buffer.from(JSON.stringify({ createdAt, runId })).toString("base64url");
}

function readCursor(text: string): RunQuery["after"] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    const { createdAt, runId } = isJsonObject(value) ? value : {};
    return isTimestamp(createdAt) && typeof runId === "string" && parseRunId(runId) !== undefined
      ? { createdAt, runId }
      : undefined;
  } catch {
    return undefined;
  }
}
