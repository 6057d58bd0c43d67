import { randomBytes, createHash } from "node:crypto";
import { SignedData } from "@peculiar/asn1-cms";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { MessageImprint, PKIStatus, TimeStampReq, TimeStampResp, TSTInfo } from "@peculiar/asn1-tsp";
import { AlgorithmIdentifier } from "@peculiar/asn1-x509";
import { equalBytes } from "#canon/bytes.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { anchorSourceCodes } from "./codes.ts";
import { post, readAddress, shownAddress, type Env } from "./post.ts";

const SHA256 = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const what = "timestamp authority";

/**
 * Asks an RFC 3161 authority over HTTP (section 3.4) for a timestamp of a message, by its SHA-256 and a random nonce. The
 * answer is held to both; whose it is is proven later. Faults: ANCHOR_URL, ANCHOR_UNREACHABLE, ANCHOR_HTTP, ANCHOR_ANSWER,
 * ANCHOR_REFUSED, ANCHOR_IMPRINT, ANCHOR_NONCE.
 */
export async function requestTimestamp(
  address: string,
  message: Uint8Array,
  { timeoutMs, env }: { readonly timeoutMs: number; readonly env: Env },
): Promise<Result<Uint8Array>> {
  const url = readAddress(what, address);
  if (!url.ok) {
    return url;
  }
  const imprint = createHash("sha256").update(message).digest();
  const nonce = freshNonce();
  const answer = await post({
    what,
    url: url.value,
    body: timestampQuery(imprint, nonce),
    headers: { "content-type": "application/timestamp-query", accept: "application/timestamp-reply" },
    timeoutMs,
    env,
  });
  if (!answer.ok) {
    return answer;
  }
  const refused = answerFault(answer.value, imprint, nonce, shownAddress(url.value));
  return refused ?? ok(answer.value);
}

/** Sixteen bytes, as an ASN.1 integer that is positive and has no byte too many. */
function freshNonce(): Uint8Array<ArrayBuffer> {
  const nonce = Uint8Array.from(randomBytes(16));
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
  return nonce;
}

function timestampQuery(imprint: Uint8Array<ArrayBuffer>, nonce: Uint8Array<ArrayBuffer>): Uint8Array {
  const query = new TimeStampReq({
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithm: SHA256, parameters: null }),
      hashedMessage: new OctetString(imprint),
    }),
    nonce: nonce.buffer,
    certReq: true,
  });
  return new Uint8Array(AsnConvert.serialize(query));
}

function answerFault(
  bytes: Uint8Array,
  imprint: Uint8Array,
  nonce: Uint8Array,
  url: string,
): Result<never> | undefined {
  const read = readAnswer(bytes);
  if (read === undefined) {
    const problem = "it is no RFC 3161 answer";
    return fail(faultOf(anchorSourceCodes, "ANCHOR_ANSWER", { what, url, problem }));
  }
  if (typeof read === "string") {
    return fail(faultOf(anchorSourceCodes, "ANCHOR_REFUSED", { url, problem: read }));
  }
  const { hashAlgorithm, hashedMessage } = read.messageImprint;
  if (hashAlgorithm.algorithm !== SHA256 || !equalBytes(new Uint8Array(hashedMessage.buffer), imprint)) {
    return fail(faultOf(anchorSourceCodes, "ANCHOR_IMPRINT", { what, url }));
  }
  return read.nonce !== undefined && equalBytes(new Uint8Array(read.nonce), nonce)
    ? undefined
    : fail(faultOf(anchorSourceCodes, "ANCHOR_NONCE", { url }));
}

/** What a granted answer is about; in words why it was not granted; undefined when it is no such answer. */
function readAnswer(bytes: Uint8Array): TSTInfo | string | undefined {
  try {
    const { status, timeStampToken } = AsnConvert.parse(bytes, TimeStampResp);
    if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods) {
      return refusalOf(status);
    }
    if (timeStampToken === undefined || timeStampToken.contentType !== SIGNED_DATA) {
      return undefined;
    }
    const { encapContentInfo } = AsnConvert.parse(timeStampToken.content, SignedData);
    const content = encapContentInfo.eContent?.single;
    return encapContentInfo.eContentType === TST_INFO && content !== undefined
      ? AsnConvert.parse(content.buffer, TSTInfo)
      : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf({ status, statusString, failInfo }: TimeStampResp["status"]): string {
  const said = [...(statusString ?? [])]
    .map(String)
    .join("; ")
    .replaceAll(/[^ -~]/g, "?")
    .slice(0, 200);
  const reasons = failInfo === undefined ? "" : ` (failure bits ${failInfo.toNumber()})`;
  return `status ${status}${said === "" ? "" : `, ${said}`}${reasons}`;
}
