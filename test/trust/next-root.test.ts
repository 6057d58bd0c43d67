import t from "tap";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { statementBytes } from "#attest/statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { checkNextRoot } from "#trust/next-root.ts";
import { code, sidecarOf } from "../attest/signing.ts";
import { document, keyEntry, people, role, rootOf, time, tools, type Document, type Person } from "./world.ts";

const old = rootOf();

function next(change: (document: Document) => void = () => undefined): Uint8Array {
  const changed = document();
  changed.version = 8;
  change(changed);
  return canonicalBytes(changed);
}

function consent(bytes: Uint8Array, people_: readonly Person[], version = 8): Promise<Uint8Array[]> {
  const subjects = [{ name: "trust-root.json", digest: digestOf(bytes, nodeSha256) }];
  const payload = statementBytes(trustRootPredicate, subjects, { trustDomain: old.document.trustDomain, version });
  return Promise.all(people_.map((person) => sidecarOf(payload, people[person])));
}

async function codeOf(bytes: Uint8Array, signers: readonly Person[], version = 8): Promise<string> {
  return code(await checkNextRoot(old, bytes, await consent(bytes, signers, version), tools));
}

t.test("a next version with both root keys is taken", async (t) => {
  const bytes = next();
  const taken = await checkNextRoot(old, bytes, await consent(bytes, ["rooty", "carol"]), tools);
  t.equal(taken.ok && taken.value.document.version, 8);
});

t.test("too few root keys, or keys of other roles, are not enough", async (t) => {
  t.equal(await codeOf(next(), []), "TRUST_ROOT_THRESHOLD");
  t.equal(await codeOf(next(), ["rooty"]), "TRUST_ROOT_THRESHOLD");
  t.equal(await codeOf(next(), ["rooty", "rooty"]), "TRUST_ROOT_THRESHOLD", "one key twice");
  t.equal(await codeOf(next(), ["rooty", "alice", "mallory"]), "TRUST_ROOT_THRESHOLD");
});

const twoKeys = (root: Document): void => {
  root.roles = { ...root.roles, root: { ...role("alice", "alice2", "bob"), threshold: 2 } };
};

t.test("two keys of one principal count once", async (t) => {
  const before = rootOf(twoKeys);
  const bytes = next(twoKeys);
  const by = async (...signers: readonly Person[]): Promise<string> =>
    code(await checkNextRoot(before, bytes, await consent(bytes, signers), tools));
  t.equal(await by("alice", "alice2"), "TRUST_ROOT_THRESHOLD");
  t.equal(await by("alice2", "bob"), "ok");
});

t.test("the new version's own threshold must be met too", async (t) => {
  const bytes = next((root) => {
    root.roles = { ...root.roles, root: { ...role("alice", "bob"), threshold: 2 } };
  });
  t.equal(await codeOf(bytes, ["rooty", "carol"]), "TRUST_ROOT_THRESHOLD");
  t.equal(await codeOf(bytes, ["alice", "bob"]), "TRUST_ROOT_THRESHOLD", "the old keys must agree");
  t.equal(await codeOf(bytes, ["rooty", "carol", "alice", "bob"]), "ok");
});

t.test("versions step by one, within one trust domain", async (t) => {
  t.equal(
    await codeOf(
      next((root) => (root.version = 9)),
      ["rooty", "carol"],
      9,
    ),
    "TRUST_ROOT_STEP",
  );
  t.equal(
    await codeOf(
      next((root) => (root.version = 7)),
      ["rooty", "carol"],
      7,
    ),
    "TRUST_ROOT_STEP",
  );
  const elsewhere = next((root) => (root.trustDomain = "other" as Document["trustDomain"]));
  t.equal(await codeOf(elsewhere, ["rooty", "carol"]), "TRUST_ROOT_DOMAIN");
});

t.test("a signature for another version, another file or out of its window does not count", async (t) => {
  const bytes = next();
  t.equal(await codeOf(bytes, ["rooty", "carol"], 9), "TRUST_ROOT_THRESHOLD");
  const other = await consent(
    next((root) => (root.expires = time("2028-01-01T00:00:00.000Z"))),
    ["rooty", "carol"],
  );
  t.equal(code(await checkNextRoot(old, bytes, other, tools)), "TRUST_ROOT_THRESHOLD");
  const late = { ...tools, at: time("2027-06-01T00:00:00.000Z") };
  t.equal(
    code(await checkNextRoot(old, bytes, await consent(bytes, ["rooty", "carol"]), late)),
    "TRUST_ROOT_THRESHOLD",
  );
});

t.test("a sidecar that is no good blocks nothing", async (t) => {
  const bytes = next();
  const sidecars = [encodeUtf8("{}"), ...(await consent(bytes, ["mallory", "rooty", "carol"]))];
  t.equal(code(await checkNextRoot(old, bytes, sidecars, tools)), "ok");
});

t.test("a next version that breaks a rule is refused by that rule", async (t) => {
  const bytes = next((root) => (root.keys = { ...root.keys, ...keyEntry("alice", "alice", { alg: "ed25519ph" }) }));
  t.equal(await codeOf(bytes, ["rooty", "carol"]), "KEY_ALGORITHM");
});
