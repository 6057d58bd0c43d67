import t from "tap";
import { signStatement } from "#app/sign-statement.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { digestOf } from "#canon/digest.ts";
import type { TrustDomain } from "#canon/ids.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { signerCodes } from "#signer/codes.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, testKey, value } from "../attest/signing.ts";

const file = digestOf(encodeUtf8("file"), fileKeyring.sha256);
const draft = {
  predicate: trustRootPredicate,
  subjects: [{ name: "trust-root.json", digest: file }],
  value: { trustDomain: "acme" as TrustDomain, version: 1 },
};

t.test("the sidecar carries the statement, and the payload's digest names it", async (t) => {
  const { signer } = testKey();
  const { sidecar, payloadDigest } = value(await signStatement(signer, draft, fileKeyring));
  const { payload } = value(readSidecar(sidecar, "own"));
  t.equal(payloadDigest, digestOf(payload, fileKeyring.sha256));
  t.strictSame(value(readStatement(payload, trustRootPredicate)).predicate, draft.value);
});

t.test("what a signer gives back is verified before it is used", async (t) => {
  const { signer } = testKey();
  const other = testKey().signer;
  const signed = async (change: Partial<typeof signer>): Promise<string> =>
    code(await signStatement({ ...signer, ...change }, draft, fileKeyring));
  t.equal(await signed({ sign: other.sign }), "SIGNER_RESULT", "another key");
  t.equal(await signed({ sign: () => Promise.resolve(ok(new Uint8Array(64))) }), "SIGNER_RESULT", "no signature");
  t.equal(await signed({ sign: (bytes) => signer.sign(bytes.subarray(1)) }), "SIGNER_RESULT", "other bytes");
  t.equal(await signed({ keyid: other.keyid }), "SIGNER_RESULT", "another name");
  t.equal(await signed({ publicKey: "x" }), "KEY_SYNTAX");
});

t.test("a signer that fails says why itself", async (t) => {
  const { signer } = testKey();
  const fault = faultOf(signerCodes, "KEY_PASSWORD", { file: "a.key" });
  t.equal(
    code(await signStatement({ ...signer, sign: () => Promise.resolve(fail(fault)) }, draft, fileKeyring)),
    "KEY_PASSWORD",
  );
});
