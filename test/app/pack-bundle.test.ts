import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createdAtOf, createPackBundle, type PackBundleOrder } from "#app/pack-bundle-create.ts";
import { importPackBundle } from "#app/pack-bundle-import.ts";
import { showPackBundle } from "#app/pack-bundle-show.ts";
import { verifyPackPinned } from "#app/pack-bundle-verify.ts";
import { listPacks, packReference, registryEntry } from "#app/pack-registry.ts";
import { checkUnchanged, openRegistered } from "#app/registered-pack.ts";
import type { PlannedPack } from "#app/plan-pack.ts";
import { isJsonObject } from "#canon/json.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, rfc8032Key, value } from "../attest/signing.ts";
import { bundleOf, FILES, packOf } from "../bundle/bundle-world.ts";
import type { SampleRevocations } from "../trust/sample-revocations.ts";
import { people, role, time } from "../trust/world.ts";
import { after, revocationDesk, type RevocationDesk } from "./revocation-desk.ts";
import { REFERENCE, site, writeFiles } from "./pack-site.ts";

/** Puts the next list in the place of the one before. */
function renew(desk: RevocationDesk, sample: SampleRevocations & { readonly sequence: number }): Promise<void> {
  return desk.put({ ...sample, more: { previousDigest: `sha256:${sha(desk.listFile)}` } });
}

const sha = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

t.test("a bundle that was made verifies, and shows what is in it", async (t) => {
  const { desk, settings, tools, order } = await site(t);
  const made = value(await createPackBundle(await order(), desk.place));
  t.equal(made.size, statSync(made.file).size);
  t.equal(made.createdAt, "2026-01-05T00:00:00.000Z", "dated by its list");
  const found = value(await verifyPackPinned({ path: made.file }, settings, tools));
  t.equal(found.verdict.verdict, "verified");
  t.equal(found.exitCode, 0);
  t.equal(found.anchor, "pinned");
  const shown = value(await showPackBundle(made.file, sha256));
  t.strictSame(shown.files, packOf().listing);
  t.equal(shown.attested?.keyid, people.bob.key.keyid);
  t.equal(shown.manifestDigest, made.manifestDigest);
});

t.test("the same pack, list and Ed25519 key give the same bytes, wherever the files lie", async (t) => {
  const { desk, order } = await site(t, (made) => {
    const { key } = rfc8032Key();
    const entry = {
      alg: key.alg,
      pem: key.pem,
      principal: "press",
      validFrom: made.issuedAt,
      validUntil: made.expires,
    };
    made.keys = { ...made.keys, [key.keyid]: entry };
    made.roles = { ...made.roles, "pack-publisher": { keyids: [key.keyid], threshold: 1 } };
  });
  const { signer } = rfc8032Key();
  const folder = writeFiles(
    join(desk.dir, "elsewhere", "copy"),
    Object.fromEntries(Object.entries(FILES).toReversed()),
  );
  const [one, two] = [join(desk.dir, "one.tar"), join(desk.dir, "two.tar")];
  value(await createPackBundle(await order({ signer, out: one }), desk.place));
  desk.place.at += 60_000;
  value(await createPackBundle(await order({ signer, out: two, folder }), desk.place));
  t.equal(sha(one), sha(two));
  const dated = { signer, out: two, createdAt: time("2026-01-06T00:00:00.000Z") };
  value(await createPackBundle(await order(dated), desk.place));
  t.not(sha(one), sha(two));
});

