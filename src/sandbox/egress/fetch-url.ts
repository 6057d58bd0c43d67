import type { ClientRequest, IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { StoreError } from "#fault/store-error.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Fetched } from "#port/egress.ts";
import type { AttemptNetwork } from "./attempt-network.ts";
import { certificateHint } from "./certificate-hint.ts";
import type { EgressCode } from "./codes.ts";
import type { EgressTry } from "./egress-try.ts";
import { MeteredSocket } from "./metered-socket.ts";
import { nodeHttp } from "./node-http.ts";
import { hostHeader, hostText, readAbsolute, withoutQuery, type HttpTarget } from "./target.ts";

/** Bytes of the head of an answer. */
const MOST_HEAD = 64 * 1024;
const HEADERS = { "User-Agent": "packrun", Accept: "*/*", "Accept-Encoding": "identity", Connection: "close" };

/** One GET of a built-in of the runner, under the rules of its step: https by tls rules, http by http rules. */
export async function fetchUrl(network: AttemptNetwork, url: string, signal: AbortSignal): Promise<Result<Fetched>> {
  const target = readUrl(url);
  if (target === undefined) {
    const unread = network.begin({ host: hostText(url), port: 0, protocol: "unknown", method: "GET" });
    return fail(unread.fail("EGRESS_MALFORMED", { problem: "only http and https URLs without a user are fetched" }));
  }
  const { scheme, path, ...host } = target;
  const protocol = scheme === "https" ? "tls" : "http";
  const attempt = network.begin({ ...host, protocol, method: "GET", path: withoutQuery(path) });
  const abort = (): void => attempt.cut("EGRESS_ENDED");
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) {
    abort();
  }
  const answered = await answerThrough(network, attempt, target);
  if (!answered.ok) {
    signal.removeEventListener("abort", abort);
    return answered;
  }
  const { connection, fetched } = answered.value;
  connection.on("close", () => signal.removeEventListener("abort", abort));
  return ok(fetched);
}

type Answered = { readonly connection: MeteredSocket; readonly fetched: Fetched };

async function answerThrough(
  network: AttemptNetwork,
  attempt: EgressTry,
  target: HttpTarget,
): Promise<Result<Answered>> {
  const admitted = await network.admit(attempt);
  if (!admitted.ok) {
    return admitted;
  }
  const reached = await network.dial(attempt, admitted.value);
  if (reached === undefined) {
    return fail(attempt.refuse("EGRESS_UPSTREAM"));
  }
  const connection = new MeteredSocket(reached.socket, attempt);
  const fetched = await answerOf(attempt, target, connection);
  return fetched.ok ? ok({ connection, fetched: fetched.value }) : fetched;
}

/** As a browser reads it, then held to the form that goes out. */
function readUrl(text: string): HttpTarget | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "") {
    return undefined;
  }
  const target = /^https?:$/.test(url.protocol) ? readAbsolute(`${url.origin}${url.pathname}${url.search}`) : undefined;
  return target && { ...target, written: hostText(text).replace(/:[0-9]*$/, "") };
}

async function answerOf(attempt: EgressTry, target: HttpTarget, dialled: MeteredSocket): Promise<Result<Fetched>> {
  return new Promise((resolve) => {
    const broken = (error: NodeJS.ErrnoException): void => {
      const problem = error.code ?? error.message;
      const hint = certificateHint(problem);
      resolve(fail(attempt.refuse("EGRESS_UPSTREAM", { problem }, hint === undefined ? {} : { hint })));
      dialled.destroy();
    };
    // Errors of the connection reach the request; before it has one they must not be lost.
    dialled.on("error", broken);
    const asked = startGet(target, dialled);
    asked.maxHeadersCount = 0;
    asked.on("error", broken);
    asked.on("upgrade", (_, socket) => {
      socket.destroy();
      broken(new Error("it changed the protocol unasked"));
    });
    asked.on("response", (received) => {
      attempt.status = received.statusCode ?? 0;
      const { location } = received.headers;
      const answer = { status: attempt.status, body: bodyOf(attempt, received, dialled) };
      resolve(ok(location === undefined ? answer : { ...answer, location }));
    });
    asked.end();
  });
}

function startGet(target: HttpTarget, dialled: MeteredSocket): ClientRequest {
  const { scheme, path } = target;
  return nodeHttp().request({
    createConnection: () => (scheme === "https" ? secured(target, dialled) : dialled),
    method: "GET",
    path,
    headers: Object.entries({ Host: hostHeader(target), ...HEADERS }).flat(),
    setHost: false,
    insecureHTTPParser: false,
    maxHeaderSize: MOST_HEAD,
  });
}

/** Certificates are held to Node's own trust (with NODE_EXTRA_CA_CERTS), whatever the environment says besides. */
function secured({ host }: HttpTarget, dialled: MeteredSocket): TLSSocket {
  // Loaded when it is needed: TLS takes longer to load than all the rest of the proxy.
  return process.getBuiltinModule("node:tls").connect({
    socket: dialled,
    host,
    servername: isIP(host) === 0 ? host : "",
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
  });
}

/** Throws a `StoreError` that carries the fault when the answer was cut off or broke. */
async function* bodyOf(
  attempt: EgressTry,
  received: IncomingMessage,
  dialled: MeteredSocket,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of received) {
      yield chunk as Uint8Array;
    }
  } catch (error) {
    throw new StoreError(faultIn(attempt, error));
  } finally {
    dialled.destroy();
    attempt.end();
  }
  // An answer without a length ends with its connection: a cut must not look like its end.
  if (attempt.fault !== undefined) {
    throw new StoreError(attempt.fault);
  }
}

function faultIn(attempt: EgressTry, error: unknown): Fault<EgressCode> {
  return attempt.refuse("EGRESS_UPSTREAM", { problem: error instanceof Error ? error.message : "it broke" });
}
