import t from "tap";
import { compilePlan } from "#plan/compile-plan.ts";
import { inputsLock } from "#plan/inputs-lock.ts";
import { readPack } from "#pack/read-pack.ts";
import { builtIns } from "#step/built-ins.ts";
import { archiveSource } from "#bundle/archive.ts";
import { claimOf } from "#bundle/assemble.ts";
import { checkSbomTools, type PackSbom } from "#layout/pack-sbom.ts";
import { packTools } from "#layout/pack-tools.ts";
import { verifyPackBundle } from "#bundle/verify-pack-bundle.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import { packBundlePredicate } from "#attest/pack-bundle.ts";
import { readStatement } from "#attest/read-statement.ts";
import { statementBytes } from "#attest/statement.ts";
import { code } from "../attest/signing.ts";
import { document, NOW, people, role, rootOf, time } from "../trust/world.ts";
import { revocations } from "../trust/sample-revocations.ts";
import { bundleOf, bytesOf, FILES, found, packOf, publishing, verified, type BundleSample } from "./bundle-world.ts";

type Component = PackSbom["components"][number] & { readonly hashes?: readonly object[] };

const of = async (sample: BundleSample, check: string): Promise<string> =>
  found(await verified((await bundleOf(sample)).bytes), check);

/** Plan and lock of the sample pack. */
function planOf(packDigest: Digest = packOf().packDigest): { readonly plan: Uint8Array; readonly lock: Uint8Array } {
  const pack = readPack(encodeUtf8(FILES["pack.yaml"] ?? ""), { file: "pack.yaml", files: packOf().listing });
  if (!pack.ok) {
    throw new Error("the sample is a pack");
  }
  const compiled = compilePlan({
    pack: pack.value,
    packDigest,
    packFiles: packOf().listing,
    builtIns,
    sha256,
    inputs: {},
  });
  if (!compiled.ok) {
    throw new Error("the sample compiles");
  }
  const { plan, planHash, bytes } = compiled.value;
  const tenantId = "default" as TenantId;
  return { plan: bytes, lock: inputsLock({ plan, planHash, tenantId, sources: {}, providers: new Map(), sha256 }) };
}

t.test("a whole bundle verifies, with every check in the report", async (t) => {
  const { bytes, pack, manifest } = await bundleOf();
  const { verdict } = await verified(bytes);
  t.equal(verdict.verdict, "verified");
  t.equal(verdict.trustDomain, "acme-prod");
  t.strictSame(verdict.subject, {
    type: "pack",
    name: "acme/tool",
    version: "1.2.0",
    packDigest: pack.packDigest,
    manifestDigest: manifest.digest,
  });
  t.equal(verdict.checks.length, 13);
  t.strictSame((await verified(bytes)).verdict, verdict, "twice the same");
});

t.test("no changed byte of a bundle verifies", async (t) => {
  const { bytes } = await bundleOf();
  const step = 211;
  for (let at = 0; at < bytes.length; at += step) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    const { verdict } = await verified(changed);
    if (verdict.verdict !== "failed") {
      t.fail(`byte ${at} may be changed`);
    }
  }
  t.pass(`${Math.ceil(bytes.length / step)} bytes`);
});

t.test("without a trust root nothing is a pass, but everything is looked at", async (t) => {
  const { bytes } = await bundleOf();
  const startHash = () => ({ update: () => undefined, digest: () => new Uint8Array(32) });
  const source = {
    size: bytes.length,
    read: async function* read(start: number, size: number) {
      yield bytes.subarray(start, start + size);
    },
  };
  const given = await verifyPackBundle(
    archiveSource(source),
    { at: time("2026-06-01T12:00:00.000Z") },
    { sha256, verifySignature, startHash },
  );
  t.equal(found(given, "trust-root"), "VERIFY_TRUST_MISSING");
  t.equal(found(given, "archive"), "pass");
  t.equal(given.verdict.verdict, "failed");
  const broken = { ...source, read: () => new ReadableStream({ start: (flow) => flow.error(new Error("EIO")) }) };
  const torn = await verifyPackBundle(
    archiveSource(broken),
    { at: time("2026-06-01T12:00:00.000Z") },
    { sha256, verifySignature, startHash },
  );
  t.equal(found(torn, "archive"), "PACK_BUNDLE_UNREADABLE");
});

