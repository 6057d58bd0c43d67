import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import t from "tap";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { StoreError } from "#fault/store-error.ts";
import { NO_SOURCES } from "#plan/lint-sources.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { bundleIngest } from "#step/bundle-ingest/bundle-ingest.ts";
import { isSafeFilename } from "#step/bundle-ingest/safe-filename.ts";
import { bench, closed, sha256 } from "./built-in-request.ts";

const text = "advisories of january\n";
const hex = sha256(text);

const stageRotten: ArtifactStore["stage"] = (_tenant, _digest, path) => {
  writeFileSync(path, "rotten");
  return Promise.resolve({ ok: true, value: undefined });
};

t.test("a bundle with the right checksum is staged under it, with canonical metadata beside it", async (t) => {
  const folder = t.testdir();
  const { execute, keep, text: read } = bench(folder);
  const source = { ...(await keep(text)), name: "feed.tar" };
  const outcome = await execute(bundleIngest, { source, checksum: `sha256:${hex}` });
  t.match(outcome, {
    kind: "succeeded",
    outputs: {
      bundle: { type: "file", digest: `sha256:${hex}`, size: text.length },
      metadata: { type: "file", mediaType: "application/json" },
    },
    artifacts: [
      { name: "bundle", status: "captured" },
      { name: "metadata", status: "captured" },
    ],
  });
  const staged = join(folder, "bundles", hex);
  t.equal(readFileSync(join(staged, "feed.tar"), "utf8"), text);
  const metadata = `{"checksum":"sha256:${hex}","filename":"feed.tar","size":22,"stagedPath":"bundles/${hex}/feed.tar"}`;
  t.equal(readFileSync(join(staged, "metadata.json"), "utf8"), metadata);
  t.strictSame(readdirSync(staged).toSorted(), ["feed.tar", "metadata.json"], "nothing unfinished is left");
  t.equal(statSync(join(staged, "metadata.json")).mode & 0o777, 0o444);
  const kept = outcome.kind === "succeeded" ? outcome.outputs["metadata"] : undefined;
  t.equal(kept?.type === "file" ? await read(kept.digest) : "", metadata, "the output is the staged metadata");
});

t.test("tenants stage apart: none sees, names or replaces what another one staged", async (t) => {
  const folder = t.testdir();
  const { request, artifacts, keep } = bench(folder);
  const other = parseTenantId("acme") as TenantId;
  const source = { ...(await keep(text)), name: "feed.tar" };
  t.equal((await bundleIngest.execute(request({ source, checksum: hex }))).kind, "succeeded");
  const theirs = { ...request({ source, checksum: hex, filename: "theirs.tar" }), tenantId: other };
  t.match(
    await bundleIngest.execute(theirs),
    { reason: "BUNDLE_FILE_MISSING" },
    "the bytes of another one are not there",
  );
  await artifacts.put(other, Readable.from([encodeUtf8(text)]));
  t.equal((await bundleIngest.execute(theirs)).kind, "succeeded");
  t.strictSame(readdirSync(join(folder, "bundles", hex)).toSorted(), ["feed.tar", "metadata.json"]);
  const staged = join(folder, "tenants/acme/bundles", hex);
  t.strictSame(readdirSync(staged).toSorted(), ["metadata.json", "theirs.tar"]);
  t.match(JSON.parse(readFileSync(join(staged, "metadata.json"), "utf8")), {
    stagedPath: `tenants/acme/bundles/${hex}/theirs.tar`,
  });
});

t.test("the checksum may be bare, in upper case, given twice, and the file named", async (t) => {
  const cases = [
    { checksum: hex },
    { checksumSha256: hex.toUpperCase() },
    { checksum: hex, checksumSha256: `sha256:${hex}` },
  ];
  for (const checksums of cases) {
    const folder = t.testdir();
    const { execute, keep } = bench(folder);
    const outcome = await execute(bundleIngest, { source: await keep(text), filename: "feed 1.tar", ...checksums });
    t.equal(outcome.kind, "succeeded", JSON.stringify(checksums));
    t.equal(readFileSync(join(folder, "bundles", hex, "feed 1.tar"), "utf8"), text);
  }
});

