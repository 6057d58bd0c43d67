import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import t from "tap";
import { openApiText } from "#api/openapi.ts";
import { routeTable } from "#api/route-table.ts";
import { statusOf } from "#api/status-table.ts";
import { storeCodes } from "#fault/store-codes.ts";

/** Wrong uses on the command line that no client can make. */
const SERVERS_OWN = new Set(["FILE_PATH", "ARTIFACT_CORRUPT", "LEDGER_BROKEN"]);
const codes = JSON.parse(readFileSync("schemas/codes.json", "utf8")) as Readonly<Record<string, { exitCode: number }>>;

t.test("the document is sound OpenAPI 3.1", async (t) => {
  const config = await createConfig({ extends: ["recommended"], rules: { "no-server-example.com": "off" } });
  const found = await lintFromString({ source: openApiText(routeTable), config, absoluteRef: "schemas/openapi.json" });
  const words = found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
  t.strictSame(words, []);
});

t.test("a body is required where something of it is", async (t) => {
  const { paths } = JSON.parse(openApiText(routeTable)) as {
    paths: Record<string, Record<string, { requestBody?: { required: boolean } }>>;
  };
  const optional = Object.entries(paths).filter(([, { post }]) => post?.requestBody?.required === false);
  t.strictSame(optional.map(([path]) => path.replace("/api/runs/{runId}/", "")).toSorted(), [
    "cancel",
    "resume",
    "snapshot",
  ]);
});

t.test("every code that a route names is in a table", async (t) => {
  for (const { id, problems } of routeTable) {
    t.strictSame(
      problems.filter((code) => !Object.hasOwn(codes, code)),
      [],
      id,
    );
  }
});

t.test("what the command line calls the store's or the host's fault is the server's fault here", async (t) => {
  const OTHERS = new Set([404, 408, 409, 429]);
  const named = new Set([...routeTable.flatMap(({ problems }) => problems), ...Object.keys(storeCodes)]);
  for (const code of named) {
    const { exitCode } = codes[code] ?? { exitCode: 0 };
    const status = statusOf(code);
    const isServers = exitCode === 8 || exitCode === 10;
    const fits = isServers ? status >= 500 || OTHERS.has(status) : status < 500 || SERVERS_OWN.has(code);
    t.ok(fits, `${code}: ${status}`);
  }
});
