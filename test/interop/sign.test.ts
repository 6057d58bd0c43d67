import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { faultOf, Place } from "../cli/place.ts";
import { documented } from "../docs/document.ts";
import { offline, type Ended } from "./offline.ts";
import { done, trustedPlace, waitingRun } from "./signed-site.ts";
import { needs, stockTool } from "./stock-tool.ts";

const cosign = stockTool("cosign");
const project = join(import.meta.dirname, "../..");
const scripts = join(project, "scripts/packs");
const approvalType = "https://packrun.dev/attestations/approval/v1";
const password = { COSIGN_PASSWORD: "correct horse" };

t.jobs = 2;

/** Runs cosign where it has no network. */
async function run(place: Place, ...args: readonly string[]): Promise<Ended> {
  const ended = await offline([cosign.program, ...args], { cwd: place.folder, env: password });
  if (ended.code !== 0) {
    throw new Error(`cosign ${args.join(" ")} ended with ${ended.code}: ${ended.err}`);
  }
  return ended;
}

let made: Promise<Place> | undefined;

/** A place with a trust root; keys and roots are made once and copied. */
async function freshPlace(of: Test): Promise<Place> {
  made ??= trustedPlace(t, "P-256");
  const place = new Place(of);
  cpSync((await made).folder, place.folder, { recursive: true });
  return place;
}

/** A place where a run waits, and where carol, who may approve it, has a key of cosign. */
async function placeOfCarol(t: Test): Promise<{ place: Place; runId: string }> {
  const place = await freshPlace(t);
  await run(place, "generate-key-pair");
  await done(place, "trust", "add", "cosign.pub", "--principal", "carol", "--role", "approver");
  return { place, runId: await waitingRun(place) };
}

/** Has carol approve as the guide says; her approval is imported unless `until` names a command before that. */
async function signAsDocumented(place: Place, until?: "packrun approvals import"): Promise<Ended> {
  await done(place, "approvals", "request", "last", "ok", "-o", "request");
  const [signing = ""] = documented("docs/guide/approve-across-a-gap.md", "## At the desk, without packrun");
  const script = until === undefined ? signing : signing.slice(0, signing.indexOf(until));
  const programs = place.here("programs");
  mkdirSync(programs, { recursive: true });
  symlinkSync(join(project, "packrun"), join(programs, "packrun"));
  symlinkSync(cosign.program, join(programs, "cosign"));
  const env = { ...password, PATH: `${programs}:${process.env["PATH"]}`, NODE_COMPILE_CACHE: place.here("compiled") };
  const ended = await offline(["sh", "-euc", script], { cwd: place.folder, env });
  if (ended.code !== 0) {
    throw new Error(`${script} ended with ${ended.code}: ${ended.err}`);
  }
  return ended;
}

/** What both offline verifiers say of a bundle: verdicts and exit codes. */
async function verdicts(place: Place, evidence: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const verifier of [
    [process.execPath, join(scripts, "verify_offline_bundle.mjs")],
    ["python3", join(scripts, "verify_offline_bundle.py")],
  ]) {
    const trusted = ["--trust", place.here("trust-root.json"), "--revocations", place.here("revocations.json")];
    const { code, out } = await offline([...verifier, evidence, ...trusted, "--format", "json"]);
    found.push([code, (JSON.parse(out) as { readonly verdict: string }).verdict]);
  }
  return found;
}

function cosignVerifies(place: Place, evidence: string): Promise<Ended> {
  const bundle = ["--bundle", join(evidence, "approvals/ok/1.sigstore.json"), "--insecure-ignore-tlog=true"];
  const plan = join(evidence, "plan.canonical.json");
  return run(place, "verify-blob-attestation", "--key", "cosign.pub", ...bundle, "--type", approvalType, plan);
}