t.test("what nobody would take is not made", async (t) => {
  const { desk, order } = await site(t);
  const codeOf = async (change: Partial<PackBundleOrder>): Promise<string> =>
    code(await createPackBundle(await order(change), desk.place));
  t.equal(await codeOf({ signer: people.carol.signer }), "ROLE_NOT_HELD");
  t.equal(await codeOf({ pack: packOf(FILES, { name: "other/tool" }) }), "ROLE_SCOPE");
  t.equal(await codeOf({ pack: packOf({ ...FILES, "aux.txt": "" }) }), "PACK_BUNDLE_PATH_WINDOWS");
  t.equal(await codeOf({ pack: packOf({ ...FILES, "RUN.sh": "" }) }), "PACK_BUNDLE_PATH_CASE");
  const huge = { path: "z", mode: "644" as const, size: 9 * 1024 ** 3, sha256: "0".repeat(64) };
  t.equal(await codeOf({ pack: { ...packOf(), listing: [...packOf().listing, huge] } }), "PACK_BUNDLE_TOO_LARGE");
  const many = Array.from({ length: 20_001 }, (_, at) => ({ ...huge, path: String(at), size: 0 }));
  t.equal(await codeOf({ pack: { ...packOf(), listing: many } }), "PACK_BUNDLE_TOO_MANY");
  t.equal(await codeOf({ pack: packOf({ ...FILES, "run.sh": "other" }) }), "INPUT_CHANGED");
  t.equal(await codeOf({ pack: packOf({ ...FILES, "gone.txt": "" }) }), "INPUT_CHANGED");
  t.equal(await codeOf({ out: join(desk.dir, "missing", "x.tar") }), "USER_FILE_WRITE");
  t.equal(await codeOf({ out: "/dev/full" }), "PACK_BUNDLE_WRITE");
  t.strictSame(
    readdirSync(desk.dir).filter((name) => name.includes("packbundle")),
    [],
    "nothing is left behind",
  );
  const bare = await site(t);
  const place = {
    ...bare.desk.place,
    settings: { ...bare.settings, trustFile: join(bare.desk.dir, "x", "root.json") },
  };
  t.equal(code(await createPackBundle(await bare.order(), place)), "TRUST_FILE");
});

t.test("a bundle carries a revocation list: without one none is made", async (t) => {
  const { desk, order } = await site(t);
  const unlisted = revocationDesk(t, (made) => {
    made.roles = { ...made.roles, "pack-publisher": role("bob") };
  });
  t.equal(code(await createPackBundle(await order(), unlisted.place)), "REVOCATIONS_MISSING");
  await desk.put({ nextUpdate: "2026-01-06T00:00:00.000Z" });
  t.equal(code(await createPackBundle(await order(), desk.place)), "REVOCATIONS_STALE");
});

t.test("the time of a bundle is given in one form, or by SOURCE_DATE_EPOCH", async (t) => {
  t.equal(value(createdAtOf(undefined, "1767225600")), "2026-01-01T00:00:00.000Z");
  t.equal(value(createdAtOf("2026-01-05T08:00:00.000Z", "1")), "2026-01-05T08:00:00.000Z");
  t.equal(value(createdAtOf(undefined, undefined)), undefined);
  t.equal(code(createdAtOf("yesterday", undefined)), "PACK_BUNDLE_TIME");
  t.equal(code(createdAtOf(undefined, "yesterday")), "PACK_BUNDLE_TIME");
});

t.test(
  "a list that is older than one that was used here fails its check of a whole verdict, and takes nothing in",
  async (t) => {
    const { desk, settings, registry, tools, order, taken } = await site(t);
    const made = value(await createPackBundle(await order(), desk.place));
    const verify = () => verifyPackPinned({ path: made.file }, settings, tools);
    const good = value(await verify());
    await renew(desk, { sequence: 4 });
    t.equal(value(await verify()).exitCode, 0);
    await desk.put({ sequence: 2 });
    const { verdict, exitCode } = value(await verify());
    t.equal(exitCode, 7);
    t.match(
      verdict.checks.filter(({ status }) => status === "fail"),
      [{ name: "revocation", code: "REVOCATIONS_ROLLBACK" }],
    );
    t.strictSame(
      verdict.checks.map(({ name }) => name),
      good.verdict.checks.map(({ name }) => name),
    );
    const importing = { path: made.file, registry, version: "0.1.0" };
    t.equal(value(await importPackBundle(importing, settings, tools)).kept, undefined);
    await renew(desk, { sequence: 6 });
    await taken();
    await desk.put({ sequence: 2 });
    t.equal(code(await openRegistered(REFERENCE, registry, settings, tools)), "REVOCATIONS_ROLLBACK");
  },
);

