import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";

export const TOKEN = "hvs.stand-in-token";

type Asked = { readonly method: string; readonly path: string; readonly headers: IncomingMessage["headers"] };

type VaultStandIn = { readonly address: string; readonly asked: readonly Asked[] };

type Answer = { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

/**
 * A stand-in for a Vault: no Vault, but a server of this test that answers over HTTPS as the documents of the key-value
 * engine, version 2, say. `answers` by path are for what a real one does not do at will; `hang` never answers.
 */
export async function vaultStandIn(
  t: Test,
  tls: { readonly key: string; readonly cert: string },
  answers: Readonly<Record<string, Answer | "hang" | ((response: ServerResponse) => void)>>,
): Promise<VaultStandIn> {
  const asked: Asked[] = [];
  const options = { key: readFileSync(tls.key), cert: readFileSync(tls.cert) };
  const server = createServer(options, (request, response) => {
    const { method = "", url = "", headers } = request;
    asked.push({ method, path: url, headers });
    const known = Object.hasOwn(answers, url) ? answers[url] : undefined;
    const answer = known ?? { status: 404, body: { errors: [] } };
    if (typeof answer === "function") {
      answer(response);
    } else if (headers["x-vault-token"] !== TOKEN) {
      send(response, { status: 403, body: { errors: ["permission denied", TOKEN] } });
    } else if (answer !== "hang") {
      send(response, answer);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `https://localhost:${(server.address() as AddressInfo).port}`, asked };
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** What the engine answers for a secret. */
export function secretAnswer(data: Readonly<Record<string, unknown>>): Answer {
  const metadata = { created_time: "2026-01-01T00:00:00Z", deletion_time: "", destroyed: false, version: 3 };
  return { status: 200, body: { request_id: "1", lease_id: "", renewable: false, data: { data, metadata } } };
}
