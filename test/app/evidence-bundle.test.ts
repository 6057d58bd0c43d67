import {
  createReadStream,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { MAX_SIDECAR_BYTES } from "#attest/sidecar.ts";
import { folderSource } from "#app/bundle-folder.ts";
import { exportEvidence } from "#app/export-evidence.ts";
import { extractEvidence } from "#app/extract-evidence.ts";
import { openBundle } from "#app/open-bundle.ts";
import { readBundleEvents } from "#app/read-bundle-events.ts";
import { attestationPae, showEvidence } from "#app/show-evidence.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { ok } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import { ustarHeader } from "#evidence/ustar.ts";
import { check, filesOf, findings, forge, memorySource } from "../verify/bundle-tools.ts";
import { freshFolder, verdictOf, withBundle } from "./evidence-files.ts";
import { LATER, must, sealedRun, sha256, verifySignature } from "./sealed-world.ts";

const world = await sealedRun();
const scratch = freshFolder();
const tar = join(scratch, "bundle.tar");
await withBundle(world.folder, async (source) => must(await exportEvidence(source, tar)));
const tools = { sha256, verifySignature, now: () => Date.UTC(2026, 0, 6) };

t.test("folder and tar give the same verdict, and the same bundle the same tar", async (t) => {
  t.same(await verdictOf(tar, world.trustRoot), await verdictOf(world.folder, world.trustRoot));
  t.equal((await verdictOf(tar, world.trustRoot)).verdict, "verified");
  const again = join(scratch, "again.tar");
  await withBundle(tar, async (source) => must(await exportEvidence(source, again)));
  t.same(readFileSync(again), readFileSync(tar));
  const names = readFileSync(tar).subarray(0, 100).toString().replaceAll("\0", "");
  t.equal(names, "evidence.manifest.json");
});

const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(scratch, name), bytes);
  return join(scratch, name);
};

const block = (path: string, size = 0): Uint8Array => ustarHeader({ path, size }) ?? new Uint8Array();

t.test("an archive in any other form is refused", async (t) => {
  const good = readFileSync(tar);
  const zeros = Buffer.alloc(1024);
  const pax = Buffer.from(block("pax"));
  pax[156] = "x".charCodeAt(0);
  const link = Buffer.from(block("link"));
  link[156] = "2".charCodeAt(0);
  const attacks = {
    "nothing at all": Buffer.alloc(0),
    "half a block": good.subarray(0, 200),
    "no end": good.subarray(0, -1024),
    "one zero block": good.subarray(0, -512),
    "three zero blocks": Buffer.concat([good, Buffer.alloc(512)]),
    "something behind the end": Buffer.concat([good, Buffer.from("x")]),
    "a second archive behind the end": Buffer.concat([good, good]),
    "cut in the middle": good.subarray(0, 3000),
    "a pax header": Buffer.concat([pax, good]),
    "a link": Buffer.concat([good.subarray(0, -1024), link, zeros]),
    "a name twice": Buffer.concat([block("a"), block("a"), zeros]),
    "names out of order": Buffer.concat([block("b"), block("a"), zeros]),
    "a file longer than the archive": Buffer.concat([block("a", 1e9), zeros]),
    "dirty padding": Buffer.concat([block("a", 1), Buffer.alloc(512, 1), zeros]),
  };
  for (const [name, bytes] of Object.entries(attacks)) {
    const verdict = await verdictOf(write("attack.tar", bytes), world.trustRoot);
    t.match(findings(verdict), ["sizes: BUNDLE_TAR_INVALID"], name);
  }
});

t.test("no change of one byte of an archive is verified", async (t) => {
  const good = readFileSync(tar);
  for (let at = 0; at < good.length; at += 331) {
    const bad = Uint8Array.from(good);
    bad[at] = (bad[at] ?? 0) ^ 4;
    t.equal((await verdictOf(write("changed.tar", bad), world.trustRoot)).verdict, "failed", `byte ${at}`);
  }
});

t.test("a link in the folder of a bundle is refused, and never followed", async (t) => {
  const folder = join(scratch, "linked");
  cpSync(world.folder, folder, { recursive: true });
  symlinkSync("/etc/hostname", join(folder, "link"));
  t.match(findings(await verdictOf(folder, world.trustRoot)), ["sizes: BUNDLE_ENTRY_UNSAFE"]);
  const exported = await withBundle(folder, (source) => exportEvidence(source, join(scratch, "no.tar")));
  t.match(exported, { ok: false, fault: { code: "BUNDLE_ENTRY_UNSAFE" } });
  const files = new Map([["notes.txt", Buffer.from("x")]]);
  t.match(await exportEvidence(memorySource(files), join(scratch, "no.tar")), {
    ok: false,
    fault: { code: "BUNDLE_ENTRY_UNSAFE" },
  });
});

