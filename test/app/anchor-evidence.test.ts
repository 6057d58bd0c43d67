import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { askAnchors } from "#anchor/ask-anchors.ts";
import { proveAnchor } from "#anchor/prove-anchor.ts";
import { anchorEvidence } from "#app/anchor-evidence.ts";
import { exportEvidence } from "#app/export-evidence.ts";
import { attestationPae } from "#app/show-evidence.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { readAnchorFile } from "#attest/anchor-file.ts";
import type { Verdict } from "#verify/verdict.ts";
import { anchoringRoot, entryOf, MUCH_LATER, readRoot } from "../anchor/anchored-world.ts";
import { localAuthority } from "../anchor/local-authority.ts";
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
