import * as fc from "fast-check";
import t from "tap";
import { checkBundleForm } from "#app/bundle-form.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { code, sidecarOf, testKey } from "../attest/signing.ts";

const sidecar = await sidecarOf(encodeUtf8("{}"), testKey());

type Members = Readonly<Record<string, unknown>>;
const good = JSON.parse(decodeUtf8(sidecar) ?? "") as Members & {
  readonly verificationMaterial: Members;
  readonly dsseEnvelope: Members & { readonly signatures: readonly Members[] };
};
const bytes = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value));
const withMaterial = (more: Members): Uint8Array =>
  bytes({ ...good, verificationMaterial: { ...good.verificationMaterial, ...more } });

t.test("our own sidecars and those of other tools have the form of bundles", async (t) => {
  t.ok((await checkBundleForm(sidecar)).ok);
  t.ok((await checkBundleForm(withMaterial({ tlogEntries: [] }))).ok);
  const [signature] = good.dsseEnvelope.signatures;
  const unnamed = { ...good.dsseEnvelope, signatures: [{ sig: signature?.["sig"] }] };
  t.ok((await checkBundleForm(bytes({ ...good, dsseEnvelope: unnamed }))).ok, "without a keyid");
});

t.test("what our reading lets pass unread is refused where other tools would refuse it", async (t) => {
  for (const tlogEntries of [[{}], [{ logIndex: "1" }], [{ logId: { keyId: "AA==" }, kindVersion: {} }]]) {
    const response = withMaterial({ tlogEntries });
    t.ok(readSidecar(response, "interop").ok);
    const refused = await checkBundleForm(response);
    t.equal(code(refused), "APPROVAL_SIGNATURE");
    t.match(refused, { fault: { message: /verificationMaterial\.tlogEntries\[0\]/ } });
  }
});

t.test("no bytes make it throw, and no fault repeats them", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.json().map(encodeUtf8), fc.uint8Array()), async (response) => {
      return code(await checkBundleForm(response)) === "APPROVAL_SIGNATURE";
    }),
  );
  const secret = await checkBundleForm(bytes({ ...good, mediaType: "hunter2", verificationMaterial: "hunter2" }));
  t.notOk(secret.ok);
  t.notMatch(JSON.stringify(secret), "hunter2");
});