t.test("a file that cannot be read, or is too large, fails its check", async (t) => {
  const files = filesOf(world.folder);
  const source = memorySource(files);
  const { verify } = await import("#verify/verify.ts");
  const { host } = await import("./sealed-world.ts");
  const options = { at: LATER, requireDsse: false, trustRoot: world.trustRoot };
  const broken = {
    ...source,
    open: (path: string) => {
      if (path === "outputs.json") {
        throw new Error("EIO");
      }
      return source.open(path);
    },
  };
  t.match(findings(await verify(broken, options, host)), ["manifest: BUNDLE_UNREADABLE", "outputs: BUNDLE_UNREADABLE"]);
  const grown = (path: string, size: number) => ({
    ...source,
    list: async () => {
      const list = must(await source.list());
      return { ok: true as const, value: list.map((file) => (file.path === path ? { ...file, size } : file)) };
    },
  });
  const findingsOf = async (path: string, size: number) => findings(await verify(grown(path, size), options, host));
  t.ok((await findingsOf("inputs.lock", 1e12)).includes("inputs-lock: BUNDLE_TOO_LARGE"));
  const attestation = "evidence.manifest.json.sigstore.json";
  t.same(await findingsOf(attestation, MAX_SIDECAR_BYTES), [], "sidecars have the limit of their own reader");
  t.same(await findingsOf(attestation, MAX_SIDECAR_BYTES + 1), ["envelope: BUNDLE_TOO_LARGE"]);
});

t.test(
  "a name that is no UTF-8 does not belong into a folder, and a ledger that is not there is missing",
  async (t) => {
    const root = t.testdir({ bundle: {} });
    for (const folder of [Buffer.from("sub\u00ff", "latin1"), Buffer.from("sub")]) {
      rmSync(join(root, "bundle"), { recursive: true });
      const path = Buffer.concat([Buffer.from(join(root, "bundle/")), folder]);
      mkdirSync(path, { recursive: true });
      writeFileSync(Buffer.concat([path, Buffer.from("/z\u00ff", "latin1")]), "");
      const listed = await folderSource(join(root, "bundle")).list();
      t.match(listed, { ok: false, fault: { code: "BUNDLE_ENTRY_UNSAFE" } });
    }
    const files = filesOf(world.folder);
    files.delete("ledger.jsonl");
    t.ok(findings(await check(files, world.trustRoot)).includes("ledger-chain: EVIDENCE_FILE_MISSING"));
  },
);

const use = (more: object) => verifyEvidence({ path: world.folder, trustRoot: world.trustRoot, ...more }, tools);

t.test("wrong uses are told apart from bad bundles", async (t) => {
  t.match(await use({ path: join(scratch, "nowhere") }), { ok: false, fault: { code: "BUNDLE_NOT_FOUND" } });
  t.match(await use({ planHash: "3f2a" }), { ok: false, fault: { code: "VERIFY_OPTION" } });
  t.match(await use({ at: "yesterday" }), { ok: false, fault: { code: "VERIFY_OPTION" } });
  t.match(await use({ revocations: "r.json" }), { ok: false, fault: { code: "VERIFY_OPTION" } });
  t.match(await use({}), { ok: true, value: { verdict: "verified" } });
  t.match(await openBundle("/dev/null"), { ok: false, fault: { code: "BUNDLE_NOT_FOUND" } });
});

t.test("an archive that cannot be written is a fault, and leaves nothing", async (t) => {
  const out = join(scratch, "no/such/folder/bundle.tar");
  const exported = await withBundle(world.folder, (source) => exportEvidence(source, out));
  t.match(exported, {
    ok: false,
    fault: { code: "USER_FILE_WRITE", message: /bundle\.tar cannot be written: it is not/ },
  });
  const onFolder = await withBundle(world.folder, (source) => exportEvidence(source, scratch));
  t.match(onFolder, { ok: false, fault: { code: "USER_FILE_WRITE", message: /it is a folder/ } });
  const files = filesOf(world.folder);
  const source = memorySource(files);
  const list = async () => ok([...files.keys()].map((path) => ({ path, size: 1 })));
  t.match(await exportEvidence({ ...source, list }, join(scratch, "short.tar")), {
    ok: false,
    fault: { code: "EXPORT_FAILED" },
  });
  const open = () => createReadStream(join(scratch, "gone"));
  t.match(await exportEvidence({ ...source, open }, join(scratch, "short.tar")), {
    fault: { code: "EXPORT_FAILED" },
  });
  t.notOk(readdirSync(scratch).some((name) => name.startsWith("short.tar")));
});

