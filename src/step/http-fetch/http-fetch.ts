import { createHash } from "node:crypto";
import { parseByteSize } from "#canon/byte-size.ts";
import type { JsonObject } from "#canon/json.ts";
import { object, string, type Infer } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { size } from "#pack/scalar-shapes.ts";
import type { WithRefusal } from "#plan/built-in-rule.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { Fetched } from "#port/egress.ts";
import type { Redactor } from "#port/secrets.ts";
import type { BuiltIn, BuiltInRequest, Produced } from "../built-in.ts";
import { checksumShape, hexOfChecksum } from "../checksum.ts";
import { stepCodes } from "../codes.ts";
import { builtIn } from "../define-built-in.ts";
import { MEDIA_TYPE, MEDIA_TYPE_WORDS } from "../media-type.ts";
import { holdToRules, readFetchUrl } from "./fetch-target.ts";

const withShape = object(
  { url: string({ min: 1 }), checksumSha256: checksumShape },
  { maxBytes: size, mediaType: string({ pattern: MEDIA_TYPE, expected: MEDIA_TYPE_WORDS }) },
);
type With = Infer<typeof withShape>;

/** Gets one file whose SHA-256 is known beforehand, through the egress rules of its step. */
export const httpFetch: BuiltIn = builtIn({
  name: "http.fetch",
  withShape,
  packFiles: [],
  outputs: { file: { file: "file" } },
  refusals,
  produce: fetchFile,
});

/** A URL that is not known yet is looked at when the step starts. */
function refusals({ url }: JsonObject, sandbox: Sandbox): readonly WithRefusal[] {
  if (typeof url !== "string") {
    return [];
  }
  const target = readFetchUrl(url);
  const held = target.ok ? holdToRules(target.value, sandbox) : target;
  return held.ok ? [] : [{ fault: held.fault, member: "url" }];
}

async function fetchFile(given: With, request: BuiltInRequest): Promise<Result<readonly Produced[]>> {
  const { url, mediaType } = given;
  if (request.redactor.redact(url) !== url) {
    return fail(faultOf(stepCodes, "FETCH_URL", { problem: "it holds a secret" }));
  }
  const session = await request.egress();
  const fetched = session.ok ? await session.value.fetch(url, request.signal) : session;
  if (!fetched.ok) {
    return fetched;
  }
  const answered = holdToStatus(url, fetched.value, request.redactor);
  if (!answered.ok) {
    return answered;
  }
  const kept = await request.artifacts.put(request.tenantId, checked(fetched.value.body, given, request.sandbox));
  return kept.ok ? ok([{ name: "file", ...kept.value, ...(mediaType === undefined ? {} : { mediaType }) }]) : kept;
}

function holdToStatus(url: string, { status, location }: Fetched, redactor: Redactor): Result<void> {
  const { host } = new URL(url);
  if (status >= 300 && status < 400 && location !== undefined) {
    const to = URL.canParse(location, url) ? new URL(location, url).host : "a place that cannot be read";
    return fail(faultOf(stepCodes, "FETCH_REDIRECT", { host, status, to: redactor.redactHost(to) }));
  }
  return status === 200 ? ok(undefined) : fail(faultOf(stepCodes, "FETCH_STATUS", { host, status }));
}

/**
 * The bytes as they come. The last of them is held back until all were found right, and wrong ones end in an error: a
 * store then keeps nothing. Throws a `StoreError` with FETCH_TOO_LARGE or FETCH_CHECKSUM, or that of the body.
 */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  { url, checksumSha256, maxBytes }: With,
  { limits }: Sandbox,
): AsyncGenerator<Uint8Array> {
  const limit = Math.min(limits.artifactBytes, parseByteSize(String(maxBytes ?? "")) ?? limits.artifactBytes);
  const { host } = new URL(url);
  const hash = createHash("sha256");
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      throw new StoreError(faultOf(stepCodes, "FETCH_TOO_LARGE", { host, limit }));
    }
    hash.update(chunk);
    if (held !== undefined) {
      yield held;
    }
    held = chunk;
  }
  const actual = hash.digest("hex");
  const expected = hexOfChecksum(checksumSha256);
  if (actual !== expected) {
    throw new StoreError(faultOf(stepCodes, "FETCH_CHECKSUM", { host, actual, expected }));
  }
  if (held !== undefined) {
    yield held;
  }
}
