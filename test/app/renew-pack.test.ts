import { createHash } from "node:crypto";
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { createPackBundle, type PackBundleOrder } from "#app/pack-bundle-create.ts";
import { importPackBundle, type ImportedPack } from "#app/pack-bundle-import.ts";
import { listPacks, registryEntry } from "#app/pack-registry.ts";
import { recordVerdict } from "#app/record-verdict.ts";
import { openRegistered } from "#app/registered-pack.ts";
import { verifyPackPinned } from "#app/pack-bundle-verify.ts";
import { checkFilesUnchanged } from "#app/registered-files.ts";
import { folderReader } from "#folder/folder-reader.ts";
import type { Result } from "#fault/result.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { code, value } from "../attest/signing.ts";
import { FILES } from "../bundle/bundle-world.ts";
import { people } from "../trust/world.ts";
import type { SampleRevocations } from "../trust/sample-revocations.ts";
import { REFERENCE, site, writeFiles, type Site } from "./pack-site.ts";
import { after } from "./revocation-desk.ts";

const DAY = 86_400_000;
const sha = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** A site to which the lists come in bundles alone, and the publisher's desk, where time goes by for both. */
async function away(t: Test) {
  const made = await site(t);
  const { desk, registry, settings, tools, order } = made;
  const trustFile = join(desk.dir, "site", "trust-root.json");
  mkdirSync(join(desk.dir, "site"));
  copyFileSync(desk.rootFile, trustFile);
  const here: Site["settings"] = { ...settings, trustFile, stateFolder: join(desk.dir, "site", ".packrun") };
  const entry = registryEntry(registry, REFERENCE);
  const importing = (path: string, more: object = {}): Promise<Result<ImportedPack>> =>
    importPackBundle({ path, registry, version: "1", ...more }, here, tools);
  return {
    ...made,
    entry,
    here,
    /** A bundle with a list that ends after so many days. */
    bundle: async (
      sequence: number,
      days: number,
      sample: SampleRevocations = {},
      change: Partial<PackBundleOrder> = {},
    ): Promise<string> => {
      const previous = sequence === 1 ? {} : { more: { previousDigest: `sha256:${sha(desk.listFile)}` } };
      await desk.put({ sequence, nextUpdate: after(days * DAY), ...previous, ...sample });
      const out = join(desk.dir, `${sequence}.${days}.tar`);
      return value(await createPackBundle(await order({ ...change, out }), desk.place)).file;
    },
    importing,
    taken: async (path: string): Promise<readonly (boolean | undefined)[]> => {
      const { kept } = value(await importing(path));
      return [kept?.isNew, kept?.isRenewed];
    },
    opened: () => openRegistered(REFERENCE, registry, here, tools),
    record: (): unknown => JSON.parse(readFileSync(entry.verdict, "utf8")),
    holds: (file: string): boolean => sha(entry.bundle) === sha(file),
  };
}

const NEW = [true, false];
const RENEWED = [false, true];
const THERE = [false, false];

t.test("a bundle with a newer list takes the place of the one that went stale", async (t) => {
  const { bundle, taken, opened, record, holds, desk, entry, registry } = await away(t);
  const first = await bundle(1, 1);
  t.strictSame(await taken(first), NEW);
  const modified = lstatSync(entry.pack).ctimeMs;
  desk.place.at += 2 * DAY;
  t.equal(code(await opened()), "REGISTRY_STALE");
  const second = await bundle(2, 4);
  t.strictSame(await taken(second), RENEWED);
  t.ok(holds(second));
  t.match(record(), { at: after(2 * DAY), verdict: { verdict: "verified" } });
  t.match(JSON.stringify(record()), /sequence 2/);
  const pack = value(await opened());
  t.equal(code(await checkFilesUnchanged(pack, { folders: folderReader(), sha256 })), "ok");
  t.equal(lstatSync(entry.pack).ctimeMs, modified, "the files of the pack stay where they were");
  t.match(await listPacks(registry), [{ ...REFERENCE, importedAt: after(2 * DAY) }]);

  desk.place.at += 3 * DAY;
  t.equal(code(await opened()), "REGISTRY_STALE");
  t.strictSame(await taken(await bundle(3, 9)), RENEWED, "and so once more");
  t.equal(code(await opened()), "ok");
  const kept = readdirSync(join(entry.folder, ".kept"));
  t.equal(kept.filter((name) => /^[0-9a-f]{16}$/.test(name)).length, 1, "of those before nothing is left");
  t.strictSame(readdirSync(registry), ["acme"], "no draft is left");
});

t.test("a bundle of another publisher's key takes the place of one whose key was revoked", async (t) => {
  const { bundle, taken, opened, holds, desk } = await away(t);
  await taken(await bundle(1, 9));
  const entries = [["key", people.bob.key.keyid]] as const;
  const second = await bundle(2, 9, { entries }, { signer: people.alice.signer });
  for (const name of ["revocations.json", "revocations.json.sigstore.json"]) {
    copyFileSync(join(desk.dir, name), join(desk.dir, "site", name));
  }
  const refused = await opened();
  t.equal(code(refused), "REGISTRY_REFUSED");
  t.match(refused, { fault: { message: /REVOKED_KEY/ } });
  t.strictSame(await taken(second), RENEWED);
  t.ok(holds(second));
  t.equal(code(await opened()), "ok");
});

t.test("the same bytes renew the verdict alone, before the entry was renewed and afterwards", async (t) => {
  const { bundle, taken, record, desk, entry, holds } = await away(t);
  const first = await bundle(1, 9);
  await taken(first);
  const inode = lstatSync(entry.bundle).ino;
  for (const file of [first, await bundle(2, 9)]) {
    await taken(file);
    desk.place.at += DAY;
    t.strictSame(await taken(file), THERE);
    t.match(record(), { at: after(desk.place.at - Date.UTC(2026, 0, 10)) });
    t.ok(holds(file));
    t.equal(lstatSync(entry.bundle).isFile(), file === first);
  }
  t.not(lstatSync(entry.bundle).ino, inode);
});