t.test("a file of the pack is ingested under its own name", async (t) => {
  const folder = t.testdir();
  const { execute, text: read } = bench(folder, { "bundles/feed.tar": text });
  const outcome = await execute(bundleIngest, { source: "./bundles/feed.tar", checksum: hex });
  t.equal(outcome.kind, "succeeded");
  t.equal(readFileSync(join(folder, "bundles", hex, "feed.tar"), "utf8"), text);
  const kept = outcome.kind === "succeeded" ? outcome.outputs["bundle"] : undefined;
  t.equal(kept?.type === "file" ? await read(kept.digest) : "", text, "and is an artifact");
});

t.test("ingesting twice is ingesting once", async (t) => {
  const folder = t.testdir();
  const { execute, keep } = bench(folder);
  const given = { source: await keep(text), checksum: hex };
  const [first, second] = await Promise.all([execute(bundleIngest, given), execute(bundleIngest, given)]);
  const third = await execute(bundleIngest, given);
  for (const outcome of [second, third]) {
    t.strictSame({ ...outcome, durationMs: 0 }, { ...first, durationMs: 0 });
  }
  t.strictSame(readdirSync(join(folder, "bundles", hex)).toSorted(), ["bundle", "metadata.json"]);
});

t.test("every refusal has its code, and nothing is staged", async (t) => {
  const folder = t.testdir();
  const { execute, keep } = bench(folder, { "feed.tar": text });
  const source = await keep(text);
  const other = "0".repeat(64);
  const absent = { type: "file", digest: `sha256:${other}`, size: 1 };
  const cases = [
    ["BUNDLE_CHECKSUM_REQUIRED", { source }],
    ["BUNDLE_CHECKSUM_REQUIRED", { source, filename: "feed.tar" }],
    ["BUNDLE_CHECKSUM_MISMATCH", { source, checksum: other }],
    ["BUNDLE_CHECKSUM_MISMATCH", { source, checksum: hex, checksumSha256: other }],
    ["BUNDLE_CHECKSUM_MISMATCH", { source: "feed.tar", checksum: other }],
    ["BUNDLE_FILE_MISSING", { source: absent, checksum: other }],
    ["BUNDLE_FILE_MISSING", { source: "./absent.tar", checksum: hex }],
    ["BUNDLE_FILENAME_UNSAFE", { source, checksum: hex, filename: "../feed.tar" }],
    ["BUNDLE_FILENAME_UNSAFE", { source: { ...source, name: "metadata.json" }, checksum: hex }],
    ["STEP_WITH_INVALID", { source, checksum: "md5:0" }],
    ["STEP_WITH_INVALID", { source, checksum: hex, force: true }],
    ["STEP_WITH_INVALID", { source: 7, checksum: hex }],
    ["STEP_WITH_INVALID", { source: "../outside", checksum: hex }],
    ["STEP_WITH_INVALID", { source: "/etc/passwd", checksum: hex }],
    ["STEP_WITH_INVALID", null],
  ] as const;
  for (const [reason, given] of cases) {
    const outcome = await execute(bundleIngest, given);
    t.match(outcome, { kind: "failed", reason, artifacts: [] }, JSON.stringify(given));
    t.notMatch(outcome, { hint: /\{[a-z]+\}/i }, "the hint is filled in");
  }
  t.strictSame(readdirSync(folder), []);
});

t.test("a pack file whose bytes are not those of its listing is refused", async (t) => {
  const folder = t.testdir();
  const { request } = bench(folder, { "feed.tar": "replaced" });
  const lying = { ...request({ source: "feed.tar", checksum: hex }) };
  const outcome = await bundleIngest.execute({
    ...lying,
    packFile: async (path) => {
      const found = await lying.packFile(path);
      return found.ok ? { ok: true, value: { ...found.value, sha256: hex } } : found;
    },
  });
  t.match(outcome, { kind: "failed", reason: "BUNDLE_CHECKSUM_MISMATCH" });
  t.strictSame(readdirSync(folder), []);
});

t.test("what a store stages is hashed before it gets its name", async (t) => {
  const folder = t.testdir();
  const { request, keep } = bench(folder);
  const honest = request({ source: await keep(text), checksum: hex });
  const outcome = await bundleIngest.execute({ ...honest, artifacts: { ...honest.artifacts, stage: stageRotten } });
  t.match(outcome, { kind: "failed", reason: "BUNDLE_CHECKSUM_MISMATCH", hint: new RegExp(sha256("rotten")) });
  t.strictSame(readdirSync(join(folder, "bundles", hex)), []);
});