t.test("artifacts are extracted under the names of their steps", async (t) => {
  const folder = join(scratch, "extracted");
  const extracted = await withBundle(tar, async (source) => must(await extractEvidence(source, folder)));
  t.same(
    extracted.map((one) => one.path),
    ["build/report", "build/parts"],
  );
  t.equal(readFileSync(join(folder, "build/report"), "utf8"), "<p>report</p>");
  t.equal(readFileSync(join(folder, "build/parts/one"), "utf8"), "part one");
  t.equal(readlinkSync(join(folder, "build/parts/link")), "one");
  const again = await withBundle(tar, (source) => extractEvidence(source, folder));
  t.match(again, { ok: false, fault: { code: "EXTRACT_TARGET" } });
});

const at = (name: string): string => join(scratch, name);

t.test("nothing is extracted outside its folder, and no changed bytes", async (t) => {
  const files = filesOf(world.folder);
  const outputs = JSON.parse(Buffer.from(files.get("outputs.json") ?? "").toString()) as {
    artifacts: { stepId: string; digest: string }[];
  };
  const first = outputs.artifacts[0];
  const stepped = { ...outputs, artifacts: [{ ...first, stepId: "../.." }] };
  const named = new Map([...files, ["outputs.json", canonicalBytes(stepped)]]);
  t.match(await extractEvidence(memorySource(named), at("e1")), { ok: false, fault: { code: "BUNDLE_ENTRY_UNSAFE" } });
  const path = `artifacts/sha256/${first?.digest.slice(7)}`;
  const changed = new Map([...files, [path, Buffer.from("other")]]);
  t.match(await extractEvidence(memorySource(changed), at("e2")), {
    ok: false,
    fault: { code: "EVIDENCE_FILE_CHANGED" },
  });
  t.strictSame(readdirSync(at("e2/build")), [], "what had other bytes is not left");
  const none = new Map([...files, ["outputs.json", canonicalBytes({ ...outputs, artifacts: [] })]]);
  t.same(await extractEvidence(memorySource(none), at("e0")), { ok: true, value: [] });
  t.strictSame(readdirSync(at("e0")), [], "the folder is there, with nothing in it");
  const tree = outputs.artifacts[1]?.digest.slice(7);
  for (const entry of [
    { path: "../x", mode: "644", size: 1, sha256: tree },
    { path: "x", mode: "link", target: "../../../etc/passwd" },
    { path: "x", mode: "link", target: "/etc/passwd" },
    { path: "/x", mode: "link", target: "y" },
    // Inside by its text, but where d/up leads to the root, its .. climb out of it.
    { path: "x", mode: "link", target: "d/up/../../y" },
  ]) {
    const listing = new Map([...files, [`artifacts/sha256/${tree}`, canonicalBytes([entry])]]);
    mkdirSync(at("trees"), { recursive: true });
    const found = await extractEvidence(
      memorySource(listing),
      at(`trees/${digestOf(canonicalBytes(entry), sha256).slice(7)}`),
    );
    t.match(found, { ok: false, fault: { code: "BUNDLE_ENTRY_UNSAFE" } });
  }
  const odd = new Map([...files, ["outputs.json", Buffer.from("{}")]]);
  t.match(await extractEvidence(memorySource(odd), at("e4")), { ok: false, fault: { code: "EVIDENCE_FILE_FORM" } });
});

t.test("what is shown of a decision says whether it was taken back", async (t) => {
  const fallen = await forge(world, (events) => {
    const [first] = events.filter((event) => event.eventType === "gate.decision");
    const metadata = { commandId: first?.metadata.commandId, code: "APPROVAL_LATE", hint: "" };
    const at = events.findIndex((event) => event.eventType === "gate.passed");
    return events.toSpliced(at, 0, { ...first, eventType: "gate.refused", metadata } as LedgerEvent);
  });
  const { takenBack, attestation } = must(await showEvidence(memorySource(fallen), sha256));
  t.equal(attestation.approvals.length, 2);
  t.same(takenBack, ["APPROVAL_LATE", null]);
  t.same(must(await showEvidence(memorySource(filesOf(world.folder)), sha256)).takenBack, [null, null]);
});

t.test("a bundle is shown without being verified", async (t) => {
  const view = await withBundle(tar, async (source) => must(await showEvidence(source, sha256)));
  t.equal(view.attestation.outcome, "succeeded");
  t.equal(view.manifest.runId, world.identity.runId);
  const signed = await withBundle(tar, async (source) => must(await attestationPae(source)));
  t.match(Buffer.from(signed).toString("latin1"), /^DSSEv1 28 application\/vnd\.in-toto\+json /);
  const types: string[] = [];
  await withBundle(tar, async (source) => {
    for await (const event of readBundleEvents(source)) {
      types.push(event.eventType);
    }
  });
  t.equal(types[0], "run.created");
  t.equal(types.at(-1), "run.finished");
});
