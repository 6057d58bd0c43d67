import { createHash } from "node:crypto";
import { logEntryShape, type LogEntry } from "#attest/anchor-file.ts";
import { fromBase64, toBase64 } from "#canon/base64.ts";
import { isJsonObject } from "#canon/json.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readJson } from "#canon/strict-json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SignedMessage } from "#port/anchor-source.ts";
import { anchorSourceCodes } from "./codes.ts";
import { post, readAddress, shownAddress, type Env } from "./post.ts";

const what = "log";
const ENTRIES = "/api/v2/log/entries";

/**
 * Enters the digest of a message, with its signature and key, into a Rekor v2 log (`POST /api/v2/log/entries`,
 * `hashedRekordRequestV002`), which answers when the entry is in. The answer is held to what was sent; that it is in the
 * log is proven later. Faults: ANCHOR_KEY, ANCHOR_URL, ANCHOR_UNREACHABLE, ANCHOR_HTTP, ANCHOR_ANSWER, ANCHOR_IMPRINT.
 */
export async function requestEntry(
  address: string,
  { message, signature, key }: SignedMessage,
  { timeoutMs, env }: { readonly timeoutMs: number; readonly env: Env },
): Promise<Result<LogEntry>> {
  if (key.alg !== "ecdsa-p256-sha256") {
    return fail(faultOf(anchorSourceCodes, "ANCHOR_KEY", { alg: key.alg }));
  }
  const base = readAddress(what, address);
  if (!base.ok) {
    return base;
  }
  const url = new URL(base.value);
  url.pathname = url.pathname.replace(/\/*$/, ENTRIES);
  const digest = toBase64(createHash("sha256").update(message).digest());
  const signed = {
    content: toBase64(signature),
    verifier: { publicKey: { rawBytes: toBase64(key.spkiDer) }, keyDetails: "PKIX_ECDSA_P256_SHA_256" },
  };
  const body = encodeUtf8(JSON.stringify({ hashedRekordRequestV002: { digest, signature: signed } }));
  const headers = { "content-type": "application/json", accept: "application/json" };
  const answer = await post({ what, url, body, headers, timeoutMs, env });
  if (!answer.ok) {
    return answer;
  }
  const shown = shownAddress(url);
  const read = readJson(answer.value, "answer");
  const entry = read.ok ? entryOf(read.value) : undefined;
  const [misfit] = entry === undefined ? [] : misfitsOf(logEntryShape, entry);
  if (entry === undefined || misfit !== undefined) {
    const problem = misfit === undefined ? "it is no JSON object" : describeMisfit(misfit);
    return fail(faultOf(anchorSourceCodes, "ANCHOR_ANSWER", { what, url: shown, problem }));
  }
  return isAbout(entry as LogEntry, digest, signed)
    ? ok(entry as LogEntry)
    : fail(faultOf(anchorSourceCodes, "ANCHOR_IMPRINT", { what, url: shown }));
}

/** What is kept of an answer: JSON of protobuf leaves zeroes out, or writes members of other logs as null and "0". */
function entryOf(answer: unknown): object | undefined {
  if (!isJsonObject(answer)) {
    return undefined;
  }
  const { logIndex = "0", logId, kindVersion, inclusionProof, canonicalizedBody } = answer;
  const proof = isJsonObject(inclusionProof) ? { logIndex: "0", hashes: [], ...inclusionProof } : inclusionProof;
  const members = Object.entries({ logIndex, logId, kindVersion, inclusionProof: proof, canonicalizedBody });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined && value !== null));
}

function isAbout(entry: LogEntry, digest: string, signed: { content: string; verifier: object }): boolean {
  const bytes = fromBase64(entry.canonicalizedBody);
  const body = bytes === undefined ? undefined : readJson(bytes, "entry");
  const spec = body?.ok === true ? memberOf(memberOf(body.value, "spec"), "hashedRekordV002") : undefined;
  const signature = memberOf(spec, "signature");
  const key = memberOf(memberOf(signature, "verifier"), "publicKey");
  return (
    memberOf(memberOf(spec, "data"), "digest") === digest &&
    memberOf(signature, "content") === signed.content &&
    memberOf(key, "rawBytes") === memberOf(memberOf(signed.verifier, "publicKey"), "rawBytes")
  );
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}