t.test("a folder that cannot be written is a fault that names no path of this machine", async (t) => {
  const folder = t.testdir({ bundles: "a file where the folder should be" });
  const { execute, keep } = bench(folder);
  const outcome = await execute(bundleIngest, { source: await keep(text), checksum: hex });
  t.match(outcome, { kind: "failed", reason: "BUNDLE_STAGING_FAILED", hint: /mkdir gave (?:ENOTDIR|EEXIST)/ });
  t.notMatch(outcome, { hint: new RegExp(folder) });
});

t.test("a folder in the place of the bundle is not removed", async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, "bundles", hex, "bundle", "kept"), { recursive: true });
  const { execute, keep } = bench(folder);
  const outcome = await execute(bundleIngest, { source: await keep(text), checksum: hex });
  t.match(outcome, { kind: "failed", reason: "BUNDLE_STAGING_FAILED" });
  t.strictSame(readdirSync(join(folder, "bundles", hex)), ["bundle"]);
});

t.test("a cancelled attempt stages nothing, whenever it is cancelled", async (t) => {
  const folder = t.testdir();
  const { request, keep, ending } = bench(folder);
  const given = request({ source: await keep(text), checksum: hex });
  const stage: typeof given.artifacts.stage = async (...all) => {
    ending.abort();
    return given.artifacts.stage(...all);
  };
  const during = await bundleIngest.execute({ ...given, artifacts: { ...given.artifacts, stage } });
  t.match(during, { kind: "cancelled", artifacts: [] });
  t.strictSame(readdirSync(join(folder, "bundles", hex)), []);
  t.match(await bundleIngest.execute(given), { kind: "cancelled" }, "before it begins");
});

t.test("a fault that a store throws is the reason of the attempt; a bug is thrown on", async (t) => {
  const { request, keep } = bench(t.testdir());
  const given = request({ source: await keep(text), checksum: hex });
  const failing = (error: Error) => {
    const stage: ArtifactStore["stage"] = async () => {
      throw error;
    };
    return bundleIngest.execute({ ...given, artifacts: { ...given.artifacts, stage } });
  };
  t.match(await failing(new StoreError({ code: "STORE_FULL", message: "no room" })), {
    kind: "failed",
    reason: "STORE_FULL",
  });
  await t.rejects(failing(new TypeError("a bug")), { message: "a bug" });
});

t.test("no secret gets into the hint", async (t) => {
  const { execute, keep, redactor } = bench(t.testdir());
  redactor.add("token", "hunter2-hunter2");
  const outcome = await execute(bundleIngest, {
    source: await keep(text),
    checksum: hex,
    filename: "/hunter2-hunter2",
  });
  t.match(outcome, { kind: "failed", hint: /redacted:token/ });
  t.notMatch(outcome, { hint: /hunter2/ });
});

t.test("a file name is one plain name", async (t) => {
  for (const name of ["feed.tar", "Ünïcode 2026.tar.gz", "a", "a".repeat(255), "x.metadata.json"]) {
    t.ok(isSafeFilename(name), `a name of ${name.length} letters`);
  }
  const unsafe = [
    "",
    ".",
    "..",
    ".hidden",
    "-rf",
    "a/b",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "a\u2028b",
    "\ud800",
    "METADATA.JSON",
  ];
  for (const name of [...unsafe, "a".repeat(256), "ü".repeat(128)]) {
    t.notOk(isSafeFilename(name), `refused: ${encodeURIComponent(name.toWellFormed())}`);
  }
  t.equal(encodeUtf8("ü".repeat(128)).length, 256);
});

t.test("the compiler can refuse a missing checksum before anything runs", async (t) => {
  t.strictSame(bundleIngest.refusals({ checksum: { $cel: [{ expr: "inputs.sum" }] } }, closed, NO_SOURCES), []);
  t.match(bundleIngest.refusals({ source: "feed.tar" }, closed, NO_SOURCES), [
    { fault: { code: "BUNDLE_CHECKSUM_REQUIRED" } },
  ]);
  t.strictSame(bundleIngest.packFiles, ["source"]);
  t.strictSame(Object.keys(bundleIngest.outputs), ["bundle", "metadata"]);
});
