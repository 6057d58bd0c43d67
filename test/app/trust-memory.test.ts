import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ensureDevelopmentTrust } from "#app/development-trust.ts";
import {
  admitRevocations,
  admitRoot,
  checkRoot,
  lastRevocations,
  lastRoot,
  type RootPlace,
} from "#app/trust-memory.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { statementBytes } from "#attest/statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { readRevocations } from "#trust/revocation-list.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { code, sidecarOf, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { keyEntry, NOW, people, rootOf, type Document, type Person } from "../trust/world.ts";

const version = (
  number: number,
  trustDomain = "acme-prod",
  change: (root: Document) => void = () => undefined,
): TrustRoot =>
  rootOf((document) => {
    document.version = number;
    document.trustDomain = trustDomain as never;
    change(document);
  });

function stateFolder(t: { readonly teardown: (work: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), "packrun-seen-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A place whose configuration names a trust root, at the top of its state folder. */
function placeOf(stateFolder: string): RootPlace {
  const settings = { stateFolder, trustFile: join(stateFolder, "trust-root.json") };
  return { settings, verifySignature: nodeVerifySignature, sha256: nodeSha256, now: () => Date.parse(NOW) };
}

/** The same, with the root named by `--trust`. */
function namedIn(stateFolder: string): RootPlace {
  const place = placeOf(stateFolder);
  return { ...place, settings: { ...place.settings, namesTrust: true } };
}

/** Puts a root where it is configured, or beside it as an earlier version, with the consent of these root keys. */
async function put(
  root: TrustRoot,
  state: string,
  signers: readonly Person[],
  name = "trust-root.json",
): Promise<void> {
  const { trustDomain, version } = root.document;
  const subjects = [{ name: "trust-root.json", digest: root.digest }];
  const payload = statementBytes(trustRootPredicate, subjects, { trustDomain, version });
  for (const number of [1, 2]) {
    rmSync(join(state, `${name}.${number}.sigstore.json`), { force: true });
  }
  writeFileSync(join(state, name), canonicalBytes(root.document));
  for (const [index, signer] of signers.entries()) {
    writeFileSync(join(state, `${name}.${index + 1}.sigstore.json`), await sidecarOf(payload, people[signer]));
  }
}

const highest = async (place: RootPlace, trustDomain = "acme-prod"): Promise<number> =>
  value(await lastRoot(version(1, trustDomain), place))?.document.version ?? 0;

t.test("a root that is named counts as it is, but is never older than one that was used before", async (t) => {
  const state = stateFolder(t);
  const place = namedIn(state);
  t.equal(code(await admitRoot(version(7), place)), "ok");
  t.equal(code(await admitRoot(version(9), place)), "ok");
  t.equal(code(await admitRoot(version(8), place)), "TRUST_ROOT_ROLLBACK");
  t.equal(code(await admitRoot(version(9), place)), "ok");
  t.equal(code(await admitRoot(version(1, "acme-test"), place)), "ok", "another domain");
  t.equal(await highest(place), 9);
  t.equal(
    readFileSync(join(state, "trust", "seen.json"), "utf8"),
    Buffer.from(
      canonicalBytes({
        schema: "packrun.seen-roots/v1",
        roots: { "acme-prod": version(9).document, "acme-test": version(1, "acme-test").document },
      }),
    ).toString(),
  );
});

t.test("a configured root follows the one that was used, version by version, each signed", async (t) => {
  const state = stateFolder(t);
  const place = placeOf(state);
  const admit = async (root: TrustRoot, ...signers: readonly Person[]): Promise<string> => {
    await put(root, state, signers);
    const checked = code(await checkRoot(root, place));
    t.equal(code(await admitRoot(root, place)), checked, "looking says the same as taking into use");
    return checked;
  };
  t.equal(await admit(version(7)), "ok", "the first is only pinned");
  t.equal(await admit(version(8)), "TRUST_ROOT_THRESHOLD");
  t.equal(await admit(version(8), "mallory", "rooty"), "TRUST_ROOT_THRESHOLD");
  t.equal(await highest(place), 7, "what is refused is not remembered");
  t.equal(await admit(version(8), "carol", "rooty"), "ok");
  t.equal(await admit(version(8)), "ok", "the one in use needs its signatures no more");
  t.equal(await admit(version(7)), "TRUST_ROOT_ROLLBACK");
  t.equal(await admit(version(10), "carol", "rooty"), "TRUST_ROOT_STEP");
  await put(version(9), state, ["rooty"], "9.trust-root.json");
  t.equal(await admit(version(10), "carol", "rooty"), "TRUST_ROOT_THRESHOLD");
  await put(version(9), state, ["rooty", "carol"], "9.trust-root.json");
  t.equal(await admit(version(10), "carol", "rooty"), "ok");
  t.equal(await highest(place), 10);
});

t.test("a root of another trust domain does not take the place of one, unless it is named", async (t) => {
  const state = stateFolder(t);
  const place = placeOf(state);
  const other = version(1, "acme.prod");
  t.equal(code(await admitRoot(version(7), place)), "ok");
  t.equal(code(await admitRoot(other, place)), "TRUST_ROOT_DOMAIN");
  t.equal(code(await checkRoot(other, place)), "TRUST_ROOT_DOMAIN");
  const elsewhere = { ...place, settings: { ...place.settings, trustFile: join(state, "other.json") } };
  t.equal(code(await admitRoot(other, elsewhere)), "ok", "another file is another root");
  t.equal(code(await admitRoot(other, namedIn(state))), "ok");
  t.equal(code(await admitRoot(other, place)), "ok", "which pins it");
  t.equal(code(await admitRoot(version(7), place)), "TRUST_ROOT_DOMAIN");
  const { files } = JSON.parse(readFileSync(join(state, "trust", "seen.json"), "utf8")) as { readonly files: object };
  t.strictSame(files, { [join(state, "trust-root.json")]: "acme.prod", [join(state, "other.json")]: "acme.prod" });
});

t.test(
  "what is to be done is said: sign the version in between, or name what was signed by a key that is late",
  async (t) => {
    const state = stateFolder(t);
    const place = placeOf(state);
    t.equal(code(await admitRoot(version(7), place)), "ok");
    await put(version(8), state, [], "8.trust-root.json");
    await put(version(9), state, ["carol", "rooty"]);
    const between = await checkRoot(version(9), place);
    t.match(between, { fault: { code: "TRUST_ROOT_THRESHOLD", hint: /sign --trust 8\.trust-root\.json --key KEY/ } });
    await put(version(8), state, ["carol", "rooty"], "8.trust-root.json");
    t.equal(code(await checkRoot(version(9), place)), "ok");
    const late = await checkRoot(version(9), { ...place, now: () => Date.parse(NOW) + 400 * 86_400_000 });
    t.match(late, {
      fault: { code: "TRUST_ROOT_THRESHOLD", hint: /it is signed, but .* valid from .*; .*--trust once/ },
    });
  },
);

t.test("another root of the version that was used is none of its successors", async (t) => {
  const state = stateFolder(t);
  const other = version(7, "acme-prod", (root) => {
    root.roles = { ...root.roles, approver: { keyids: [people.mallory.key.keyid], threshold: 1 } };
    root.keys = { ...root.keys, ...keyEntry("mallory") };
  });
  t.equal(code(await admitRoot(version(7), placeOf(state))), "ok");
  await put(other, state, ["carol", "rooty"]);
  t.equal(code(await admitRoot(other, placeOf(state))), "TRUST_ROOT_FORKED");
  t.equal(code(await admitRoot(other, namedIn(state))), "ok", "unless it is named");
  t.equal(code(await admitRoot(other, placeOf(state))), "ok", "which pins it");
  t.equal(code(await admitRoot(version(7), placeOf(state))), "TRUST_ROOT_FORKED");
});

t.test("without a state folder nothing is made", async (t) => {
  const state = join(stateFolder(t), ".packrun");
  t.equal(code(await admitRoot(version(7), placeOf(state))), "ok");
  t.notOk(existsSync(state));
  t.equal(await highest(placeOf(state)), 0);
});

t.test("a damaged record is told and never taken for an empty one", async (t) => {
  const state = stateFolder(t);
  mkdirSync(join(state, "trust"));
  const { document } = version(7);
  const unusable = { ...document, roles: { root: { keyids: [], threshold: 1 } } };
  const rootless = canonicalBytes({ schema: "packrun.seen-roots/v1", roots: { "acme-prod": unusable } });
  for (const text of ["", "{}", '{"roots":{"acme-prod":{}},"schema":"packrun.seen-roots/v1"}', rootless]) {
    writeFileSync(join(state, "trust", "seen.json"), text);
    t.equal(code(await admitRoot(version(7), placeOf(state))), "TRUST_MEMORY");
  }
});

t.test("the last revocation list of each trust domain is remembered beside the roots", async (t) => {
  const state = stateFolder(t);
  const list = async (sequence: number, trustDomain = "acme-prod") =>
    value(readRevocations((await revocations(people.carol.signer, { sequence, trustDomain })).list, nodeSha256));
  t.equal(code(await admitRoot(version(7), placeOf(state))), "ok");
  t.equal(value(await lastRevocations(state, version(7))), undefined);
  t.equal(code(await admitRevocations(state, await list(4))), "ok");
  t.equal(code(await admitRevocations(state, await list(3))), "REVOCATIONS_ROLLBACK");
  t.equal(code(await admitRevocations(state, await list(5))), "REVOCATIONS_FORKED");
  t.equal(code(await admitRevocations(state, await list(1, "acme-test"))), "ok", "another domain");
  t.match(value(await lastRevocations(state, version(7))), { sequence: 4 });
  t.equal(await highest(placeOf(state)), 7, "the roots stay");
  t.equal(code(await admitRoot(version(8), namedIn(state))), "ok");
  t.match(value(await lastRevocations(state, version(8))), { sequence: 4 }, "and so do the lists");
  writeFileSync(join(state, "trust", "seen.json"), "{}");
  t.equal(code(await admitRevocations(state, await list(9))), "TRUST_MEMORY");
  t.equal(code(await lastRevocations(state, version(7))), "TRUST_MEMORY");
});

t.test("many at once never lower what is remembered", async (t) => {
  const state = stateFolder(t);
  await Promise.all([5, 9, 7, 8, 6].map((number) => admitRoot(version(number), namedIn(state))));
  t.equal(await highest(placeOf(state)), 9);
});

t.test("a folder that cannot be made is no reason to refuse, and is told where it is needed", async (t) => {
  const state = stateFolder(t);
  writeFileSync(join(state, "trust"), "in the way");
  t.equal(code(await admitRoot(version(7), placeOf(state))), "ok");
  const tools = { keyring: fileKeyring, now: () => 0 };
  t.equal(code(await ensureDevelopmentTrust(state, [], tools)), "TRUST_FILE_ACCESS");
});

t.test("a folder that cannot be written checks all the same", async (t) => {
  const state = stateFolder(t);
  t.equal(code(await admitRoot(version(7), placeOf(state))), "ok");
  chmodSync(join(state, "trust", "seen.json"), 0o444);
  chmodSync(join(state, "trust"), 0o555);
  t.teardown(() => chmodSync(join(state, "trust"), 0o755));
  t.equal(code(await admitRoot(version(6), placeOf(state))), "TRUST_ROOT_ROLLBACK");
  t.equal(code(await admitRoot(version(8), namedIn(state))), "ok");
});
