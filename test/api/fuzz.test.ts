import fc from "fast-check";
import t from "tap";
import { openApiText } from "#api/openapi.ts";
import { routeTable } from "#api/route-table.ts";
import { isJsonObject } from "#canon/json.ts";
import { apiWorld, tenantOf } from "./api-world.ts";
import { text, valueOf } from "./request-arbitrary.ts";

/** Requests of each operation; so long may one take, in milliseconds. */
const TRIES = 16;
const PATIENCE_MS = 15_000;
const CANARY = "canary of the first tenant";

const world = await apiWorld(t, { limits: { requestsPerMinute: 1e6, refusedPerMinute: 1e6 } });
const upload = await world.upload({ steps: [{ id: "a", title: CANARY, run: { command: ["true"] } }] });
const { runId, planHash } = await world.run({
  approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [{ id: "ok", title: CANARY, gate: { approval: "go" } }],
});
// A run that is over: its stream ends.
await world.send(`/api/runs/${runId}/cancel`, { reason: CANARY });
const artifact = (await (
  await world.send("/api/artifacts", new TextEncoder().encode(CANARY), { "Content-Type": "application/octet-stream" })
).json()) as { digest: string };
const known = [
  runId,
  planHash,
  upload,
  artifact.digest,
  "ok",
  "a",
  "acme/small",
  "1.0.0",
  "default",
  "2026-01-05T08:00:00Z",
];

const bearers = [
  { who: "its tenant", token: await world.token(), isOther: false },
  { who: "another tenant", token: await world.token({ tenantId: tenantOf("team-b") }), isOther: true },
  { who: "nobody", token: `${await world.token()}x`, isOther: true },
] as const;

type Parameter = { readonly name: string; readonly in: string; readonly schema: unknown; readonly required: boolean };
type Operation = {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly Parameter[];
  readonly bodies: Readonly<Record<string, unknown>>;
  readonly responses: Readonly<Record<string, unknown>>;
};

function operations(): readonly Operation[] {
  const { paths } = JSON.parse(openApiText(routeTable)) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const {
        parameters = [],
        requestBody,
        responses,
      } = operation as Omit<Operation, "bodies" | "parameters"> & {
        readonly parameters?: readonly Parameter[];
      } & { requestBody?: unknown };
      const content = isJsonObject(requestBody) && isJsonObject(requestBody["content"]) ? requestBody["content"] : {};
      const bodies = Object.fromEntries(
        Object.entries(content).map(([type, form]) => [type, isJsonObject(form) ? form["schema"] : undefined]),
      );
      return { path, method, parameters, bodies, responses };
    }),
  );
}

type Asked = { readonly url: string; readonly headers: Record<string, string>; readonly body?: string | Uint8Array };

const encode = (part: string): string => encodeURIComponent(part.toWellFormed());

function request({ path, parameters, bodies }: Operation): fc.Arbitrary<Asked> {
  const given = fc.tuple(
    ...parameters.map(({ name, in: place, schema, required }) =>
      fc.tuple(fc.boolean(), place === "path" ? text(known) : valueOf(schema, known)).map(([isThere, value]) => ({
        name,
        place,
        isThere: required || isThere,
        value: typeof value === "string" ? value : JSON.stringify(value),
      })),
    ),
  );
  const types = Object.entries(bodies);
  const body =
    types.length === 0
      ? fc.constant(undefined)
      : fc.oneof(
          {
            weight: 8,
            arbitrary: fc
              .constantFrom(...types)
              .chain(([type, schema]) =>
                (type === "application/json"
                  ? valueOf(schema, known).map((value) => JSON.stringify(value))
                  : fc.uint8Array({ maxLength: 2000 })
                ).map((bytes) => ({ type, bytes })),
              ),
          },
          fc.tuple(fc.constantFrom(...types), fc.string()).map(([[type], bytes]) => ({ type, bytes })),
        );
  const more = fc.dictionary(
    fc.constantFrom(
      "Range",
      "If-Range",
      "If-None-Match",
      "Accept",
      "Last-Event-ID",
      "X-Forwarded-For",
      "Idempotency-Key",
    ),
    fc.constantFrom(
      "bytes=0-",
      "bytes=5-2",
      "*",
      "0",
      "99999999999999",
      "text/html",
      "application/x-ndjson",
      "::1",
      "k",
    ),
    { maxKeys: 3 },
  );
  return fc.tuple(given, body, more).map(([values, sent, headers]) => {
    const query = values.filter(({ place, isThere }) => place === "query" && isThere);
    const named = values.filter(
      ({ place, isThere, value }) => place === "header" && isThere && /^[\x21-\x7e]+$/.test(value),
    );
    const filled = values.reduce(
      (url, { name, place, value }) => (place === "path" ? url.replace(`{${name}}`, () => encode(value)) : url),
      path,
    );
    const search = query.map(({ name, value }) => `${name}=${encode(value)}`).join("&");
    return {
      url: search === "" ? filled : `${filled}?${search}`,
      headers: {
        ...headers,
        ...Object.fromEntries(named.map(({ name, value }) => [name, value])),
        ...(sent === undefined ? {} : { "Content-Type": sent.type }),
      },
      ...(sent === undefined ? {} : { body: sent.bytes }),
    };
  });
}

for (const operation of operations()) {
  const method = operation.method.toUpperCase();
  t.test(
    `${method} ${operation.path} answers whatever it is asked as it declares, and shows nothing of others`,
    async (t) => {
      const bearer = fc.constantFrom(...bearers);
      await fc.assert(
        fc.asyncProperty(request(operation), bearer, async ({ url, headers, body }, { token, isOther }) => {
          const answer = await fetch(`${world.server.url}${url}`, {
            method,
            headers: { ...headers, Authorization: `Bearer ${token}` },
            signal: AbortSignal.timeout(PATIENCE_MS),
            redirect: "error",
            ...(body === undefined ? {} : { body: body as NonNullable<RequestInit["body"]> }),
          });
          const said = await answer.text();
          const sent = `${decodeURIComponent(url)} ${typeof body === "string" ? body : ""}`;
          const { status } = answer;
          const elsewhere = status === 404 || status === 405 || status === 200;
          const isDeclared = String(status) in operation.responses || elsewhere;
          if (status >= 500 || !isDeclared) {
            throw new Error(`${status}: ${said.slice(0, 500)}`);
          }
          if (status >= 400 && (JSON.parse(said) as { status?: number }).status !== status) {
            throw new Error(`no problem document: ${said.slice(0, 500)}`);
          }
          const shown =
            isOther &&
            [CANARY, ...known].some((each) => each.length > 20 && said.includes(each) && !sent.includes(each));
          if (shown || said.includes(token)) {
            throw new Error(`it shows what it should not: ${said.slice(0, 500)}`);
          }
          if (answer.headers.get("x-content-type-options") !== "nosniff" || answer.headers.get("set-cookie") !== null) {
            throw new Error("its headers are not what they should be");
          }
        }),
        { numRuns: TRIES, endOnFailure: true },
      );
      t.pass(`${TRIES} requests`);
    },
  );
}

t.test("the log of all this holds no token, and nothing that was sent", (t) => {
  const log = world.logged.join("\n");
  t.notMatch(log, /eyJ|DROP TABLE|etc\/passwd|Set-Cookie/);
  t.end();
});
