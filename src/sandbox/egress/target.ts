import { canonicalHost, type HostPort } from "#pack/egress-rule.ts";

/** A host in its one spelling, and the text that was read as it: only there a redactor finds every secret. */
export type WrittenHost = HostPort & { readonly written?: string };

/** Where an HTTP request goes: the host in its one spelling, and what is asked of it as it stands. */
export type HttpTarget = WrittenHost & { readonly scheme: "http" | "https"; readonly path: string };

/** No user, no escapes, no white space, nothing that readers of URLs disagree about. */
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^[\]:@/\\?#%*\s\p{Cc}]+)(?::([1-9][0-9]{0,4}))?$/u;

/** Host and port of `host:port` (RFC 9110, 7.1), the host as the WHATWG URL standard spells it, without a final dot. */
export function readAuthority(text: string, defaultPort?: number): WrittenHost | undefined {
  // Bytes of a request come as Latin-1; names in other scripts are UTF-8.
  const match = AUTHORITY.exec(Buffer.from(text, "latin1").toString("utf8"));
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  const written = match?.[1] ?? "";
  const host = readHost(written);
  return host === undefined || port === undefined || port > 65_535 ? undefined : { host, port, written };
}

function readHost(text: string): string | undefined {
  try {
    const name = new URL(`http://${text}/`).hostname;
    return canonicalHost(name.endsWith(".") ? name.slice(0, -1) : name);
  } catch {
    return undefined;
  }
}

/** The target of a request in absolute form (RFC 9112, 3.2.2). */
export function readAbsolute(text: string): HttpTarget | undefined {
  const match = /^(https?):\/\/([^/?#]*)([^#]*)$/i.exec(text);
  const scheme = match?.[1]?.toLowerCase() === "https" ? "https" : "http";
  const at = match?.[2] === undefined ? undefined : readAuthority(match[2], scheme === "https" ? 443 : 80);
  const path = match?.[3] ?? "";
  return at && { ...at, scheme, path: path.startsWith("/") ? path : `/${path}` };
}

/** `host:port` for people and for a CONNECT; an IPv6 address stands in brackets. */
export function hostPortText({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What a Host header says for this target: the port of the scheme is left out (RFC 9110, 7.2). */
export function hostHeader({ host, port, scheme }: Pick<HttpTarget, "host" | "port" | "scheme">): string {
  const text = hostPortText({ host, port });
  return port === (scheme === "https" ? 443 : 80) ? text.slice(0, text.lastIndexOf(":")) : text;
}

/** The path alone: queries may carry what must not be recorded. */
export function withoutQuery(path: string): string {
  return path.split("?", 1)[0] ?? "";
}

/** What a text of a request means: its percent-escapes read, and its bytes, which come as Latin-1, as UTF-8. */
export function unescaped(text: string): string {
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** What a text that is no target names as its host, as far as that can be said: never a user, a path or a query. */
export function hostText(text: string): string {
  const [authority = ""] = text.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/+/, "").split(/[/?#\\]/, 1);
  return authority.slice(authority.lastIndexOf("@") + 1);
}
