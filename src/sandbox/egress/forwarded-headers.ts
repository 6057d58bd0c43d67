/** Names and values in turn, as they came: `IncomingMessage.rawHeaders`. */
export type RawHeaders = readonly string[];

/** RFC 9110, 7.6.1, and what proxies are told besides. Lengths are written anew. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
]);

/** How a message says where its body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: string }
  | { readonly kind: "chunked" };

export function headerValues(headers: RawHeaders, name: string): readonly string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

/** Undefined where two readers could see two messages (RFC 9112, 6.3 and 11.2). */
export function framingOf(headers: RawHeaders): Framing | undefined {
  const lengths = headerValues(headers, "content-length");
  const codings = headerValues(headers, "transfer-encoding");
  const [length, ...moreLengths] = lengths;
  const [coding, ...moreCodings] = codings;
  if (length !== undefined) {
    return coding === undefined && moreLengths.length === 0 && /^[0-9]{1,15}$/.test(length)
      ? { kind: "length", length }
      : undefined;
  }
  if (coding !== undefined) {
    return moreCodings.length === 0 && coding.toLowerCase() === "chunked" ? { kind: "chunked" } : undefined;
  }
  return { kind: "none" };
}

/** The headers that go on to the other side: none that were meant for this hop, by their name or by `Connection`. */
export function endToEnd(headers: RawHeaders, left: ReadonlySet<string> = new Set()): string[] {
  const named = new Set(
    headerValues(headers, "connection").flatMap((value) => value.split(",").map((name) => name.trim().toLowerCase())),
  );
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = "", value = ""] = headers.slice(at, at + 2);
    const lower = name.toLowerCase();
    // A length that `Connection` names stays: without it the message would be another.
    const isNamed = named.has(lower) && lower !== "content-length";
    if (!HOP_BY_HOP.has(lower) && !isNamed && !left.has(lower)) {
      kept.push(name, value);
    }
  }
  return kept;
}