t.test("what is stripped is missed, each by its name", async (t) => {
  t.equal(await of({ without: ["publisher"] }, "publisher"), "PACK_ATTESTATION_MISSING");
  t.equal(await of({ without: ["sbom"] }, "sbom"), "PACK_SBOM_MISSING");
  t.equal(await of({ without: ["sbom"] }, "referrers"), "PACK_REFERRERS_MISMATCH");
  t.equal(await of({ without: ["sbom-attestation"] }, "sbom-attestation"), "PACK_SBOM_UNATTESTED");
  t.equal(await of({ without: ["sbom-attestation"] }, "referrers"), "PACK_REFERRERS_MISMATCH");
  t.equal(await of({ without: ["revocations"] }, "revocation"), "PACK_REVOCATIONS_MISSING");
  const everything = await bundleOf({ without: ["publisher", "sbom", "sbom-attestation", "revocations"] });
  t.equal((await verified(everything.bytes)).verdict.verdict, "failed");
});

t.test("what the publisher did not list was put in", async (t) => {
  t.equal(await of({ claim: { referrers: [] } }, "referrers"), "PACK_REFERRERS_MISMATCH");
  const other = [{ digest: `sha256:${"0".repeat(64)}`, artifactType: "x" }];
  t.equal(await of({ claim: { referrers: other } }, "referrers"), "PACK_REFERRERS_MISMATCH");
});

t.test("only a publisher of the pack counts, in its scope and window", async (t) => {
  t.equal(await of({ publisher: people.mallory }, "publisher"), "SIGNATURE_KEY_UNKNOWN");
  t.equal(await of({ publisher: people.alice }, "publisher"), "ROLE_NOT_HELD");
  t.equal(await of({ publisher: people.retired }, "publisher"), "KEY_WINDOW");
  const { bytes } = await bundleOf();
  const elsewhere = rootOf(
    publishing((made) => {
      made.roles = { ...made.roles, "pack-publisher": { ...role("bob"), packs: ["other/*"] } };
    }),
  );
  t.equal(found(await verified(bytes, { root: elsewhere }), "publisher"), "ROLE_SCOPE");
});

t.test("an attestation of another pack, version or trust domain is none of this one", async (t) => {
  for (const claim of [
    { name: "acme/other" },
    { version: "9.9.9" },
    { packDigest: `sha256:${"0".repeat(64)}` },
    { trustDomain: "elsewhere" },
  ]) {
    t.equal(await of({ claim }, "bindings"), "PACK_CLAIM_MISMATCH");
  }
  const { "pack.yaml": _, ...without } = FILES;
  t.equal(await of({ files: without }, "pack"), "PACK_CONTENT_INVALID");
  t.equal(
    await of({ files: { ...FILES, "pack.yaml": " ".repeat(8 * 1024 ** 2 + 1) } }, "pack"),
    "PACK_CONTENT_INVALID",
  );
  t.equal(await of({ files: { ...FILES, "pack.yaml": "a: b" } }, "pack"), "pass", "no verifier reads YAML");
});

