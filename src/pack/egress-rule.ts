import { canonicalIpv6, parseIpv4 } from "./ip-address.ts";
import { isPunycode } from "./punycode.ts";

export type HostPort = { readonly host: string; readonly port: number };

/**
 * `host:port`, `*.suffix:port`, `1.2.3.4:port` or `[::1]:port` with the host in its one spelling; undefined when the
 * text is none of them. The port is mandatory: no rule opens all ports of a host.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:\s]+)):([1-9][0-9]{0,4})$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const host = match[1] === undefined ? canonicalHost(match[2] ?? "") : canonicalIpv6(match[1]);
  const port = Number(match[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/**
 * The one spelling of a host: lower case, IPv6 shortest and without brackets. Refused are names that other readers
 * would take for an address (WHATWG URL: the last label is a number), spell differently (a final dot, non-ASCII), or
 * could not read (`xn--` before what is no Punycode).
 */
export function canonicalHost(text: string): string | undefined {
  if (text.includes(":")) {
    return canonicalIpv6(text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text);
  }
  if (parseIpv4(text) !== undefined) {
    return text;
  }
  const isWildcard = text.startsWith("*.");
  const name = (isWildcard ? text.slice(2) : text).toLowerCase();
  const labels = name.split(".");
  const isName = name.length <= 253 && labels.every(isLabel);
  const looksLikeAddress = /^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  return isName && !looksLikeAddress ? (isWildcard ? `*.${name}` : name) : undefined;
}

function isLabel(label: string): boolean {
  const isPlain = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label);
  return isPlain && (!label.startsWith("xn--") || isPunycode(label.slice("xn--".length)));
}

/** True when every host that `inner` names is also named by `outer`. */
export function coversHost(outer: string, inner: string): boolean {
  return outer === inner || (outer.startsWith("*.") && inner.endsWith(outer.slice(1)));
}