t.test("what cosign signs as the guide says is an approval, and evidence like any other", needs(cosign), async (t) => {
  const { place, runId } = await placeOfCarol(t);
  t.match(await signAsDocumented(place), { out: /^approved ok of \S+ as carol\n$/m });
  await done(place, "resume", "last");
  const evidence = place.here(".packrun/evidence", runId);
  const kept = readFileSync(join(evidence, "approvals/ok/1.sigstore.json"), "utf8");
  t.equal(kept, readFileSync(place.here("carol.sigstore.json"), "utf8"), "kept as cosign wrote it");
  t.strictSame(await verdicts(place, evidence), [
    [0, "verified"],
    [0, "verified"],
  ]);
  t.match(await cosignVerifies(place, evidence), { err: /Verified OK/ });
});

t.test("what cosign signed is refused after a byte of it was changed", needs(cosign), async (t) => {
  const { place } = await placeOfCarol(t);
  await signAsDocumented(place, "packrun approvals import");
  const text = readFileSync(place.here("carol.sigstore.json"), "utf8");
  const bundle = JSON.parse(text) as { dsseEnvelope: { payload: string } };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  bundle.dsseEnvelope.payload = Buffer.from(payload.replace('"read it"', '"read at"')).toString("base64");
  place.write("changed.json", JSON.stringify(bundle));
  t.equal((await place.packrun("approvals", "import", "changed.json")).code, 5);
  t.match(place.ledger().at(-1), { eventType: "gate.refused", metadata: { code: "APPROVAL_SIGNATURE" } });
});

t.test("an encrypted private key of cosign signs in packrun with its password alone", needs(cosign), async (t) => {
  const { place, runId } = await placeOfCarol(t);
  t.match(readFileSync(place.here("cosign.key"), "utf8"), /^-----BEGIN ENCRYPTED (COSIGN|SIGSTORE) PRIVATE KEY-----/);
  const approve = ["approve", "last", "ok", "--key", "cosign.key", "--reason", "read", "--json"];
  const wrong = await place.start(approve, { COSIGN_PASSWORD: "battery staple" }).ended;
  t.not(wrong.code, 0);
  t.equal(faultOf(wrong).code, "KEY_PASSWORD");
  const right = await place.start(approve, password).ended;
  t.equal(right.code, 0, right.err);
  await done(place, "resume", "last");
  const evidence = place.here(".packrun/evidence", runId);
  t.strictSame(await verdicts(place, evidence), [
    [0, "verified"],
    [0, "verified"],
  ]);
  t.match(await cosignVerifies(place, evidence), { err: /Verified OK/ });
});

t.test(
  "with an Ed25519 key cosign makes Ed25519ph, which both refuse; in packrun the same key signs",
  needs(cosign),
  async (t) => {
    const place = await trustedPlace(t, "P-256");
    await offline(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "ed25519.pem"], { cwd: place.folder });
    await run(place, "import-key-pair", "--key", "ed25519.pem", "--output-key-prefix", "cosign");
    await done(place, "trust", "add", "cosign.pub", "--principal", "carol", "--role", "approver");
    await waitingRun(place);
    await signAsDocumented(place, "packrun approvals import");
    const imported = await place.packrun("approvals", "import", "carol.sigstore.json", "--json");
    t.equal(imported.code, 5);
    t.match(JSON.parse(imported.out), { items: [{ error: { code: "APPROVAL_SIGNATURE" } }] });
    const given = ["--key", "cosign.pub", "--bundle", "carol.sigstore.json", "--insecure-ignore-tlog=true"];
    const verify = [cosign.program, "verify-blob-attestation", ...given, "--type", approvalType];
    const itself = await offline([...verify, "request/plan.canonical.json"], { cwd: place.folder });
    t.match(itself, { code: 1, err: /signatures do not match threshold/ }, "cosign takes only the pure form, too");
    const approved = await place.start(["approve", "last", "ok", "--key", "cosign.key", "--reason", "read"], password)
      .ended;
    t.equal(approved.code, 0, approved.err);
  },
);