t.test("the SBOM matches the pack both ways, and is the attested one", async (t) => {
  const components = (change: (list: readonly { name: string }[]) => readonly object[]): BundleSample => ({
    sbom: (sbom) => ({ ...sbom, components: change(sbom.components) }),
  });
  t.equal(
    await of(
      components((list) => list.slice(1)),
      "sbom",
    ),
    "PACK_SBOM_MISMATCH",
  );
  t.equal(
    await of(
      components(([first, ...rest]) => [first!, first!, ...rest]),
      "sbom",
    ),
    "PACK_SBOM_MISMATCH",
  );
  t.equal(
    await of(
      components(([first, ...rest]) => [{ ...first, name: "ghost" }, ...rest]),
      "sbom",
    ),
    "PACK_SBOM_MISMATCH",
  );
  const hashes = [{ alg: "SHA-256", content: "0".repeat(64) }];
  t.equal(
    await of(
      components(([first, ...rest]) => [{ ...first, hashes }, ...rest]),
      "sbom",
    ),
    "PACK_SBOM_MISMATCH",
  );
  const renamed: BundleSample = {
    sbom: (sbom) => ({ ...sbom, metadata: { component: { ...sbom.metadata.component, version: "0.0.1" } } }),
  };
  t.equal(await of(renamed, "sbom"), "PACK_SBOM_MISMATCH");
  t.equal(await of({ sbom: (sbom) => ({ ...sbom, specVersion: "1.5" }) }, "sbom"), "PACK_SBOM_INVALID");
  const attestedSbom: BundleSample["attestedSbom"] = (sbom) => ({ ...sbom, components: sbom.components.slice(1) });
  t.equal(await of({ attestedSbom }, "sbom-attestation"), "PACK_SBOM_UNATTESTED");
});

const PACK_WITH_TOOLS = JSON.stringify({
  apiVersion: "packrun.dev/v1",
  kind: "TaskPack",
  metadata: { name: "acme/tool", version: "1.2.0" },
  spec: {
    sandbox: { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: "64Mi", pids: 16 } },
    policies: { licences: { engine: "rego", module: "data/list.txt", entrypoint: "a/b" } },
    steps: [
      { id: "go", run: { command: ["./run.sh"] } },
      { id: "scan", run: { command: ["syft", "."] } },
      { id: "text", run: { script: "true" } },
      { id: "again", run: { command: ["sh", "-c", "true"] } },
      { id: "check", gate: { policy: "licences" } },
    ],
  },
});

t.test("the SBOM names every tool of the plan, by digest where it is in the pack, and no other", async (t) => {
  const files = { ...FILES, "pack.yaml": PACK_WITH_TOOLS };
  const { bytes, files: made } = await bundleOf({ files });
  t.equal((await verified(bytes)).verdict.verdict, "verified");
  const sbom = JSON.parse(Buffer.from(made.sbom?.[0] ?? new Uint8Array()).toString()) as PackSbom;
  const marked = sbom.components.filter(({ properties }) => properties !== undefined);
  t.strictSame(
    marked.map((each: Component) => [each.type, each.name, each.properties?.map(({ value }) => value), each.hashes]),
    [
      ["file", "data/list.txt", ["policy"], sbom.components[0]?.type === "file" ? sbom.components[0].hashes : []],
      ["file", "run.sh", ["command"], (sbom.components[3] as Component).hashes],
      ["application", "sh", ["command", "shell"], undefined],
      ["application", "syft", ["command"], undefined],
    ],
  );
  const read = readPack(encodeUtf8(PACK_WITH_TOOLS), { file: "pack.yaml", files: packOf(files).listing });
  const tools = read.ok ? packTools(read.value) : [];
  const told = (change: (list: readonly Component[]) => readonly object[]): string =>
    code(checkSbomTools({ ...sbom, components: change(sbom.components) } as PackSbom, tools));
  t.equal(
    told((list) => list),
    "ok",
  );
  t.equal(
    told((list) => list.filter(({ name }) => name !== "syft")),
    "PACK_SBOM_TOOLS",
    "one is left out",
  );
  t.equal(
    told((list) => [...list, { ...list.at(-1), name: "curl" }]),
    "PACK_SBOM_TOOLS",
    "one is put in",
  );
  t.equal(
    told((list) => [...list, list.at(-1) ?? {}]),
    "PACK_SBOM_TOOLS",
    "one twice",
  );
  const plain = ({ type, name, hashes, "bom-ref": ref }: Component): object => ({ type, name, hashes, "bom-ref": ref });
  const unmarked = told((list) => list.map((each) => (each.type === "file" ? plain(each) : each)));
  t.equal(unmarked, "PACK_SBOM_TOOLS", "files are not marked");
  const other = [{ name: "packrun:tool", value: "shell" }];
  const misused = told((list) => list.map((each) => (each.name === "syft" ? { ...each, properties: other } : each)));
  t.equal(misused, "PACK_SBOM_TOOLS", "used for something else");
});

