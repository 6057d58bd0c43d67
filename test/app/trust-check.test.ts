import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ensureDevelopmentTrust } from "#app/development-trust.ts";
import { heldRevocations } from "#app/revocation-standing.ts";
import { trustCheck, type TrustChecked } from "#app/trust-check.ts";
import { trustAdd, trustInit, trustPolicy, trustSign, type TrustTools } from "#app/trust-edit.ts";
import { readTrustFile } from "#app/trust-file.ts";
import { admitRoot, lastRevocations, type RootPlace } from "#app/trust-memory.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, value } from "../attest/signing.ts";
import { revocations } from "../trust/sample-revocations.ts";

const NOW = Date.UTC(2026, 5, 1);

type Desk = { readonly dir: string; readonly file: string; readonly tools: TrustTools };

/** A root in version 2: `ann` is root, `eve` approves until a second later. */
async function desk(t: { readonly teardown: (work: () => void) => void }): Promise<Desk> {
  const dir = mkdtempSync(join(tmpdir(), "packrun-check-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const tools = { keyring: fileKeyring, now: () => NOW, stateFolder: join(dir, ".packrun") };
  mkdirSync(tools.stateFolder);
  const file = join(dir, "trust-root.json");
  const ann = value(await fileKeyring.writePair(join(dir, "ann"), "ed25519"));
  const eve = value(await fileKeyring.writePair(join(dir, "eve"), "ed25519"));
  value(await trustInit({ trustDomain: "acme", rootKeys: [ann.publicFile], out: file }, tools));
  const grant = { principal: "eve", roles: ["approver"], validUntil: timestampOf(NOW + 1000) };
  value(await trustAdd({ file, keyFile: eve.publicFile, ...grant }, tools));
  return { dir, file, tools };
}

function placeOf({ file, tools }: Desk): RootPlace {
  const { keyring, now, stateFolder } = tools;
  return { ...keyring, now, settings: { trustFile: file, stateFolder } };
}

const statusOf = (checked: TrustChecked, name: string): string | undefined =>
  checked.checks.find((check) => check.name === name)?.status;

t.test("an unsigned draft passes but for its step, which is not looked at yet", async (t) => {
  const { file, tools } = await desk(t);
  const checked = value(await trustCheck(file, tools));
  t.match(checked, { trustDomain: "acme", version: 2, exitCode: 0 });
  t.equal(statusOf(checked, "step"), "skipped");
});

t.test("a signed step passes, one signed by too few fails", async (t) => {
  const { dir, file, tools } = await desk(t);
  const sign = { file, keyFile: join(dir, "ann.key"), password: () => Promise.resolve(undefined) };
  value(await trustSign(sign, tools));
  t.equal(statusOf(value(await trustCheck(file, tools)), "step"), "pass");
  const later = { ...tools, now: () => NOW + 366 * 86_400_000 };
  const checked = value(await trustCheck(file, later));
  t.match(checked, { exitCode: 7 });
  t.equal(statusOf(checked, "step"), "fail", "the root key is out of its window by then");
});

t.test("a version after the one that was used from here must be signed, and each in between", async (t) => {
  const { dir, file, tools } = await desk(t);
  const step = async () => value(await trustCheck(file, tools)).checks.find(({ name }) => name === "step");
  const sign = { file, keyFile: join(dir, "ann.key"), password: () => Promise.resolve(undefined) };
  const first = value(await readTrustFile(join(dir, "1.trust-root.json"), fileKeyring.sha256));
  value(await admitRoot(first.root, placeOf({ dir, file, tools })));
  t.match(await step(), { status: "fail", code: "TRUST_ROOT_THRESHOLD" });
  value(await trustSign(sign, tools));
  t.match(await step(), { status: "pass", why: /of version 1 and of each since$/ });
  value(await trustPolicy({ file, revocations: "optional" }, tools));
  value(await trustSign(sign, tools));
  t.match(await step(), { status: "pass", why: /of version 1 and of each since$/ });
  rmSync(join(dir, "2.trust-root.json"));
  t.match(await step(), { status: "fail", code: "TRUST_ROOT_STEP" });
});

t.test("that the root is named makes no step good, and what is looked at is not remembered", async (t) => {
  const { dir, file, tools } = await desk(t);
  const place = placeOf({ dir, file, tools });
  const first = value(await readTrustFile(join(dir, "1.trust-root.json"), fileKeyring.sha256));
  value(await admitRoot(first.root, place));
  value(await trustAdd({ file, keyFile: join(dir, "eve.pub"), principal: "eve", roles: ["revoker"] }, tools));
  const signer = value(await fileKeyring.open(join(dir, "eve.key"), () => Promise.resolve(undefined)));
  const sample = { trustDomain: "acme", issuedAt: timestampOf(NOW - 1000), nextUpdate: timestampOf(NOW + 1000) };
  const { list, sidecar } = await revocations(signer, { ...sample, sequence: 9000 });
  writeFileSync(join(dir, "revocations.json"), list);
  writeFileSync(join(dir, "revocations.json.sigstore.json"), sidecar);
  const named = { ...tools, settings: { trustFile: file, namesTrust: true as const } };
  const { checks, exitCode } = value(await trustCheck(file, named));
  t.equal(exitCode, 7);
  t.match(checks, [{}, {}, {}, {}, { name: "step", status: "fail", code: "TRUST_ROOT_THRESHOLD" }, { status: "pass" }]);
  t.equal(value(await lastRevocations(tools.stateFolder, first.root)), undefined);
});

t.test("a development root steps without signatures", async (t) => {
  const { dir, tools } = await desk(t);
  const file = join(tools.stateFolder, "trust", "trust-root.json");
  const { root } = value(await ensureDevelopmentTrust(tools.stateFolder, [], tools));
  value(await admitRoot(root, { ...placeOf({ dir, file, tools }) }));
  value(await trustAdd({ file, keyFile: join(dir, "eve.pub"), principal: "eve", roles: ["approver"] }, tools));
  t.match(value(await trustCheck(file, tools)), { exitCode: 0 });
});

t.test("a damaged memory fails the check of what it remembers", async (t) => {
  const { file, tools } = await desk(t);
  mkdirSync(join(tools.stateFolder, "trust"), { recursive: true });
  writeFileSync(join(tools.stateFolder, "trust", "seen.json"), "{}");
  const { checks } = value(await trustCheck(file, tools));
  t.match(
    checks.find(({ name }) => name === "rollback"),
    { status: "fail", code: "TRUST_MEMORY" },
  );
});

t.test("keys and roots whose time is over are stale", async (t) => {
  const { file, tools } = await desk(t);
  const soon = value(await trustCheck(file, { ...tools, now: () => NOW + 1000 }));
  t.equal(soon.exitCode, 11);
  t.equal(statusOf(soon, "expiry"), "pass");
  const late = value(await trustCheck(file, { ...tools, now: () => NOW + 366 * 86_400_000 }));
  t.equal(statusOf(late, "expiry"), "stale");
});

t.test("a version below one that was used from here fails", async (t) => {
  const { dir, file, tools } = await desk(t);
  const { root } = value(await readTrustFile(file, fileKeyring.sha256));
  value(await admitRoot(root, placeOf({ dir, file, tools })));
  const checked = value(await trustCheck(join(dir, "1.trust-root.json"), tools));
  t.equal(statusOf(checked, "rollback"), "fail");
  t.equal(checked.exitCode, 7);
  t.equal(statusOf(value(await trustCheck(file, tools)), "rollback"), "pass");
  t.equal(code(await trustCheck(join(dir, "none.json"), tools)), "TRUST_FILE_ACCESS");
});

t.test("the revocation list that belongs to the root is looked at: where it is, and where it must be", async (t) => {
  const { dir, file, tools } = await desk(t);
  const look = async () => value(await trustCheck(file, tools)).checks.find(({ name }) => name === "revocations");
  t.match(await look(), { status: "skipped", why: /demands none/ });
  value(await trustPolicy({ file, revocations: "required", maxAgeHours: 2 }, tools));
  t.match(await look(), { status: "fail", code: "REVOCATIONS_MISSING" });
  value(await trustAdd({ file, keyFile: join(dir, "ann.pub"), principal: "ann", roles: ["revoker"] }, tools));
  const signer = value(await fileKeyring.open(join(dir, "ann.key"), () => Promise.resolve(undefined)));
  const write = async (nextUpdate: number, sequence = 1) => {
    const sample = {
      trustDomain: "acme",
      issuedAt: timestampOf(NOW - 1000),
      nextUpdate: timestampOf(nextUpdate),
      sequence,
    };
    const { list, sidecar } = await revocations(signer, sample);
    writeFileSync(join(dir, "revocations.json"), list);
    writeFileSync(join(dir, "revocations.json.sigstore.json"), sidecar);
  };
  await write(NOW + 1000, 3);
  t.match(await look(), { status: "pass", why: /^sequence 3, 0 revoked/ });
  await write(NOW, 5);
  t.match(await look(), { status: "stale", code: "REVOCATIONS_STALE" });
  t.equal(value(await trustCheck(file, tools)).exitCode, 11);
  const { root } = value(await readTrustFile(file, fileKeyring.sha256));
  value(await heldRevocations(root, placeOf({ dir, file, tools }), "any"));
  await write(NOW + 1000, 4);
  t.match(await look(), { status: "fail", code: "REVOCATIONS_ROLLBACK" });
});
