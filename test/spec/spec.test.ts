import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import t from "tap";
import { approvalRequestBytes } from "#attest/approval-request.ts";
import { pae } from "#attest/pae.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { runRequestPredicate } from "#attest/run-request.ts";
import { bundleBytes, PAYLOAD_TYPE } from "#attest/sidecar.ts";
import { statementBytes } from "#attest/statement.ts";
import { publicKeyPem } from "#attest/public-key.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf, digestOfJson, hexOf } from "#canon/digest.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { isTimestamp } from "#canon/timestamp.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { ROLES } from "#evidence/evidence-path.ts";
import type { Result } from "#fault/result.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import { celFunctions, celMacros } from "#plan/cel-functions.ts";
import { compilePlan } from "#plan/compile-plan.ts";
import { inputDigests } from "#plan/input-digests.ts";
import { inputsLock } from "#plan/inputs-lock.ts";
import { readPlan } from "#plan/read-plan.ts";
import { egressLineShape } from "#run/egress-line.ts";
import { eventTypes } from "#run/event.ts";
import { eventBytes, genesisHash, genesisHead, sealEvent } from "#run/ledger-chain.ts";
import { retryWait, seedOf } from "#run/retry-wait.ts";
import { etcFiles, inside, INSIDE_PATH } from "#sandbox/root/inside.ts";
import { credentialPaths, hiddenAtRoot, hiddenFileSystems, hiddenInEtc } from "#sandbox/root/hidden-paths.ts";
import { keySigner } from "#signer/key-signer.ts";
import { nodeSha256 as sha256 } from "#signer/node-crypto.ts";
import { builtIns } from "#step/built-ins.ts";
import { STANDARD_ROLES } from "#trust/edit-root.ts";
import { CheckList } from "#verify/check-list.ts";
import { readCodeTables } from "../../scripts/code-tables.ts";

const spec = readFileSync("SPEC.md", "utf8");

function must<T>(found: Result<T, unknown> | T | undefined): T {
  if (found === undefined) {
    throw new Error("there is no such value");
  }
  if (typeof found === "object" && found !== null && "ok" in found) {
    if (!found.ok) {
      throw new Error(JSON.stringify(found.fault));
    }
    return found.value;
  }
  return found;
}

/** An environment in which every variable is there shows which of them are asked for. */
const credentialVariables = credentialPaths(new Proxy({}, { get: (_, name) => `/${String(name)}` })).map((path) =>
  path.slice(1),
);

/** The text of the section with this heading, up to the next one of the same level. */
function section(heading: string): string {
  const start = spec.indexOf(`\n## ${heading}`);
  const end = spec.indexOf("\n## ", start + 1);
  return spec.slice(start, end === -1 ? undefined : end);
}

/** What stands between fences that open with this word, in the order of the text. */
function fenced(language: string): readonly string[] {
  return [...spec.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1] ?? "");
}

const [packText = ""] = fenced("yaml");
const [planText = "", lockText = ""] = fenced("json").map((text) => text.trimEnd());
const packBytes = encodeUtf8(packText);
const listing = [
  { path: "pack.yaml", mode: "644", size: packBytes.length, sha256: hexOf(digestOf(packBytes, sha256)) },
] as const;
const planBytes = encodeUtf8(planText);
const planHash = digestOf(planBytes, sha256);
const identity = {
  runId: must(parseRunId("019b8cc2-8400-7000-8000-000000000001")),
  tenantId: must(parseTenantId("default")),
  trustDomain: must(parseTrustDomain("acme-prod")),
  planHash,
};

function time(text: string) {
  if (!isTimestamp(text)) {
    throw new Error(text);
  }
  return text;
}

/** RFC 8032, section 7.1, test 1: its signatures are the same in every run. */
function signerOfRfc8032() {
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
  return must(keySigner(createPrivateKey({ key: der, format: "der", type: "pkcs8" })));
}

function runRequestPayload(): Uint8Array {
  return statementBytes(runRequestPredicate, [{ name: "plan.canonical.json", digest: planHash }], {
    ...identity,
    requestedBy: "operator-1",
    authn: { kind: "key" },
    requestedAt: time("2026-01-05T08:00:00.000Z"),
    nonce: "000102030405060708090a0b0c0d0e0f",
  });
}