t.test("documents of others are carried and hashed, but not judged", async (t) => {
  const attachments = { spdx: '{"spdxVersion":"SPDX-2.3"}', spdx3: "not even JSON" };
  const { bytes, pieces } = await bundleOf({ attachments });
  const { verdict } = await verified(bytes);
  t.equal(verdict.verdict, "verified");
  t.match(
    verdict.checks.find(({ name }) => name === "blobs")?.why,
    /not judged: application\/spdx\+json, application\/spdx3\+json$/,
  );
  t.equal(await of({ attachments, without: ["spdx"] }, "referrers"), "PACK_REFERRERS_MISMATCH", "one was stripped");
  const forged = pieces.map((piece) =>
    "bytes" in piece && piece.size === 13 ? { ...piece, bytes: encodeUtf8("not even YAML") } : piece,
  );
  t.equal(found(await verified(await bytesOf(forged)), "blobs"), "PACK_BUNDLE_BLOB_DIGEST");
});

const asOlder =
  (older: string) =>
  (payload: Uint8Array): Uint8Array =>
    encodeUtf8((decodeUtf8(payload) ?? "").replace("https://in-toto.io/Statement/v1", older).replace('{"', '{ "'));

t.test("others may attest the SBOM, also with the older statement, which is taken nowhere else", async (t) => {
  const older = "https://in-toto.io/Statement/v0.1";
  t.equal(await of({ sbomStatement: asOlder(older) }, "sbom-attestation"), "pass");
  const made = await bundleOf({ sbomStatement: asOlder(older) });
  t.equal((await verified(made.bytes)).verdict.verdict, "verified");
  const v1 = asOlder("https://in-toto.io/Statement/v1");
  t.equal(await of({ sbomStatement: v1 }, "sbom-attestation"), "STATEMENT_NOT_CANONICAL");
  const v02 = asOlder("https://in-toto.io/Statement/v0.2");
  t.equal(await of({ sbomStatement: v02 }, "sbom-attestation"), "STATEMENT_NOT_CANONICAL");
  const twice = (payload: Uint8Array) =>
    encodeUtf8((decodeUtf8(asOlder(older)(payload)) ?? "").replace("{ ", `{ "_type":"${older}",`));
  t.equal(await of({ sbomStatement: twice }, "sbom-attestation"), "STATEMENT_NOT_CANONICAL", "a member twice");
  const { pack, manifest } = await bundleOf();
  const claim = statementBytes(packBundlePredicate, [{ name: "x", digest: manifest.digest }], {
    ...claimOf(pack, { trustDomain: document().trustDomain, createdAt: NOW }, []),
  });
  const elsewhere = readStatement(asOlder(older)(claim), packBundlePredicate);
  t.equal(code(elsewhere), "STATEMENT_NOT_CANONICAL");
  const canonical = encodeUtf8((decodeUtf8(claim) ?? "").replace("Statement/v1", "Statement/v0.1"));
  t.equal(code(readStatement(canonical, packBundlePredicate)), "STATEMENT_TYPE");
});

t.test("the bundle's list is a floor, and the site's counts where it is as new", async (t) => {
  const own = { list: { entries: [["pack", packOf().packDigest]] } } as const;
  t.equal(await of(own, "revocation"), "REVOKED_PACK");
  const { bytes } = await bundleOf(own);
  const site = await revocations(people.carol.signer, { sequence: 2 });
  t.equal(found(await verified(bytes, { revocations: site }), "revocation"), "pass", "the site's is newer");
  const { bytes: clean } = await bundleOf();
  const entries = [["pack", "acme/tool@1.2.0"]] as const;
  const strict = await revocations(people.carol.signer, { entries });
  t.equal(found(await verified(clean, { revocations: strict }), "revocation"), "REVOKED_PACK");
  const byKey = await revocations(people.carol.signer, { sequence: 3, entries: [["key", people.bob.key.keyid]] });
  t.equal(found(await verified(clean, { revocations: byKey }), "publisher"), "REVOKED_KEY");
  t.equal(found(await verified(clean, { revocations: byKey }), "sbom-attestation"), "REVOKED_KEY");
});

