import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { askAnchors } from "#anchor/ask-anchors.ts";
import { proveAnchor } from "#anchor/prove-anchor.ts";
import { anchorEvidence } from "#app/anchor-evidence.ts";
import { exportEvidence } from "#app/export-evidence.ts";
import { attestationPae } from "#app/show-evidence.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { readAnchorFile } from "#attest/anchor-file.ts";
import { ok } from "#fault/result.ts";
import type { Verdict } from "#verify/verdict.ts";
import { anchoringRoot, entryOf, logOf, MUCH_LATER, readRoot } from "../anchor/anchored-world.ts";
import { localAuthority } from "../anchor/local-authority.ts";
import { localLog } from "../anchor/local-log.ts";
import { freshFolder, withBundle } from "./evidence-files.ts";
import { LATER, must, sealedRun, sha256, verifySignature } from "./sealed-world.ts";

const world = await sealedRun();
const clock = await localAuthority();
const other = await localAuthority({ key: "rsa" });
t.teardown(async () => {
  await clock[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});
const tools = { source: askAnchors({}), prove: proveAnchor, verifySignature };
const trusting = { authorities: [entryOf(clock)] };

function verdictOn(path: string, trustRoot: Uint8Array, at: string = MUCH_LATER): Promise<Verdict> {
  const host = { sha256, verifySignature, proveAnchor, now: () => 0 };
  return verifyEvidence({ path, trustRoot, at }, host).then(must);
}

const codesOf = ({ checks }: Verdict): readonly string[] =>
  checks.flatMap((found) => ("code" in found ? [`${found.name}: ${found.code}`] : []));

/** The world's bundle as a tar in a folder of its own. */
async function archive(): Promise<string> {
  const tar = join(freshFolder(), "run.tar");
  await withBundle(world.folder, (source) => exportEvidence(source, tar));
  return tar;
}

t.test("a timestamp is over the PAE, lies beside the bundle, and openssl takes it, too", async (t) => {
  const before = readdirSync(world.folder, { recursive: true });
  const anchored = must(await anchorEvidence(world.folder, { tsa: clock.url }, readRoot(trusting), tools));
  const file = join(dirname(world.folder), `${basename(world.folder)}.anchor.sigstore.json`);
  t.match(anchored, { file, anchors: [{ kind: "tsa", added: true, by: "clock", time: /^\d{4}-.*Z$/ }] });
  t.strictSame(readdirSync(world.folder, { recursive: true }), before, "nothing changes inside");
  const pae = await withBundle(world.folder, async (source) => must(await attestationPae(source)));
  const [timestamp = new Uint8Array()] = must(readAnchorFile(readFileSync(file))).timestamps;
  t.ok(clock.takes(timestamp, pae));
  t.notOk(clock.takes(timestamp, Buffer.concat([pae, Buffer.of(0)])));
});

t.test("what was signed while its keys were valid stays verified when they are not any more", async (t) => {
  const tar = await archive();
  const root = anchoringRoot(trusting);
  t.equal((await verdictOn(tar, root, LATER)).verdict, "verified");
  const stale = await verdictOn(tar, root);
  t.equal(stale.verdict, "stale");
  t.ok(codesOf(stale).includes("window: KEY_WINDOW"));
  must(await anchorEvidence(tar, { tsa: clock.url }, readRoot(trusting), tools));
  const verdict = await verdictOn(tar, root);
  t.strictSame(codesOf(verdict), []);
  t.match(
    verdict.checks.find(({ name }) => name === "anchor"),
    { status: "pass", why: /says clock/ },
  );
  t.match(
    verdict.checks.find(({ name }) => name === "window"),
    { status: "pass", why: /at the trusted time/ },
  );
  t.equal(verdict.verdict, "verified");
  t.equal(
    (await verdictOn(tar, anchoringRoot({}))).verdict,
    "stale",
    "to a root that does not know the clock it is none",
  );
});

t.test("what is believed is kept, what is not is added to", async (t) => {
  const tar = await archive();
  const root = readRoot(trusting);
  const first = must(await anchorEvidence(tar, { tsa: clock.url }, root, tools));
  const asked = clock.asked();
  t.match(must(await anchorEvidence(tar, { tsa: clock.url }, root, tools)).anchors, [{ added: false, by: "clock" }]);
  t.equal(clock.asked(), asked);
  t.match(must(await anchorEvidence(tar, { tsa: other.url }, undefined, tools)).anchors, [{ added: false }]);
  const both = readRoot({ authorities: [entryOf(other, { name: "other" })] });
  const added = must(await anchorEvidence(tar, { tsa: other.url }, both, tools));
  t.match(added.anchors, [{ added: false }, { added: true, by: "other" }]);
  t.equal(must(readAnchorFile(readFileSync(first.file))).timestamps.length, 2);
});

t.test("who is to vouch must be named, and a log needs to know whose signature it is", async (t) => {
  const tar = await archive();
  t.match(await anchorEvidence(tar, {}, readRoot(trusting), tools), { fault: { code: "ANCHOR_NOBODY" } });
  const rekor = { rekor: "http://127.0.0.1:1" };
  t.match(await anchorEvidence(tar, rekor, undefined, tools), { fault: { code: "ANCHOR_SIGNER_UNKNOWN" } });
  t.match(await anchorEvidence(join(dirname(tar), "none"), rekor, undefined, tools), {
    fault: { code: "BUNDLE_NOT_FOUND" },
  });
});

t.test("what could be had is kept when the other could not, and asked for again by the next call", async (t) => {
  const tar = await archive();
  const both = { tsa: clock.url, rekor: "http://127.0.0.1:1" };
  t.match(await anchorEvidence(tar, both, readRoot(trusting), tools), { fault: { code: "ANCHOR_UNREACHABLE" } });
  t.equal(must(readAnchorFile(readFileSync(`${tar}.anchor.sigstore.json`))).timestamps.length, 1);
  await using log = await localLog("log.test");
  const asked = clock.asked();
  const root = readRoot({ ...trusting, logs: [logOf(log)] });
  const anchored = must(await anchorEvidence(tar, { ...both, rekor: log.url }, root, tools));
  t.match(anchored.anchors, [
    { kind: "tsa", added: false, by: "clock" },
    { kind: "rekor", added: true, by: "log.test" },
  ]);
  t.equal(clock.asked(), asked);
});

t.test("nothing is added to an anchor that is not this bundle's, or does not hold", async (t) => {
  const tar = await archive();
  const file = `${tar}.anchor.sigstore.json`;
  const root = readRoot(trusting);
  const code = async (): Promise<string> => {
    const anchored = await anchorEvidence(tar, { tsa: clock.url }, root, tools);
    return anchored.ok ? "ok" : anchored.fault.code;
  };
  writeFileSync(file, "{}");
  t.equal(await code(), "ANCHOR_FORM");
  const other = await sealedRun();
  const foreign = must(await anchorEvidence(other.folder, { tsa: clock.url }, root, tools)).file;
  copyFileSync(foreign, file);
  t.equal(await code(), "ANCHOR_FOREIGN");
  rmSync(file);
  must(await anchorEvidence(tar, { tsa: clock.url }, root, tools));
  const late = readRoot({
    authorities: [entryOf(clock, { validUntil: "2026-01-01T00:00:00.000Z", validFrom: "2025-01-01T00:00:00.000Z" })],
  });
  const refused = await anchorEvidence(tar, { tsa: clock.url }, late, tools);
  t.match(refused, { fault: { code: "ANCHOR_TIMESTAMP_WINDOW" } });
});

t.test(
  "an answer that does not hold leaves nothing behind, and neither does a folder that may not be written",
  async (t) => {
    const tar = await archive();
    const forged = { ...tools, source: { ...tools.source, timestamp: async () => ok(Uint8Array.of(0x30, 0)) } };
    const refused = await anchorEvidence(tar, { tsa: clock.url }, readRoot(trusting), forged);
    t.match(refused, { fault: { code: "ANCHOR_FORM" } });
    t.strictSame(readdirSync(dirname(tar)), ["run.tar"]);
  },
);

t.test("an anchor holds sixteen of a kind and no more", async (t) => {
  const tar = await archive();
  const stranger = readRoot({ authorities: [entryOf(other)] });
  const message = await withBundle(tar, async (source) => must(await attestationPae(source)));
  const stamp = must(await tools.source.timestamp(clock.url, message));
  const same = { ...tools, source: { ...tools.source, timestamp: async () => ok(stamp) } };
  for (let count = 1; count <= 16; count += 1) {
    must(await anchorEvidence(tar, { tsa: clock.url }, stranger, same));
  }
  t.match(await anchorEvidence(tar, { tsa: clock.url }, stranger, same), { fault: { code: "ANCHOR_FULL" } });
});