t.test("the example pack is accepted, and its manifest and digest are those of the text", async (t) => {
  must(readPack(packBytes, { file: "pack.yaml", files: listing }));
  t.ok(spec.includes(`${canonicalJson(listing)}\n${treeDigest(listing, sha256)}\n`));
});

t.test("the example pack compiles to the plan, the planHash and the inputs lock of the text", async (t) => {
  const pack = must(readPack(packBytes, { file: "pack.yaml", files: listing }));
  const { plan, bytes } = must(
    compilePlan({
      pack,
      packDigest: treeDigest(listing, sha256),
      packFiles: listing,
      inputs: { name: { type: "string", value: "world" } },
      builtIns,
      sha256,
    }),
  );
  t.equal(decodeUtf8(bytes), planText);
  t.ok(spec.includes(`planHash \`${planHash}\``));
  const lock = inputsLock({
    plan,
    planHash,
    tenantId: identity.tenantId,
    sources: { name: "default" },
    providers: new Map(),
    sha256,
  });
  t.equal(decodeUtf8(lock), lockText);
  t.ok(spec.includes(`Its digest is \`${digestOf(lock, sha256)}\``));
  t.ok(spec.includes(`(the digest of \`"world"\` is \`${digestOfJson("world", sha256)}\`)`));
});

t.test("genesis hash and first event are those of the text", async (t) => {
  t.ok(spec.includes(`identity  ${canonicalJson(identity)}\n`));
  t.ok(spec.includes(`genesis   ${genesisHash(identity, sha256)}\n`));
  const created = sealEvent(
    {
      eventType: "run.created",
      metadata: {
        requestedBy: "operator-1",
        requestDigest: digestOf(runRequestPayload(), sha256),
        inputsLock: digestOf(encodeUtf8(lockText), sha256),
        packDigest: treeDigest(listing, sha256),
        packSource: "folder",
      },
    },
    genesisHead(identity, sha256),
    Date.UTC(2026, 0, 5, 8),
    sha256,
  );
  t.ok(spec.includes(`line 1    ${decodeUtf8(eventBytes(created))}`));
});

t.test("waits and seed are those of the text", async (t) => {
  const retry = { maxAttempts: 3, initialMs: 1000, factor: 2, maxMs: 60_000 };
  const [first, second] = [1, 2].map((n) => retryWait(retry, "hello", n, planHash, sha256));
  t.match(spec.replaceAll("\n", " "), `${first} ms after attempt 1, ${second} ms after attempt 2`);
  t.ok(spec.includes(`seed \`${seedOf("hello", planHash, sha256)}\``));
});

t.test("the keyids are those of the keys beside them", async (t) => {
  const rows = [...spec.matchAll(/`(M[A-Za-z0-9+/]{50,}={0,2})` \| `(SHA256:[A-Za-z0-9+/]{43})`/g)];
  t.equal(rows.length, 2);
  for (const [, base64 = "", keyid] of rows) {
    const pem = publicKeyPem(new Uint8Array(Buffer.from(base64, "base64")));
    t.equal(must(readPublicKey(pem, sha256)).keyid, keyid);
  }
});

t.test("the signed run request is, byte for byte, that of the text", async (t) => {
  const signer = signerOfRfc8032();
  t.ok(spec.includes(`\n${decodeUtf8(pae(PAYLOAD_TYPE, encodeUtf8("{}")))}\n`));
  const payload = runRequestPayload();
  const signature = must(await signer.sign(pae(PAYLOAD_TYPE, payload)));
  const sidecar = bundleBytes({ payload, signature, keyid: signer.keyid });
  t.ok(spec.includes(`payload       ${decodeUtf8(payload)}\n`));
  t.ok(spec.includes(`payloadDigest ${digestOf(payload, sha256)}\n`));
  t.ok(spec.includes(`sig           ${Buffer.from(signature).toString("base64")}\n`));
  t.ok(spec.includes(`sidecar       ${sidecar.length} bytes, ${digestOf(sidecar, sha256)}\n`));
});

t.test("the approval request and its digest are those of the text", async (t) => {
  const plan = must(readPlan(planBytes));
  const request = approvalRequestBytes({
    ...identity,
    gateId: "ok",
    approval: "go",
    requestedBy: "operator-1",
    requestedAt: time("2026-01-05T08:00:00.100Z"),
    ttlMs: plan.approvals["go"]?.ttlMs ?? 0,
    nonce: "101112131415161718191a1b1c1d1e1f",
    pack: plan.pack,
    inputs: inputDigests(plan, sha256),
  });
  t.ok(spec.includes(`${decodeUtf8(request)}\nrequestDigest ${digestOf(request, sha256)}\n`));
});

