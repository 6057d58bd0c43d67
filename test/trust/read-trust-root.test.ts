import * as fc from "fast-check";
import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { trustCodes } from "#trust/codes.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { isPrincipal } from "#trust/trust-root.ts";
import { code } from "../attest/signing.ts";
import { document, keyEntry, people, role, rootOf, time, type Document } from "./world.ts";

/** The code of reading the root after a change. */
function codeAfter(change: (document: Document) => void): string {
  const changed = document();
  change(changed);
  return code(readTrustRoot(canonicalBytes(changed), nodeSha256));
}

const { alice, bob, mallory } = people;
const AT = time("2026-01-01T00:00:00.000Z");
const LATER = time("2027-01-01T00:00:00.000Z");

t.test("a trust root reads with its keys by fingerprint and knows its principals", async (t) => {
  const root = rootOf();
  t.equal(root.keys.size, 7);
  t.equal(root.keys.get(alice.key.keyid)?.principal, "alice");
  for (const [name, known] of [
    ["alice", true],
    ["ci-bot", true],
    ["mallory", false],
    ["", false],
  ] as const) {
    t.equal(isPrincipal(root, name), known, name);
  }
});

t.test("bytes that are not canonical are refused", async (t) => {
  const text = JSON.stringify(document(), null, 2);
  t.equal(code(readTrustRoot(encodeUtf8(text), nodeSha256)), "TRUST_ROOT_SYNTAX");
  t.equal(code(readTrustRoot(encodeUtf8(""), nodeSha256)), "TRUST_ROOT_SYNTAX");
  const broken = encodeUtf8("x");
  const problem = "is not JSON: it goes wrong at character 1";
  t.match(readTrustRoot(broken, nodeSha256, "/site/mine.json"), {
    fault: { message: `the trust root cannot be read: /site/mine.json ${problem}` },
  });
  t.match(readTrustRoot(broken, nodeSha256), { fault: { message: `the trust root cannot be read: it ${problem}` } });
});

t.test("the shape is closed", async (t) => {
  t.equal(
    codeAfter((root) => Object.assign(root, { extra: 1 })),
    "TRUST_ROOT_SHAPE",
  );
  t.equal(
    codeAfter((root) => (root.version = 0)),
    "TRUST_ROOT_SHAPE",
  );
  t.equal(
    codeAfter((root) => (root.expires = time("2027-01-01"))),
    "TRUST_ROOT_SHAPE",
  );
  t.equal(
    codeAfter((root) => (root.roles = { ...root.roles, "Not A Role": role() })),
    "TRUST_ROOT_SHAPE",
  );
  t.equal(
    codeAfter((root) => (root.keys = { "key-1": keyEntry("alice")[alice.key.keyid] as never })),
    "TRUST_ROOT_SHAPE",
  );
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...keyEntry("alice", "a b") })),
    "TRUST_ROOT_SHAPE",
  );
});

t.test("those who vouch for evidence are whole, or the root is refused", async (t) => {
  const certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
  const certificates = [certificate, certificate];
  const window = { validFrom: AT, validUntil: LATER };
  const authority = { name: "clock", certificates, ...window, url: "https://tsa.example" };
  const of = (more: object) => codeAfter((root) => (root.timestampAuthorities = [{ ...authority, ...more }]));
  t.equal(of({}), "ok");
  t.equal(of({ certificates: [certificate] }), "TRUST_ROOT_SHAPE");
  t.equal(of({ certificates: [certificate, certificate.trimEnd()] }), "TRUST_ROOT_SHAPE");
  t.equal(of({ key: "" }), "TRUST_ROOT_SHAPE");
  t.equal(of({ validUntil: AT }), "TRUST_ROOT_TIME");
  const { pem, alg } = document().keys[alice.key.keyid] ?? { pem: "", alg: "" };
  const log = { origin: "log.example/2026", alg, pem, ...window };
  const logOf = (more: object) => codeAfter((root) => (root.transparencyLogs = [{ ...log, ...more }]));
  t.equal(logOf({}), "ok");
  t.equal(logOf({ origin: "two words" }), "TRUST_ROOT_SHAPE");
  t.equal(logOf({ origin: "a+b" }), "TRUST_ROOT_SHAPE");
  t.equal(logOf({ validUntil: AT }), "TRUST_ROOT_TIME");
  t.equal(logOf({ pem: "none" }), "TRUST_ROOT_LOG");
  t.equal(logOf({ alg: "ed25519" }), "TRUST_ROOT_LOG");
  t.equal(
    codeAfter((root) => (root.policy = { anchor: { required: ["tsa", "rekor"] } })),
    "ok",
  );
  t.equal(
    codeAfter((root) => (root.policy = { anchor: { required: ["clock"] } } as never)),
    "TRUST_ROOT_SHAPE",
  );
});

