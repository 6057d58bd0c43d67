import { isJsonObject } from "#canon/json.ts";
import type { Shape } from "#canon/shape.ts";
import { problemShape } from "./problem.ts";
import { mayBeAbsent } from "./read-body.ts";
import type { AnswerForm, BodyForm, HeaderForm, Route } from "./route.ts";
import { statusOf } from "./status-table.ts";

/** Problems that any route with a scope may answer, whatever it does. */
const COMMON = [
  "REQUEST_INVALID",
  "HOST_REFUSED",
  "ORIGIN_REFUSED",
  "TOKEN_MISSING",
  "TOKEN_SCOPE",
  "RATE_LIMITED",
  "BEARER_BUSY",
  "SERVER_ERROR",
  "STORE_UNAVAILABLE",
];
const OPEN = ["REQUEST_INVALID", "HOST_REFUSED", "ORIGIN_REFUSED", "SERVER_ERROR"];
const BODY = ["JSON_SYNTAX", "BODY_INVALID", "BODY_TYPE", "BODY_TOO_LARGE", "BODY_SLOW"];
const UPLOAD = ["BODY_TYPE", "BODY_TOO_LARGE", "BODY_SLOW"];

type Document = Readonly<Record<string, unknown>>;

/** The text of `schemas/openapi.json`: OpenAPI 3.1 of these routes. */
export function openApiText(routes: readonly Route[]): string {
  const paths = Map.groupBy(routes, ({ path }) => path);
  const document = {
    openapi: "3.1.0",
    info: {
      title: "packrun",
      version: "1",
      summary: "Run exactly the plan that was approved, and leave proof that anyone can check offline.",
      description:
        "Every answer is within the tenant of the token. Problems are RFC 9457 documents whose `code` is the command line's: " +
        "`packrun explain CODE` says more.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    servers: [{ url: "/" }],
    tags: TAGS,
    paths: Object.fromEntries(
      [...paths].map(([path, at]) => [path, Object.fromEntries(at.map((route) => [route.method, operation(route)]))]),
    ),
    components: {
      schemas: { Problem: problemShape.schema },
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "EdDSA, ES256 or RS256, with iss, aud, exp, sub, tenant and scope; or the token of a loopback server.",
        },
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const TAGS = [
  { name: "runs", description: "Start runs, follow them, decide on them." },
  { name: "packs", description: "What can be run." },
  { name: "artifacts", description: "Files that runs are given." },
  { name: "server", description: "The server itself." },
];

function operation(route: Route): Document {
  const { id, summary, scope, body } = route;
  const parameters = [
    ...membersOf(route.params, "path"),
    ...membersOf(route.query, "query"),
    ...(route.headers ?? []).map(headerParameter),
  ];
  return {
    operationId: id,
    summary,
    description: scope === undefined ? "Needs no token." : `Needs the scope \`${scope}\`.`,
    tags: [tagOf(route.path)],
    ...(scope === undefined ? { security: [] } : { security: [{ bearer: [scope] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

function tagOf(path: string): string {
  const [, first, second = ""] = path.split("/");
  return first !== "api" ? "server" : second === "packs" || second === "artifacts" ? second : "runs";
}

function membersOf(shape: Shape<unknown> | undefined, place: "path" | "query"): readonly Document[] {
  const schema = isJsonObject(shape?.schema) ? shape.schema : {};
  const members = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const needed: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(members).map(([name, member]) => ({
    name,
    in: place,
    required: place === "path" || needed.includes(name),
    schema: member,
  }));
}

function headerParameter({ name, description, required, shape }: HeaderForm): Document {
  return { name, in: "header", description, required, schema: shape.schema };
}

function requestBody(body: BodyForm<unknown>): Document {
  return {
    required: body.kind === "bytes" || !mayBeAbsent(body.shape),
    content:
      body.kind === "json"
        ? { "application/json": { schema: body.shape.schema } }
        : Object.fromEntries(body.mediaTypes.map((type) => [type, {}])),
  };
}

function answersOf({ method, answers }: Route): Document {
  const declared = Object.fromEntries(Object.entries(answers).map(([status, form]) => [status, answerOf(form)]));
  const hasTag = method === "get" && answers[200] !== undefined && "shape" in answers[200];
  return hasTag ? { ...declared, 304: { description: "It has an ETag that `If-None-Match` names." } } : declared;
}

function answerOf(form: AnswerForm): Document {
  const { description } = form;
  if ("shape" in form) {
    return { description, content: { "application/json": { schema: form.shape.schema } } };
  }
  return "mediaTypes" in form
    ? { description, content: Object.fromEntries(form.mediaTypes.map((type) => [type, {}])) }
    : { description };
}

/** One response for each status, which names the codes that come with it. */
function problemsOf({ scope, body, problems }: Route): Document {
  const ofBody = body === undefined ? [] : body.kind === "json" ? BODY : UPLOAD;
  const codes = new Set([...problems, ...ofBody, ...(scope === undefined ? OPEN : COMMON)]);
  if (scope !== undefined) {
    codes.add("TOKEN_INVALID").add("TOKEN_KEYS");
  }
  const statuses = Map.groupBy([...codes].toSorted(), statusOf);
  const sorted = [...statuses].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(
    sorted.map(([status, named]) => [
      String(status),
      {
        description: `Problem: ${named.map((code) => `\`${code}\``).join(", ")}.`,
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}
