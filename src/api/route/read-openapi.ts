import { encodeUtf8 } from "#canon/utf8.ts";
import { ok } from "#fault/result.ts";
import { openApiText } from "../openapi.ts";
import type { OpenRoute, Route } from "../route.ts";

const OPENAPI = "application/vnd.oai.openapi+json;version=3.1";

/** `routes` gives all routes, this one included. */
export function readOpenApiRoute(routes: () => readonly Route[]): OpenRoute {
  let bytes: Uint8Array | undefined;
  return {
    id: "readOpenApi",
    method: "get",
    path: "/.well-known/openapi",
    summary: "This document",
    answers: { 200: { description: "OpenAPI 3.1.", mediaTypes: [OPENAPI] } },
    problems: [],
    handle: async () => {
      bytes ??= encodeUtf8(openApiText(routes()));
      return ok({ kind: "stream", status: 200, mediaType: OPENAPI, length: bytes.length, chunks: once(bytes) });
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