t.test("wrong uses are told apart from wrong bundles", async (t) => {
  const { desk, settings, tools } = await site(t);
  const at = (path: string, more: object = {}) => verifyPackPinned({ path, ...more }, settings, tools);
  t.equal(code(await at(join(desk.dir, "none.tar"))), "PACK_BUNDLE_NOT_FOUND");
  const { checks } = value(await at(desk.dir)).verdict;
  t.match(checks[1], { name: "archive", code: "PACK_BUNDLE_ENTRY_TYPE" }, "a folder of something else");
  t.equal(code(await at(desk.rootFile, { at: "noon" })), "VERIFY_OPTION");
  const found = value(await at(desk.rootFile));
  t.equal(found.exitCode, 7, "a file that is no bundle");
  t.equal(code(await showPackBundle(join(desk.dir, "none.tar"), sha256)), "PACK_BUNDLE_NOT_FOUND");
  t.equal(code(await showPackBundle(desk.rootFile, sha256)).startsWith("PACK_BUNDLE_"), true);
});

t.test("an imported pack lies in the registry with its bundle and the verdict on it", async (t) => {
  const { registry, taken, desk } = await site(t);
  const folder = await taken();
  t.equal(folder, registryEntry(registry, REFERENCE).folder);
  t.strictSame(readdirSync(folder).toSorted(), ["bundle.packbundle.tar", "bundle.packbundle.tar.verdict.json", "pack"]);
  const { listing } = value(await folderReader().readPack(join(folder, "pack")));
  t.strictSame(listing, packOf().listing, "modes too");
  const record: unknown = JSON.parse(readFileSync(join(folder, "bundle.packbundle.tar.verdict.json"), "utf8"));
  t.strictSame(isJsonObject(record) && Object.keys(record), ["at", "verdict", "verifier"]);
  const digest = createHash("sha256").update(readFileSync("scripts/packs/verify_offline_bundle.mjs")).digest("hex");
  const verifier = { name: "verify_offline_bundle.mjs", version: "1", digest: `sha256:${digest}` };
  t.match(record, { at: after(0), verifier: { ...verifier, version: String }, verdict: { verdict: "verified" } });
  t.strictSame(await listPacks(registry), [{ ...REFERENCE, packDigest: packOf().packDigest, importedAt: after(0) }]);
  t.equal(await taken(), folder, "once more is no fault");
  t.strictSame(readdirSync(registry), ["acme"], "no draft is left");
  t.ok(existsSync(join(desk.dir, "tool.packbundle.tar")), "the file itself stays");
});

t.test("nothing is imported that does not verify, for whatever reason", async (t) => {
  const { desk, settings, registry, tools } = await site(t);
  const file = join(desk.dir, "given.tar");
  const importing = async (bytes: Uint8Array): Promise<number> => {
    writeFileSync(file, bytes);
    const { found, kept } = value(await importPackBundle({ path: file, registry, version: "0.1.0" }, settings, tools));
    t.equal(kept, undefined);
    return found.exitCode;
  };
  for (const without of ["publisher", "sbom", "sbom-attestation", "revocations"] as const) {
    t.equal(await importing((await bundleOf({ without: [without] })).bytes), 7, `without ${without}`);
  }
  t.equal(await importing(new Uint8Array(4096)), 7);
  await renew(desk, { sequence: 2, nextUpdate: "2026-01-08T00:00:00.000Z" });
  const stale = await bundleOf({ list: { nextUpdate: "2026-01-08T00:00:00.000Z" } });
  t.equal(await importing(stale.bytes), 11, "stale");
  t.strictSame(await listPacks(registry), []);
  t.strictSame(readdirSync(registry), [], "nothing is left behind");
});

