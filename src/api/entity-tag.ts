/** An entity tag (RFC 9110, 8.8.3): what stands between the quotes may hold commas. */
const TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;
const LIST = new RegExp(`^[\\t ,]*(?:${TAG.source}[\\t ]*(?:,[\\t ,]*|$))*$`);

/**
 * Whether `If-None-Match` names what has this strong entity tag, by the weak comparison of RFC 9110, 13.1.2: then the client
 * has it already. `*` names whatever is there; a header of another form names nothing.
 */
export function isHeld(header: string | undefined, etag: string): boolean {
  const text = header?.trim() ?? "";
  return text === "*" || (LIST.test(text) && [...text.matchAll(TAG)].some(([, tag]) => tag === etag));
}
