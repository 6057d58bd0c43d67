import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { pae } from "#attest/pae.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { testKey, value } from "./signing.ts";

t.test("the example of the DSSE specification encodes as it says", async (t) => {
  const encoded = pae("http://example.com/HelloWorld", encodeUtf8("hello world"));
  t.equal(decodeUtf8(encoded), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

t.test("lengths count bytes, not letters, and empty parts have length 0", async (t) => {
  t.equal(decodeUtf8(pae("ü", encodeUtf8("→"))), "DSSEv1 2 ü 3 →");
  t.equal(decodeUtf8(pae("", new Uint8Array())), "DSSEv1 0  0 ");
});

t.test("payload bytes that are not text pass unchanged", async (t) => {
  const payload = Uint8Array.of(0, 255, 10, 13);
  t.strictSame(pae("x", payload).subarray(-4), payload);
});

t.test("openssl verifies a signature over the encoding with nothing but the public key", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pae-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { signer } = testKey();
  const message = pae("application/vnd.in-toto+json", encodeUtf8('{"a":1}'));
  writeFileSync(join(folder, "message"), message);
  writeFileSync(join(folder, "signature"), value(await signer.sign(message)));
  writeFileSync(join(folder, "key.pub"), signer.publicKey);
  const said = execFileSync(
    "openssl",
    ["dgst", "-sha256", "-verify", "key.pub", "-signature", "signature", "message"],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  t.equal(said.trim(), "Verified OK");
});
