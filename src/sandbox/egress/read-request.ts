import type { IncomingMessage } from "node:http";
import type { FaultData } from "#fault/fault.ts";
import type { EgressCode } from "./codes.ts";
import type { Wanted } from "./egress-try.ts";
import { framingOf, headerValues, type Framing } from "./forwarded-headers.ts";
import {
  hostPortText,
  hostText,
  readAbsolute,
  readAuthority,
  unescaped,
  withoutQuery,
  type HttpTarget,
  type WrittenHost,
} from "./target.ts";

type Refused = {
  readonly kind: "refused";
  readonly wanted: Wanted;
  readonly code: EgressCode;
  readonly data: FaultData;
};
type Request = { readonly kind: "request"; readonly wanted: Wanted; readonly path: string; readonly framing: Framing };

/**
 * A request to the proxy whose target, Host and length can each be read in one way only; in a tunnel, one to the host that
 * the tunnel is pinned to.
 */
export function readRequest(asked: IncomingMessage, pinned: WrittenHost | undefined): Request | Refused {
  const { method = "", url = "" } = asked;
  const target = pinned === undefined ? readAbsolute(url) : inside(pinned, url);
  if (target === undefined) {
    const wanted: Wanted =
      pinned === undefined
        ? { ...unreadHost(url), protocol: "unknown", method }
        : { ...pinned, protocol: "http", method };
    return malformed(wanted, pinned === undefined ? "its target is no whole URL" : "in a tunnel its target is a path");
  }
  const { path, scheme, ...host } = target;
  const wanted: Wanted = { ...host, protocol: "http", method, path: withoutQuery(path) };
  if (scheme === "https") {
    const data = { protocol: "https in a request (it takes CONNECT)" };
    return { kind: "refused", wanted, code: "EGRESS_PROTOCOL", data };
  }
  const framing = framingOf(asked.rawHeaders);
  if (framing === undefined) {
    return malformed(wanted, "its length has two meanings");
  }
  const problem = hostProblem(target, asked);
  return problem === undefined ? { kind: "request", wanted, path, framing } : malformed(wanted, problem);
}

/** The host that stands in the record of a target that could not be read. */
export function unreadHost(text: string): WrittenHost {
  const host = hostText(text);
  return { host, port: 0, written: unescaped(host) };
}

function malformed(wanted: Wanted, problem: string): Refused {
  return { kind: "refused", wanted, code: "EGRESS_MALFORMED", data: { problem } };
}

/** In a tunnel, requests name the path alone (RFC 9112, 3.2.1). */
function inside(pinned: WrittenHost, url: string): HttpTarget | undefined {
  return /^\/[^#]*$/.test(url) ? { ...pinned, scheme: "http", path: url } : undefined;
}

/** A Host that is not the target's could be believed by someone behind it. */
function hostProblem(target: HttpTarget, asked: IncomingMessage): string | undefined {
  const [host, ...more] = headerValues(asked.rawHeaders, "host");
  if (host === undefined) {
    return asked.httpVersion === "1.0" ? undefined : "it has no Host";
  }
  const said = readAuthority(host, 80);
  const isTarget = said !== undefined && hostPortText(said) === hostPortText(target);
  return more.length === 0 && isTarget ? undefined : "its Host is not that of its URL";
}