t.test("a registry that cannot be written says so", async (t) => {
  const { desk, settings, tools, order } = await site(t);
  const { file } = value(await createPackBundle(await order(), desk.place));
  const registry = join(file, "registry");
  t.equal(code(await importPackBundle({ path: file, registry, version: "1" }, settings, tools)), "PACK_BUNDLE_WRITE");
  const path = join(desk.dir, "none");
  t.equal(code(await importPackBundle({ path, registry, version: "1" }, settings, tools)), "PACK_BUNDLE_NOT_FOUND");
});

t.test("one version is one pack", async (t) => {
  const { desk, settings, registry, tools, order, taken } = await site(t);
  await taken();
  const folder = writeFiles(join(desk.dir, "other"), { ...FILES, "empty.txt": "no more" });
  const { file } = value(await createPackBundle(await order({ folder }), desk.place));
  t.equal(code(await importPackBundle({ path: file, registry, version: "1" }, settings, tools)), "REGISTRY_CONFLICT");
});

t.test("a version of the registry is verified again whenever it is used", async (t) => {
  const { desk, settings, registry, tools, taken } = await site(t);
  const opened = () => openRegistered(REFERENCE, registry, settings, tools);
  t.equal(code(await opened()), "REGISTRY_UNKNOWN");
  const folder = await taken();
  const registered = value(await opened());
  t.equal(registered.folder, join(folder, "pack"));
  t.equal(registered.packDigest, packOf().packDigest);
  const planned = (digest: string, more = {}) =>
    ({ compiled: { plan: { pack: { ...REFERENCE, digest, ...more } } } }) as unknown as PlannedPack;
  t.equal(code(checkUnchanged(planned(packOf().packDigest), registered)), "ok");
  t.equal(code(checkUnchanged(planned("sha256:other"), registered)), "REGISTRY_CHANGED");
  for (const more of [{ name: "acme/other" }, { version: "9.0.0" }]) {
    const renamed = planned(packOf().packDigest, more);
    t.equal(code(checkUnchanged(renamed, registered)), "REGISTRY_CHANGED", "what pack.yaml says is another pack");
  }
  await renew(desk, { sequence: 2, entries: [["pack", "acme/tool@1.2.0"]] });
  t.equal(code(await opened()), "REGISTRY_REFUSED", "revoked since");
  await renew(desk, { sequence: 3, nextUpdate: "2026-01-09T00:00:00.000Z" });
  t.equal(code(await opened()), "REGISTRY_STALE");
});

t.test("an entry under another name than its bundle's is refused", async (t) => {
  const { registry, settings, tools, taken } = await site(t);
  const folder = await taken();
  const other = registryEntry(registry, { name: "acme/tool", version: "9.0.0" });
  mkdirSync(other.folder, { recursive: true });
  writeFileSync(other.bundle, readFileSync(join(folder, "bundle.packbundle.tar")));
  const opened = await openRegistered({ name: "acme/tool", version: "9.0.0" }, registry, settings, tools);
  t.equal(code(opened), "REGISTRY_CHANGED");
  t.strictSame(
    (await listPacks(registry)).map(({ version, packDigest }) => [version, packDigest !== null]),
    [
      ["1.2.0", true],
      ["9.0.0", false],
    ],
  );
});

t.test("NAME@VERSION is a version of the registry, all else a path", async (t) => {
  t.strictSame(packReference("acme/tool@1.2.0-rc.1+b"), { name: "acme/tool", version: "1.2.0-rc.1+b" });
  for (const path of [
    "acme/tool",
    "./acme/tool@1.2.0",
    "acme/tool@1.2",
    "a@b@1.0.0",
    "@1.0.0",
    "../x@1.0.0",
    "A@1.0.0",
  ]) {
    t.equal(packReference(path), undefined, path);
  }
});