t.test("time takes the force of lists and roots, and makes a bundle stale", async (t) => {
  const { bytes } = await bundleOf({ list: { nextUpdate: "2026-05-01T00:00:00.000Z" } });
  const late = await verified(bytes);
  t.equal(found(late, "revocation"), "REVOCATIONS_STALE");
  t.equal(late.verdict.verdict, "stale");
  const site = await revocations(people.carol.signer, { sequence: 2 });
  t.equal((await verified(bytes, { revocations: site })).verdict.verdict, "verified", "the site's list is fresh");
  const expired = await verified((await bundleOf()).bytes, { at: time("2027-06-01T00:00:00.000Z") });
  t.equal(found(expired, "freshness"), "TRUST_ROOT_EXPIRED");
});

t.test("a list of others, or none signed, is no list", async (t) => {
  t.equal(await of({ list: { trustDomain: "elsewhere" } }, "revocation"), "REVOCATIONS_DOMAIN");
  const { bytes } = await bundleOf();
  const demanding = rootOf(
    publishing((made) => {
      made.policy = { revocation: { required: true, maxAgeHours: 100_000, minSequence: 5 } };
    }),
  );
  t.equal(found(await verified(bytes, { root: demanding }), "revocation"), "REVOCATIONS_ROLLBACK");
});

t.test("versions below the least that the trust root takes are refused", async (t) => {
  const { bytes } = await bundleOf();
  const since = (least: string) => rootOf(publishing((made) => (made.policy = { minVersion: { "acme/tool": least } })));
  t.equal(found(await verified(bytes, { root: since("1.2.1") }), "min-version"), "PACK_BELOW_MINIMUM");
  t.equal(found(await verified(bytes, { root: since("1.2.0") }), "min-version"), "pass");
});

t.test("a plan in the bundle is the attested one, of this pack, with its lock", async (t) => {
  const plan = planOf();
  t.equal(await of({ plan }, "plan"), "pass");
  t.equal(await of({ plan, without: ["plan"] }, "plan"), "PACK_PLAN_MISMATCH");
  t.equal(await of({ plan, claim: { plan: undefined } }, "plan"), "PACK_PLAN_MISMATCH");
  const hash = `sha256:${"0".repeat(64)}`;
  t.equal(await of({ plan, claim: { plan: { hash, canonicalPlanPath: "x" } } }, "plan"), "PACK_PLAN_MISMATCH");
  t.equal(await of({ plan: planOf(hash as Digest) }, "plan"), "PACK_PLAN_MISMATCH", "a plan of another pack");
  const lock = canonicalBytes({ ...(JSON.parse(Buffer.from(plan.lock).toString()) as object), planHash: hash });
  t.equal(await of({ plan: { ...plan, lock } }, "plan"), "PACK_PLAN_MISMATCH", "a lock of another plan");
  t.equal(await of({ plan: { ...plan, plan: encodeUtf8("{}") } }, "plan"), "PLAN_FILE");
  t.equal(await of({}, "plan"), "skipped");
});

t.test("a pack of many files verifies, and is written the same again", async (t) => {
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`many/${at}.txt`, String(at)]));
  const files = { ...FILES, ...many };
  const { bytes, pieces } = await bundleOf({ files });
  t.equal(pieces.length, Object.keys(files).length + 2 + 1 + 5 + 5);
  t.equal((await verified(bytes)).verdict.verdict, "verified");
  t.ok(Buffer.from(await bytesOf(pieces, files)).equals(bytes));
});
