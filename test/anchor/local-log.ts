import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { bodyOf, listening } from "./local-authority.ts";

/** A transparency log that speaks Rekor v2 and holds two entries, the asked one behind another. */
export type LocalLog = {
  readonly url: string;
  readonly origin: string;
  readonly publicKey: string;
  /** What it answers to a request. */
  readonly answer: (request: unknown) => Record<string, unknown>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

type Request = {
  readonly hashedRekordRequestV002: { readonly digest: string; readonly signature: { readonly content: string } };
};

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

export async function localLog(origin: string): Promise<LocalLog> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const logId = sha256(Buffer.from(`${origin}\n`), Buffer.of(1), raw);
  const answer = (request: unknown): Record<string, unknown> => {
    const { digest, signature } = (request as Request).hashedRekordRequestV002;
    const data = { algorithm: "SHA2_256", digest };
    const body = canonicalBytes({
      apiVersion: "0.0.2",
      kind: "hashedrekord",
      spec: { hashedRekordV002: { data, signature } },
    });
    // RFC 6962, section 2.1: leaves begin with 0, nodes with 1.
    const first = sha256(Buffer.of(0), Buffer.from("another entry"));
    const root = sha256(Buffer.of(1), first, sha256(Buffer.of(0), body));
    const note = `${origin}\n2\n${root.toString("base64")}\n`;
    const signed = Buffer.concat([logId.subarray(0, 4), sign(null, Buffer.from(note), privateKey)]);
    return {
      logIndex: "1",
      logId: { keyId: logId.toString("base64") },
      kindVersion: { kind: "hashedrekord", version: "0.0.2" },
      integratedTime: "0",
      inclusionPromise: null,
      inclusionProof: {
        logIndex: "1",
        rootHash: root.toString("base64"),
        treeSize: "2",
        hashes: [first.toString("base64")],
        checkpoint: { envelope: `${note}\n\u2014 ${origin} ${signed.toString("base64")}\n` },
      },
      canonicalizedBody: Buffer.from(body).toString("base64"),
    };
  };
  const server = await listening(async (request, response) => {
    const asked = JSON.parse((await bodyOf(request)).toString()) as unknown;
    response.statusCode = request.url === "/api/v2/log/entries" ? 201 : 404;
    response.end(JSON.stringify(answer(asked)));
  });
  return {
    url: server.url,
    origin,
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    answer,
    [Symbol.asyncDispose]: () => server.close(),
  };
}
