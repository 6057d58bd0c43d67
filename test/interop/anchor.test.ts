import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { askAnchors } from "#anchor/ask-anchors.ts";
import { proveAnchor } from "#anchor/prove-anchor.ts";
import { anchorEvidence } from "#app/anchor-evidence.ts";
import { exportEvidence } from "#app/export-evidence.ts";
import { attestationPae } from "#app/show-evidence.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { readAnchorFile } from "#attest/anchor-file.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Verdict } from "#verify/verdict.ts";
import { anchoringRoot, entryOf, logOf, MUCH_LATER, readRoot, type AnchoringRoot } from "../anchor/anchored-world.ts";
import { freshFolder, withBundle } from "../app/evidence-files.ts";
import { must, sealedRun, sha256, verifySignature } from "../app/sealed-world.ts";
import { rekorServer, timestampServer } from "./sigstore-servers.ts";
import { needs, stockTool } from "./stock-tool.ts";

const authority = stockTool("timestamp-server");
const rekor = stockTool("rekor-server");
const ORIGIN = "rekor.test/2026";

const world = await sealedRun();
const tools = { source: askAnchors({}), prove: proveAnchor, verifySignature };

async function archive(): Promise<string> {
  const tar = join(freshFolder(), "run.tar");
  await withBundle(world.folder, (source) => exportEvidence(source, tar));
  return tar;
}

async function verdictOn(path: string, root: AnchoringRoot): Promise<Verdict> {
  const host = { sha256, verifySignature, proveAnchor, now: () => 0 };
  return must(await verifyEvidence({ path, trustRoot: anchoringRoot(root), at: MUCH_LATER }, host));
}

const anchorOf = ({ checks }: Verdict): object => checks.find(({ name }) => name === "anchor") ?? {};

const logEntry = (publicKey: string, more: object = {}): object => logOf({ origin: ORIGIN, publicKey }, more);

t.test("Sigstore's timestamp authority vouches for evidence", needs(authority), async (t) => {
  await using server = await timestampServer(authority.program);
  t.equal(server.certificates.length > 1, true);
  const certificates = server.certificates as [string, string];
  const root = { authorities: [entryOf({ certificates })], required: ["tsa"] };
  const tar = await archive();
  t.match(anchorOf(await verdictOn(tar, root)), { status: "fail", code: "ANCHOR_MISSING" });
  const anchored = must(await anchorEvidence(tar, { tsa: server.url }, readRoot(root), tools));
  t.match(anchored.anchors, [{ kind: "tsa", added: true, by: "clock" }]);
  const verdict = await verdictOn(tar, root);
  t.match(anchorOf(verdict), { status: "pass" });
  t.equal(verdict.verdict, "verified", "although the keys are out of their windows by then");
});

t.test("a Rekor v2 log takes the attestation, and proves that it did", needs(rekor), async (t) => {
  await using server = await rekorServer(rekor.program, ORIGIN);
  const root = { logs: [logEntry(server.publicKey)], required: ["rekor"] };
  const tar = await archive();
  const anchored = must(await anchorEvidence(tar, { rekor: server.url }, readRoot(root), tools));
  t.match(anchored.anchors, [{ kind: "rekor", added: true, by: ORIGIN }]);
  const [entry] = must(readAnchorFile(readFileSync(anchored.file))).entries;
  const pae = await withBundle(tar, async (source) => must(await attestationPae(source)));
  const body = JSON.parse(Buffer.from(entry?.canonicalizedBody ?? "", "base64").toString()) as unknown;
  const digest = Buffer.from(sha256(pae)).toString("base64");
  t.match(body, { kind: "hashedrekord", spec: { hashedRekordV002: { data: { algorithm: "SHA2_256", digest } } } });
  const day = { validUntil: "2030-01-01T00:00:00.000Z" };
  t.match(anchorOf(await verdictOn(tar, { logs: [logEntry(server.publicKey, day)] })), { status: "pass" });
  t.match(anchorOf(await verdictOn(tar, root)), { status: "stale", code: "ANCHOR_LOG_WINDOW" });

  await t.test("and nothing of its entry can be changed", async (t) => {
    const plain = JSON.parse(readFileSync(anchored.file, "utf8")) as {
      verificationMaterial: { tlogEntries: [Record<string, unknown> & { inclusionProof: Record<string, unknown> }] };
    };
    const other = { ...logEntry(server.publicKey, day), origin: ORIGIN };
    const changed = async (change: (entry: (typeof plain.verificationMaterial.tlogEntries)[0]) => void) => {
      const copy = structuredClone(plain);
      change(copy.verificationMaterial.tlogEntries[0]);
      writeFileSync(anchored.file, canonicalBytes(copy));
      return anchorOf(await verdictOn(tar, { logs: [other] }));
    };
    const refused = { status: "fail", code: "ANCHOR_ENTRY_INVALID" };
    t.match(await changed(() => undefined), { status: "pass" });
    t.match(await changed((e) => (e["canonicalizedBody"] = Buffer.from("{}").toString("base64"))), refused);
    t.match(await changed((e) => (e.inclusionProof["logIndex"] = "7")), refused);
    t.match(
      await changed(
        (e) => (e.inclusionProof["checkpoint"] = { envelope: `${ORIGIN}\n1\nAAAA\n\n\u2014 x AAAAAAAA\n` }),
      ),
      refused,
    );
    t.match(await changed((e) => (e["logId"] = { keyId: Buffer.alloc(32).toString("base64") })), { status: "skipped" });
  });
});

const missing = needs(authority).skip === false ? needs(rekor) : needs(authority);
t.test("both at once keep evidence good after the log's window, too", missing, async (t) => {
  await using clock = await timestampServer(authority.program);
  await using log = await rekorServer(rekor.program, ORIGIN);
  const certificates = clock.certificates as [string, string];
  const root = {
    authorities: [entryOf({ certificates })],
    logs: [logEntry(log.publicKey)],
    required: ["tsa", "rekor"],
  };
  const tar = await archive();
  const both = must(await anchorEvidence(tar, { tsa: clock.url, rekor: log.url }, readRoot(root), tools));
  t.match(both.anchors, [
    { kind: "tsa", by: "clock" },
    { kind: "rekor", by: ORIGIN },
  ]);
  t.equal((await verdictOn(tar, root)).verdict, "verified");
  const again = must(await anchorEvidence(tar, { tsa: clock.url, rekor: log.url }, readRoot(root), tools));
  t.match(again.anchors, [{ added: false }, { added: false }]);
});
