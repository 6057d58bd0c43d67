import t from "tap";
import { sealRun } from "#app/seal-run.ts";
import { digestOf } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { VerifyOptions } from "#verify/verify.ts";
import { keys, must, rootBytes, samplePlan, sealedRun, sha256, START, type World } from "../app/sealed-world.ts";
import { revocations, type SampleRevocations } from "../trust/sample-revocations.ts";
import { check, eventsOf, filesOf, findings, resign, type Files } from "./bundle-tools.ts";

const world: World = await sealedRun();
const good: Files = filesOf(world.folder);
const root = world.trustRoot;
const demanding = rootBytes({ revocation: { required: true, maxAgeHours: 1000, minSequence: 2 } });
const nobody = `SHA256:${"A".repeat(43)}`;

const list = (sample?: SampleRevocations) => revocations(keys.root, sample);

/** The bundle with these files of a list in it, attested anew. */
async function sealedWith(sample: SampleRevocations, signer = keys.root): Promise<Files> {
  const { list: bytes, sidecar } = await revocations(signer, sample);
  return resign(new Map([...good, ["revocations.json", bytes], ["revocations.json.sigstore.json", sidecar]]));
}

async function found(more: Partial<VerifyOptions>, files = good, trustRoot: Uint8Array = root) {
  return findings(await check(files, trustRoot, more));
}

function whyOf(verdict: Awaited<ReturnType<typeof check>>): string {
  const { status = "", why = "" } = verdict.checks.find(({ name }) => name === "revocation") ?? {};
  return `${status}: ${why}`;
}

