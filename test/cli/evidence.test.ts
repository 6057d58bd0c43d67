import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { LATER, rootBytes, sealedRun } from "../app/sealed-world.ts";
import { packrun, packrunIn } from "./command-line.ts";

const world = await sealedRun();
const folder = t.testdir();
writeFileSync(join(folder, "root.json"), world.trustRoot);
const trusted = ["--trust", "root.json", "--at", LATER] as const;

t.test("a bundle verifies against the pinned root, as a folder and as the archive that export writes", async (t) => {
  t.match(packrun(folder, "evidence", "export", world.folder, "-o", "run.tar"), {
    code: 0,
    out: /^run\.tar {2}\d+ bytes\n/,
  });
  const ofFolder = packrun(folder, "verify", world.folder, ...trusted, "--json");
  t.match(ofFolder, { code: 0, err: "" });
  t.match(JSON.parse(ofFolder.out), { schemaVersion: 1, verdict: "verified" });
  t.equal(packrun(folder, "verify", "run.tar", ...trusted, "--json").out, ofFolder.out);
});

t.test("where evidence is to go is looked at before it is made, and a wrong path is a wrong use", async (t) => {
  for (const [out, problem] of [
    [".", /it is a folder/],
    ["no/such/run.tar", /it is not there/],
    ["root.json/run.tar", /a part of its path is no folder/],
  ] as const) {
    const refused = packrun(folder, "evidence", "export", world.folder, "-o", out);
    t.match(refused, { code: 2, err: /error\[USER_FILE_WRITE\]/ });
    t.match(refused.err, problem);
  }
  t.match(packrun(folder, "init", "hello"), { code: 0 });
  t.match(packrun(folder, "run", "hello", "--evidence", "root.json"), {
    code: 2,
    err: /^error\[EVIDENCE_TARGET\]: .*root\.json: it is no folder\n/,
  });
  t.match(JSON.parse(packrun(folder, "runs", "list", "--json").out), { items: [] }, "nothing was run");
});

t.test("what is wrong with a bundle is 7, what is only old 11, a wrong use 2", async (t) => {
  const other = `sha256:${"0".repeat(64)}`;
  t.match(packrun(folder, "verify", world.folder, ...trusted, "--plan-hash", other), { code: 7, out: /^failed: run/ });
  t.match(packrun(folder, "verify", world.folder), { code: 7, err: /no trust root: give one with --trust/ });
  const old = packrun(folder, "verify", world.folder, "--trust", "root.json", "--at", "2046-01-05T08:00:00.000Z");
  t.match(old, { code: 11, out: /^stale: run/ });
  for (const given of [["verify"], ["bundle", "verify"]]) {
    for (const at of ["soon", "2026-02-30T08:00:00Z"]) {
      const refused = packrun(folder, ...given, world.folder, "--trust", "root.json", "--at", at);
      t.match(refused, { code: 2, err: /VERIFY_OPTION/ });
    }
  }
  const short = packrun(folder, "verify", world.folder, "--trust", "root.json", "--at", "2046-01-05T08:00:00Z");
  t.strictSame(short, old, "milliseconds may be left away");
  t.match(packrun(folder, "verify", world.folder, "--trust", "none.json"), { code: 2, err: /USER_FILE_READ/ });
  t.match(packrun(folder, "verify", "./none", ...trusted), { code: 2, err: /BUNDLE_NOT_FOUND/ });
});

