import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { anchorSourceCodes } from "./codes.ts";

/** Timestamps have some kilobytes, proofs of inclusion fewer. Bytes. */
const LARGEST_ANSWER: number = 1024 * 1024;

export type Env = Readonly<Record<string, string | undefined>>;

/** What stands behind an address, in the words of messages. */
export type Asked = "timestamp authority" | "log";

export type Posting = {
  readonly what: Asked;
  readonly url: URL;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of these are obeyed, in either case. */
  readonly env: Env;
};

/** An address without a secret in it. Fault: ANCHOR_URL, which does not repeat it. */
export function readAddress(what: Asked, text: string): Result<URL> {
  const url = URL.parse(text);
  const problem =
    url === null
      ? "it is no URL"
      : !["http:", "https:"].includes(url.protocol)
        ? `its scheme is ${url.protocol.slice(0, -1)}`
        : url.username !== "" || url.password !== ""
          ? "it holds a user name or password"
          : undefined;
  return url === null || problem !== undefined
    ? fail(faultOf(anchorSourceCodes, "ANCHOR_URL", { what, problem: problem ?? "" }))
    : ok(url);
}

/** An address as messages show it: what stands in a query may be a secret. */
export function shownAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Posts and reads the answer of a success. Faults: ANCHOR_UNREACHABLE, ANCHOR_HTTP, ANCHOR_ANSWER. */
export async function post(posting: Posting): Promise<Result<Uint8Array>> {
  const { what, url, timeoutMs } = posting;
  const signal = AbortSignal.timeout(timeoutMs);
  const shown = shownAddress(url);
  try {
    const answer = await sent(posting, signal);
    const status = answer.statusCode ?? 0;
    const bytes = await readUpTo(answer, LARGEST_ANSWER);
    if (status < 200 || status > 299) {
      const said = bytes === undefined ? "" : plainText(bytes);
      return fail(
        faultOf(anchorSourceCodes, "ANCHOR_HTTP", { what, url: shown, status, problem: said && `: ${said}` }),
      );
    }
    const problem = `more than ${LARGEST_ANSWER} bytes`;
    return bytes === undefined
      ? fail(faultOf(anchorSourceCodes, "ANCHOR_ANSWER", { what, url: shown, problem }))
      : ok(bytes);
  } catch (error) {
    const problem = signal.aborted ? `nothing within ${timeoutMs / 1000} s` : networkProblem(error);
    return fail(faultOf(anchorSourceCodes, "ANCHOR_UNREACHABLE", { what, url: shown, problem }));
  }
}

function sent({ url, body, headers, env }: Posting, signal: AbortSignal): Promise<IncomingMessage> {
  const secure = url.protocol === "https:";
  // One exchange per agent: nothing is kept open behind it.
  const options = { keepAlive: false, proxyEnv: proxiesOf(env) };
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  const request = secure ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      headers: { ...headers, "content-length": body.length },
      agent,
      signal,
    });
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

async function readUpTo(answer: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit) {
      answer.destroy();
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const PROXIES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"] as const;

function proxiesOf(env: Env): Record<string, string> {
  return Object.fromEntries(PROXIES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** The first line of an answer that is text, for people. */
function plainText(bytes: Uint8Array): string {
  const [line = ""] = Buffer.from(bytes.subarray(0, 200))
    .toString("latin1")
    .split(/[\r\n]/);
  return /^[ -~]*$/.test(line) ? line.trim() : "";
}

function networkProblem(error: unknown): string {
  if (!(error instanceof Error)) {
    return "unknown error";
  }
  const code = "code" in error ? String(error.code) : undefined;
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
