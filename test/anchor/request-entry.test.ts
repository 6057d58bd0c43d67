import t from "tap";
import { requestEntry } from "#anchor/request-entry.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { code } from "../attest/signing.ts";
import { keys, must, sha256 } from "../app/sealed-world.ts";
import { bodyOf, listening } from "./local-authority.ts";
import { localLog } from "./local-log.ts";

const key = must(readPublicKey(keys.attestor.publicKey, sha256));
const message = Buffer.from("DSSEv1 1 a 1 b");
const signed = { message, key, signature: must(await keys.attestor.sign(message)) };
const calm = { timeoutMs: 20_000, env: {} };
const log = await localLog("log.test");
t.teardown(() => log[Symbol.asyncDispose]());

/** A server that changes what the log answers. */
async function changing(
  t: { readonly teardown: (work: () => Promise<void>) => void },
  change: (entry: Record<string, unknown>) => unknown,
): Promise<string> {
  const server = await listening(async (request, response) => {
    const entry = log.answer(JSON.parse((await bodyOf(request)).toString()));
    response.end(JSON.stringify(change(entry)));
  });
  t.teardown(() => server.close());
  return server.url;
}

t.test("an entry comes back with its proof, and without what such logs do not say", async (t) => {
  const entry = must(await requestEntry(`${log.url}/`, signed, calm));
  t.strictSame(Object.keys(entry), ["logIndex", "logId", "kindVersion", "inclusionProof", "canonicalizedBody"]);
  const zero = must(
    await requestEntry(await changing(t, (entry) => ({ ...entry, logIndex: undefined })), signed, calm),
  );
  t.equal(zero.logIndex, "0", "protobuf leaves zeroes out");
});

t.test("what is no entry of Rekor v2 is refused", async (t) => {
  for (const change of [
    () => "no entry",
    () => ({}),
    (entry: object) => ({ ...entry, inclusionProof: undefined }),
    (entry: object) => ({ ...entry, kindVersion: { kind: "dsse", version: "0.0.1" } }),
  ]) {
    t.equal(code(await requestEntry(await changing(t, change), signed, calm)), "ANCHOR_ANSWER");
  }
});

t.test("an entry of something else is refused", async (t) => {
  const body = (edit: (text: string) => string) => (entry: Record<string, unknown>) => ({
    ...entry,
    canonicalizedBody: Buffer.from(edit(Buffer.from(String(entry["canonicalizedBody"]), "base64").toString())).toString(
      "base64",
    ),
  });
  const digest = Buffer.from(sha256(message)).toString("base64");
  for (const change of [
    body((text) => text.replace(digest, Buffer.alloc(32).toString("base64"))),
    body((text) => text.replace("rawBytes", "rawbytes")),
    body((text) => text.slice(1)),
  ]) {
    t.equal(code(await requestEntry(await changing(t, change), signed, calm)), "ANCHOR_IMPRINT");
  }
});

t.test("a log that does not know the address, and a key that logs do not take", async (t) => {
  t.equal(code(await requestEntry(`${log.url}/elsewhere`, signed, calm)), "ANCHOR_HTTP");
  t.equal(code(await requestEntry("log.test", signed, calm)), "ANCHOR_URL");
  const ed25519 = must(readPublicKey(keys["approver-2"].publicKey, sha256));
  t.equal(code(await requestEntry(log.url, { ...signed, key: ed25519 }, calm)), "ANCHOR_KEY");
});