t.test("every code that the text names exists", async (t) => {
  const codes = new Set((await readCodeTables(process.cwd())).flatMap(({ table }) => Object.keys(table)));
  const others =
    /^(?:PACKRUN_|SOURCE_DATE_EPOCH$|COSIGN_PASSWORD$|RLIMIT_[A-Z]+$|VAULT_[A-Z]+$|NODE_[A-Z_]+$|[A-Z]+_PROXY$)/;
  const named = [...spec.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map((match) => match[1] ?? "");
  const unknown = [...new Set(named)].filter(
    (name) => !codes.has(name) && !others.test(name) && !credentialVariables.includes(name),
  );
  t.strictSame(unknown, []);
});

t.test("every check stands in the table of checks, in the order of the report", async (t) => {
  const table = section("10 Verification").split("### 10.2")[1]?.split("### 10.3")[0] ?? "";
  const rows = [...table.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|/gm)].map((match) => match[1] ?? "");
  t.strictSame(
    rows.join(", ").replaceAll("`", "").split(", "),
    new CheckList().report().map(({ name }) => name),
  );
});

t.test("every type of event stands in the table of events", async (t) => {
  const table = section("5 Ledger").split("### 5.1")[0] ?? "";
  const rows = [...table.matchAll(/^\| (`[a-z]+\.[A-Za-z]+`(?:, `[a-z]+\.[A-Za-z]+`)*) \|/gm)].map(
    (match) => match[1] ?? "",
  );
  const named = rows.join(", ").replaceAll("`", "").split(", ");
  t.strictSame(named.toSorted(), Object.keys(eventTypes).toSorted());
});

t.test("every member of a line of egress.jsonl stands in its table", async (t) => {
  const table = section("9 Evidence bundle").split("### 9.6")[1] ?? "";
  const { properties, required } = egressLineShape.schema as { properties: object; required: readonly string[] };
  for (const member of Object.keys(properties)) {
    t.match(table, required.includes(member) ? `\`${member}\`!` : `\`${member}\``, member);
  }
});

t.test("every role of a bundle's file, and every standard role of a trust root, is named", async (t) => {
  const bundle = section("9 Evidence bundle");
  t.strictSame(
    ROLES.filter((role) => !bundle.includes(`\`${role}\``)),
    [],
  );
  const root = section("7 Trust root");
  t.strictSame(
    STANDARD_ROLES.filter((role) => !root.includes(`\`${role}\``)),
    [],
  );
});

t.test("every function, macro and built-in is named", async (t) => {
  const packs = section("2 Packs");
  const names = [...Object.keys(celFunctions), ...Object.keys(celMacros), ...builtIns.keys()];
  t.strictSame(
    names.filter((name) => !packs.includes(`\`${name}\``)),
    [],
  );
  const offered = [...builtIns.values()].flatMap(({ outputs }) => Object.keys(outputs));
  t.strictSame(
    offered.filter((name) => !packs.includes(`\`${name}\``)),
    [],
  );
});

t.test("every path and fixed file of the sandbox is named", async (t) => {
  const sandbox = section("11 Sandbox");
  const { root: _root, ...paths } = inside;
  t.strictSame(
    Object.values(paths).filter((path) => !sandbox.includes(`\`${path}`)),
    [],
  );
  t.strictSame(
    Object.keys(etcFiles).filter((name) => !sandbox.includes(`\`${name}\``)),
    [],
  );
  t.ok(sandbox.includes(`PATH=${INSIDE_PATH}`));
});

t.test("the specification names what restricted hides, each with its reason", async (t) => {
  const text = section("11 Sandbox");
  for (const { path, because } of [...hiddenAtRoot, ...hiddenInEtc]) {
    const row = text.split("\n").find((line) => line.startsWith("| `/") && line.endsWith(`| ${because} |`));
    t.ok(row?.includes(`\`${path}\``), `${path}: ${because}`);
  }
  [...hiddenFileSystems, ...credentialVariables].forEach((word) => t.ok(text.includes(`\`${word}\``), word));
});