t.test("without a time the same bundle gives the same bytes again, in any locale, time zone and umask", (t) => {
  const later = Date.UTC(2126, 0, 1);
  writeFileSync(join(folder, "long.json"), rootBytes({ expires: later, validUntil: later }));
  for (const [root, verdict] of Object.entries({ "long.json": "verified", "root.json": "stale" })) {
    const args = ["verify", world.folder, "--trust", root, "--format", "json"] as const;
    const first = packrun(folder, ...args);
    t.match(JSON.parse(first.out), { verdict });
    const before = process.umask(0o077);
    const env = { TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8", LANG: "de_DE" };
    t.strictSame(packrunIn(folder, env, ...args), first);
    process.umask(before);
  }
  t.end();
});

t.test("--record keeps the verdict beside the bundle, with who gave it and when", async (t) => {
  t.match(packrun(folder, "verify", "run.tar", ...trusted, "--record"), {
    code: 0,
    err: /recorded in .*run\.tar\.verdict\.json/,
  });
  t.match(JSON.parse(readFileSync(join(folder, "run.tar.verdict.json"), "utf8")), {
    verifier: { name: "verify_offline_bundle.mjs", version: String, digest: /^sha256:/ },
    verdict: { verdict: "verified" },
    at: /^\d{4}-.*Z$/,
  });
});

t.test("evidence show tells what a bundle says, its output, and what was signed", async (t) => {
  t.match(packrun(folder, "evidence", "show", "run.tar"), {
    code: 0,
    out: /outcome {3}succeeded[^]*not verified here: packrun verify run[.]tar\n$/,
  });
  const sidecar = readFileSync(join(world.folder, "evidence.manifest.json.sigstore.json"), "utf8");
  const { dsseEnvelope } = JSON.parse(sidecar) as { dsseEnvelope: { payload: string } };
  const payload = Buffer.from(dsseEnvelope.payload, "base64").toString();
  const pae = `DSSEv1 28 application/vnd.in-toto+json ${Buffer.byteLength(payload)} ${payload}`;
  t.equal(packrun(folder, "evidence", "show", world.folder, "--pae").out, pae);
  t.match(packrun(folder, "evidence", "show", "run.tar", "--pae", "-o", "run.pae"), { code: 0, out: "", err: "" });
  t.equal(readFileSync(join(folder, "run.pae"), "utf8"), pae);
  t.match(packrun(folder, "evidence", "show", "run.tar", "-o", "run.pae"), { code: 2, err: /goes with --pae/ });
  const nowhere = packrun(folder, "evidence", "show", "run.tar", "--pae", "-o", "none/run.pae");
  t.match(nowhere, { code: 2, err: /USER_FILE_WRITE/ });
  const logs = packrun(folder, "evidence", "show", world.folder, "--logs", "--json");
  t.match(JSON.parse(logs.out), { schemaVersion: 1, items: Array });
});

t.test("evidence show tells what steps used, where the ledger does", async (t) => {
  const use = {
    usage: { hit: [], memoryPeakBytes: 3 * 1024 * 1024, cpuMs: 20 },
    egress: { requests: 1, bytesIn: 5, bytesOut: 7 },
  };
  const measured = await sealedRun({ number: 7, outcome: (id) => (id === "build" ? use : undefined) });
  const text = packrun(folder, "evidence", "show", measured.folder).out;
  t.match(text, /^ {2}build +succeeded +memory 3Mi {2}cpu 20ms {2}1 request {2}in 5B {2}out 7B$/m);
  t.match(text, /^ {2}check +succeeded$/m);
  const shown = packrun(folder, "evidence", "show", measured.folder, "--json").out;
  t.match(JSON.parse(shown), { use: [{ id: "build", ...use }] });
  t.match(JSON.parse(packrun(folder, "evidence", "show", "run.tar", "--json").out), { use: [] });
});

t.test("evidence extract writes artifacts into an empty folder only", async (t) => {
  const written = packrun(folder, "evidence", "extract", "run.tar", "-o", "out", "--json");
  t.equal(written.code, 0, written.err);
  const { files } = JSON.parse(written.out) as { files: readonly { path: string }[] };
  t.ok(files.length > 0 && files.every(({ path }) => existsSync(join(folder, "out", path))));
  t.match(packrun(folder, "evidence", "extract", "run.tar", "-o", "out"), { code: 2, err: /EXTRACT_TARGET/ });
});

t.test("a text that is no path names a run of the store", async (t) => {
  t.match(packrun(folder, "evidence", "show", "nothing"), {
    code: 2,
    err: /RUN_REFERENCE[^]*nor is there a file or folder/,
  });
});