t.test("optional members may be absent", async (t) => {
  const { tokens: _, timestampAuthorities: __, transparencyLogs: ___, policy: ____, ...short } = document();
  t.equal(code(readTrustRoot(canonicalBytes(short), nodeSha256)), "ok");
});

t.test("a keyid must belong to its key", async (t) => {
  const exchanged = { [alice.key.keyid]: { ...keyEntry("mallory")[mallory.key.keyid], principal: "alice" } };
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...exchanged } as never)),
    "TRUST_ROOT_KEY",
  );
});

t.test("the same key under two principals cannot be written down", async (t) => {
  const text = new TextDecoder().decode(canonicalBytes(document()));
  const entry = JSON.stringify(keyEntry("alice", "eve")).slice(1, -1);
  const twice = text.replace('"keys":{', `"keys":{${entry},`);
  t.equal(code(readTrustRoot(encodeUtf8(twice), nodeSha256)), "TRUST_ROOT_SYNTAX", "under its one keyid");
  const renamed = { [`SHA256:${"A".repeat(43)}`]: keyEntry("alice", "eve")[alice.key.keyid] };
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...renamed } as never)),
    "TRUST_ROOT_KEY",
    "under another",
  );
});

t.test("damaged keys, and keys under the name of another algorithm, are refused", async (t) => {
  const pem = alice.key.pem.replace("PUBLIC", "SECRET").replace("PUBLIC", "SECRET");
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...keyEntry("alice", "alice", { pem }) })),
    "TRUST_ROOT_KEY",
  );
  const alg = "ed25519";
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...keyEntry("alice", "alice", { alg }) })),
    "TRUST_ROOT_KEY",
  );
});

t.test("algorithms that are not taken are refused by their name", async (t) => {
  for (const alg of ["ed25519ph", "rsa-pkcs1v15-2048-sha256", "ecdsa-p384-sha384"]) {
    const changed = document();
    changed.keys = { ...changed.keys, ...keyEntry("bob", "bob", { alg }) };
    const read = readTrustRoot(canonicalBytes(changed), nodeSha256);
    t.equal(code(read), "KEY_ALGORITHM");
    t.equal(read.ok ? "" : read.fault.data?.["name"], alg);
  }
});

t.test("windows of time that hold never are refused", async (t) => {
  t.equal(
    codeAfter((root) => (root.expires = root.issuedAt)),
    "TRUST_ROOT_TIME",
  );
  const never = { validFrom: time("2026-02-01T00:00:00.000Z"), validUntil: time("2026-02-01T00:00:00.000Z") };
  t.equal(
    codeAfter((root) => (root.keys = { ...root.keys, ...keyEntry("bob", "bob", never) })),
    "TRUST_ROOT_TIME",
  );
});

t.test("roles list known keys, each once, and root can reach its threshold with different principals", async (t) => {
  const after = (name: string, entry: unknown): string =>
    codeAfter((root) => (root.roles = { ...root.roles, [name]: entry as never }));
  t.equal(after("approver", role("mallory")), "TRUST_ROOT_ROLE", "a key that is not there");
  t.equal(after("approver", { keyids: [bob.key.keyid, bob.key.keyid], threshold: 1 }), "TRUST_ROOT_ROLE", "twice");
  t.equal(after("approver", { ...role("bob"), threshold: 2 }), "TRUST_ROOT_ROLE", "a threshold outside root");
  t.equal(after("root", { ...role("alice", "alice2"), threshold: 2 }), "TRUST_ROOT_ROLE", "two keys of one principal");
  t.equal(after("root", { ...role("alice", "bob"), threshold: 2 }), "ok");
  t.equal(
    codeAfter((root) => (root.roles = { approver: role("bob") })),
    "TRUST_ROOT_ROLE",
    "no root",
  );
});

t.test("one token stands for one principal", async (t) => {
  const token = { iss: "https://id.acme.example", sub: "ci", principal: "eve" };
  t.equal(
    codeAfter((root) => (root.tokens = [...(root.tokens ?? []), token])),
    "TRUST_ROOT_TOKEN",
  );
});

const known = (bytes: Uint8Array): boolean => {
  const read = readTrustRoot(bytes, nodeSha256);
  return read.ok || Object.hasOwn(trustCodes, read.fault.code) || read.fault.code === "KEY_ALGORITHM";
};

t.test("no bytes make the reader throw", async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.json(), (json) => known(encodeUtf8(json)))));
  const bytes = canonicalBytes(document());
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        return known(changed);
      }),
      { numRuns: 200 },
    ),
  );
});