t.test("a list that revokes nothing of the bundle is passed and told with its sequence", async (t) => {
  const verdict = await check(good, root, { revocations: await list({ sequence: 4, entries: [["key", nobody]] }) });
  t.equal(verdict.verdict, "verified");
  t.match(whyOf(verdict), /^pass: nothing here is revoked by the site's list, sequence 4, good until 2026-12-01/);
  t.match(whyOf(await check(good, root)), /^skipped: no revocation list was given/);
  t.match(whyOf(await check(good)), /^skipped: no trust root/);
});

t.test("a run, a plan, and a pack by digest or by name and version are revoked", async (t) => {
  const { pack } = samplePlan();
  const { runId, planHash } = world.identity;
  const cases = [
    ["run", runId, "REVOKED_RUN"],
    ["plan", planHash, "REVOKED_PLAN"],
    ["pack", pack.digest, "REVOKED_PACK"],
    ["pack", `${pack.name}@${pack.version}`, "REVOKED_PACK"],
  ] as const;
  for (const [kind, value, code] of cases) {
    const revoked = await list({ entries: [[kind, value]] });
    t.same(await found({ revocations: revoked }), [`revocation: ${code}`]);
  }
  t.same(await found({ revocations: await list({ entries: [["pack", `${pack.name}@1.0.1`]] }) }), []);
});

t.test("a revoked key fails every signature that it made, whatever the time of verification", async (t) => {
  const by = async (name: keyof typeof keys) => ({
    revocations: await list({ entries: [["key", keys[name].keyid]] }),
  });
  t.same(await found(await by("attestor")), ["revocation: REVOKED_KEY", "approval-requests: REVOKED_KEY"]);
  t.same(await found(await by("requester")), ["run-request: REVOKED_KEY"]);
  const approver = await check(good, root, await by("approver-1"));
  t.same(findings(approver), ["approvals: REVOKED_KEY"]);
  t.match(approver.checks.find(({ name }) => name === "approvals")?.why, /it was stolen \(and 1 more\)/, "the quorum");
  const early = { ...(await by("requester")), at: timestampOf(START - 1000) };
  t.same(await found(early), ["run-request: REVOKED_KEY"], "before it was revoked, too");
  t.same(await found(await by("root")), [], "a revoker may revoke the key that it signs with");
});

t.test("a revoked attestation fails alone, named by its payload", async (t) => {
  const payloadOf = (path: string) => {
    const bundle = JSON.parse(Buffer.from(good.get(path) ?? "").toString()) as {
      readonly dsseEnvelope: { readonly payload: string };
    };
    return digestOf(Buffer.from(bundle.dsseEnvelope.payload, "base64"), sha256);
  };
  const cases = [
    ["evidence.manifest.json.sigstore.json", "revocation"],
    ["request.sigstore.json", "run-request"],
    ["approvals/ok/request.json.sigstore.json", "approval-requests"],
    ["approvals/ok/2.sigstore.json", "approvals"],
  ] as const;
  for (const [path, name] of cases) {
    const revoked = await list({ entries: [["payload", payloadOf(path)]] });
    t.same(await found({ revocations: revoked }), [`${name}: REVOKED_PAYLOAD`], path);
  }
});

t.test("what comes before the revocation of the key has passed, what comes behind it is not reached", async (t) => {
  const revoked = await list({ entries: [["key", keys.attestor.keyid]] });
  const { checks } = await check(good, root, { revocations: revoked });
  const status = (name: string) => checks.find((each) => each.name === name)?.status;
  t.same(["envelope", "payload-type", "signature", "role"].map(status), ["pass", "pass", "pass", "pass"]);
  t.same(["window", "quorum", "payload", "schema", "subject"].map(status), Array(5).fill("skipped"));
});

t.test("a trust root that demands a list is satisfied by none that is absent or older than its least", async (t) => {
  t.same(await found({}, good, demanding), ["revocation: REVOCATIONS_MISSING"]);
  const first = await list();
  t.same(await found({ revocations: first }, good, demanding), ["revocation: REVOCATIONS_ROLLBACK"]);
  t.same(await found({ revocations: await list({ sequence: 2 }) }, good, demanding), []);
});

t.test("a list that was not renewed in time is stale, by its own word or by the root's", async (t) => {
  const due = await list({ nextUpdate: timestampOf(START + 86_400_000) });
  t.same(await found({ revocations: due }), ["revocation: REVOCATIONS_STALE"]);
  t.same(await found({ revocations: due, at: timestampOf(START + 86_399_999) }), []);
  const strict = rootBytes({ revocation: { required: false, maxAgeHours: 24, minSequence: 0 } });
  const issued = (ms: number) => list({ issuedAt: timestampOf(START + ms) });
  t.same(await found({ revocations: await issued(0) }, good, strict), ["revocation: REVOCATIONS_STALE"]);
  t.same(await found({ revocations: await issued(1) }, good, strict), []);
  const verdict = await check(good, root, { revocations: due });
  t.equal(verdict.verdict, "stale");
});

t.test("what is revoked stays revoked by a list that is stale", async (t) => {
  const due = await list({
    nextUpdate: timestampOf(START + 86_400_000),
    entries: [["run", world.identity.runId]],
  });
  t.same(await found({ revocations: due }), ["revocation: REVOKED_RUN"]);
});

t.test("a list whose signer's key is out of its window is stale", async (t) => {
  const at = timestampOf(START + 9.5 * 86_400_000);
  const verdict = await check(good, root, { at, revocations: await list() });
  t.match(
    verdict.checks.find(({ name }) => name === "revocation"),
    { status: "stale", code: "KEY_WINDOW" },
  );
});

t.test("a list that is no list, or that no revoker of this domain signed, fails and revokes nothing", async (t) => {
  const made = await list();
  const other = await list({ sequence: 2 });
  const cases: readonly (readonly [string, VerifyOptions["revocations"]])[] = [
    ["REVOCATIONS_SYNTAX", { ...made, list: Buffer.from("{ }") }],
    ["REVOCATIONS_SHAPE", { ...made, list: Buffer.from("{}") }],
    ["REVOCATIONS_DOMAIN", await list({ trustDomain: "acme-staging" })],
    ["REVOCATIONS_UNSIGNED", { list: made.list }],
    ["ENVELOPE_SYNTAX", { ...made, sidecar: Buffer.from("") }],
    ["ROLE_NOT_HELD", await revocations(keys.requester)],
    ["SIGNATURE_KEY_UNKNOWN", await revocations(keys.stranger)],
    ["STATEMENT_SUBJECT", { ...made, sidecar: other.sidecar }],
    ["REVOCATIONS_MISMATCH", await list({ claim: { sequence: 2 } })],
    ["REVOCATIONS_MISMATCH", await list({ claim: { trustDomain: "acme-staging" } })],
  ];
  for (const [code, files] of cases) {
    t.ok((await found({ revocations: files as never })).includes(`revocation: ${code}`), code);
  }
});

t.test("the bundle's own list is a floor: it counts where the site has none, or an older one", async (t) => {
  const entries = [["run", world.identity.runId]] as const;
  t.match(whyOf(await check(await sealedWith({ sequence: 3 }), root)), /bundle's own list, sequence 3/);
  t.same(await found({}, await sealedWith({ sequence: 3, entries })), ["revocation: REVOKED_RUN"]);
  const older = { revocations: await list({ sequence: 2 }) };
  t.same(await found(older, await sealedWith({ sequence: 3, entries })), ["revocation: REVOKED_RUN"]);
  const same = { revocations: await list({ sequence: 3 }) };
  t.same(await found(same, await sealedWith({ sequence: 3, entries })), [], "of equal ones the site's counts");
  const newer = { revocations: await list({ sequence: 4 }) };
  t.same(await found(newer, await sealedWith({ sequence: 3, entries })), [], "what is not revoked any more");
  t.same(await found({}, await sealedWith({ sequence: 3 }), demanding), [], "it is a list, where one is demanded");
});

t.test("a bundle's list counts for nothing when the site revokes the key behind it", async (t) => {
  const both = rootBytes({ people: ["root", "requester", "attestor", "approver-1", "approver-2", "stranger"] });
  const forged = await sealedWith({ sequence: 1000 }, keys.stranger);
  const entries = [
    ["key", keys.stranger.keyid],
    ["run", world.identity.runId],
  ] as const;
  t.same(await found({ revocations: await list({ entries }) }, forged, both), ["revocation: REVOKED_RUN"]);
  const silent = await list({ entries: [["run", world.identity.runId]] });
  t.same(await found({ revocations: silent }, forged, both), [], "while nobody knows, the higher sequence counts");
});

t.test("a bundle's list that does not hold fails, also beside a good one of the site", async (t) => {
  const site = { revocations: await list({ sequence: 9 }) };
  t.same(await found(site, await sealedWith({}, keys.requester)), ["revocation: ROLE_NOT_HELD"]);
  const { list: bytes, sidecar } = await list();
  const unsigned = await resign(new Map([...good, ["revocations.json", bytes]]));
  t.same(await found(site, unsigned), ["revocation: REVOCATIONS_UNSIGNED"]);
  t.ok((await found({ ...site, requireDsse: true }, unsigned)).includes("revocation: SIGNATURE_ABSENT"));
  const headless = await resign(new Map([...good, ["revocations.json.sigstore.json", sidecar]]));
  t.same(await found(site, headless), ["revocation: EVIDENCE_FILE_MISSING"]);
  const signed = await found({ requireDsse: true }, await sealedWith({}));
  t.notOk(
    signed.some((each) => each.startsWith("revocation")),
    "with its signature it is there",
  );
});

t.test("a reason cannot write on a terminal", async (t) => {
  const entry = { kind: "run", value: world.identity.runId, reason: "a\u001b[31m\nb", revokedAt: timestampOf(START) };
  const verdict = await check(good, root, { revocations: await list({ more: { entries: [entry] } }) });
  t.match(whyOf(verdict), /: a \[31m b$/);
});

t.test("sealing keeps the site's list with its sidecar, and leaves out one that nobody signed", async (t) => {
  const floor = await list({ sequence: 7 });
  const sealed = { ...world.ports, revocations: floor };
  must(await sealRun(world.identity, sealed, `${world.folder}-floor`));
  const files = filesOf(`${world.folder}-floor`);
  t.same(files.get("revocations.json"), Buffer.from(floor.list));
  t.match(whyOf(await check(files, root)), /bundle's own list, sequence 7/);
  t.ok(eventsOf(files).length > 0);
  must(await sealRun(world.identity, { ...sealed, revocations: { list: floor.list } }, `${world.folder}-bare`));
  t.notOk(filesOf(`${world.folder}-bare`).has("revocations.json"));
});