t.test(
  "a bundle that verifies stays when one with an earlier list turns up; one that does not verify goes",
  async (t) => {
    const { bundle, taken, holds, desk, opened } = await away(t);
    const early = await bundle(1, 90);
    const late = await bundle(2, 2);
    t.strictSame(await taken(late), NEW);
    t.strictSame(await taken(early), THERE);
    t.ok(holds(late));
    desk.place.at += 3 * DAY;
    t.equal(code(await opened()), "REGISTRY_STALE");
    t.strictSame(await taken(early), RENEWED);
    t.equal(code(await opened()), "ok");
  },
);

t.test("what does not verify, is broken off or holds another pack leaves the entry as it was", async (t) => {
  const { bundle, importing, taken, opened, desk, record, holds, tools, here, registry, order } = await away(t);
  const first = await bundle(1, 9);
  await taken(first);
  const second = await bundle(2, 9);
  const before = JSON.stringify(record());
  const unchanged = (why: string): void => {
    t.ok(holds(first), why);
    t.equal(JSON.stringify(record()), before, why);
  };
  const stale = await bundle(3, 1);
  desk.place.at += 2 * DAY;
  t.equal(value(await importing(stale)).kept, undefined);
  unchanged("stale");
  await bundle(4, 9);
  const folder = writeFiles(join(desk.dir, "other"), { ...FILES, "empty.txt": "no more" });
  const out = join(desk.dir, "other.tar");
  value(await createPackBundle(await order({ folder, out }), desk.place));
  t.equal(code(await importing(out)), "REGISTRY_CONFLICT");
  unchanged("another pack");
  t.ok((await brokenOffAt(() => unchanged("broken off"))) > 3, "from the first look at the clock to the last");
  t.ok(holds(second));
  t.equal(code(await opened()), "ok");

  /** Breaks an import off each time that it looks at the clock, until it looks no more; says how often it looked. */
  async function brokenOffAt(checkIt: () => void): Promise<number> {
    for (let last = 1; ; last += 1) {
      const controller = new AbortController();
      let looks = 0;
      const now = (): number => {
        looks += 1;
        if (looks === last) {
          controller.abort("SIGTERM");
        }
        return desk.place.now();
      };
      const given = { path: second, registry, version: "1", signal: controller.signal };
      const done = await importPackBundle(given, here, { ...tools, now });
      if (!controller.signal.aborted) {
        t.match(value(done).kept, { isNew: false, isRenewed: true });
        return looks;
      }
      t.match(code(done), /^PACK_BUNDLE_(NOT_FOUND|WRITE)$/);
      checkIt();
    }
  }
});

t.test("who reads while others renew finds one bundle and its verdict, never parts of two", async (t) => {
  const { bundle, importing, taken, opened, entry } = await away(t);
  const bundles = [await bundle(1, 9), await bundle(2, 8), await bundle(3, 7)];
  await taken(bundles[0] ?? "");
  const renewal = { isOver: false };
  const reading = (async (): Promise<number> => {
    let found = 0;
    while (!renewal.isOver || found === 0) {
      value(await opened());
      found += 1;
    }
    return found;
  })();
  const all = await Promise.all([...bundles, ...bundles.toReversed()].map((path) => importing(path)));
  renewal.isOver = true;
  t.ok((await reading) > 0);
  t.ok(all.every((each) => value(each).kept?.isNew === false));
  const until = (text: string): string | undefined => /good until (\S+?)"/.exec(text)?.[1];
  const listed = /"nextUpdate":"([^"]+)"/.exec(readFileSync(entry.bundle, "latin1"))?.[1];
  t.equal(until(readFileSync(entry.verdict, "utf8")), listed, "the verdict is on this bundle");
  t.equal(listed, after(7 * DAY), "the latest list stays, in whatever order they come");
});

t.test("a verdict that was recorded beside a renewed bundle, or what a crash left, is no hindrance", async (t) => {
  const { bundle, taken, entry, here, tools, holds, record } = await away(t);
  await taken(await bundle(1, 9));
  await taken(await bundle(2, 9));
  t.ok(lstatSync(entry.verdict).isSymbolicLink());
  const found = value(await verifyPackPinned({ path: entry.bundle }, here, tools));
  value(await recordVerdict(entry.bundle, found.verdict, { now: tools.now, version: "1" }));
  t.ok(lstatSync(entry.verdict).isFile());
  const orphan = join(entry.folder, ".kept", "0123456789abcdef");
  mkdirSync(orphan);
  const third = await bundle(3, 9);
  t.strictSame(await taken(third), RENEWED);
  t.ok(holds(third));
  t.match(JSON.stringify(record()), /sequence 3/);
  t.ok(lstatSync(entry.verdict).isSymbolicLink());
  t.notOk(readdirSync(join(entry.folder, ".kept")).includes("0123456789abcdef"));
});

t.test("an entry that cannot be renewed says so and stays", async (t) => {
  const { bundle, importing, taken, entry, holds } = await away(t);
  const first = await bundle(1, 9);
  await taken(first);
  const second = await bundle(2, 9);
  rmSync(join(entry.folder, ".kept"), { recursive: true, force: true });
  copyFileSync(first, join(entry.folder, ".kept"));
  t.equal(code(await importing(second)), "PACK_BUNDLE_WRITE");
  t.ok(holds(first));
  rmSync(join(entry.folder, ".kept"));
  t.strictSame(await taken(second), RENEWED);
});
