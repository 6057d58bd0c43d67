import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ensureDevelopmentTrust, type DevelopmentTrust } from "#app/development-trust.ts";
import { trustAdd } from "#app/trust-edit.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { STANDARD_ROLES } from "#trust/edit-root.ts";
import { holdersOf } from "#trust/role.ts";
import { code, value } from "../attest/signing.ts";
import { COMPILED } from "../compiled.ts";

const tools = { keyring: fileKeyring, now: () => Date.UTC(2026, 5, 1) };

function stateFolder(t: { readonly teardown: (work: () => void) => void }): string {
  const path = mkdtempSync(join(tmpdir(), "packrun-state-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return join(path, ".packrun");
}

async function ensure(state: string, ...roles: readonly string[]): Promise<DevelopmentTrust> {
  return value(await ensureDevelopmentTrust(state, roles, tools));
}

t.test("the first call makes a key and a root in which developer holds every role", async (t) => {
  const state = stateFolder(t);
  const made = await ensure(state, "approver-security");
  t.equal(made.made, true);
  t.equal(made.root.document.trustDomain, "development");
  for (const role of [...STANDARD_ROLES, "approver-security"]) {
    t.ok(holdersOf(made.root, [role]).has(made.signer.keyid), role);
  }
  t.equal(made.root.keys.get(made.signer.keyid)?.principal, "developer");
  t.equal(statSync(made.keyFile).mode & 0o777, 0o600);
  t.equal(statSync(join(state, "trust")).mode & 0o777, 0o700);
  t.same(readFileSync(made.trustFile), Buffer.from(made.rootBytes));
  t.equal(readFileSync(join(state, "trust", "dev.pub"), "utf8"), made.signer.publicKey);
});

t.test("the next call finds what is there and changes no byte", async (t) => {
  const state = stateFolder(t);
  const first = await ensure(state);
  const again = await ensure(state, "approver");
  t.equal(again.made, false);
  t.same(again.rootBytes, first.rootBytes);
  t.equal(again.signer.keyid, first.signer.keyid);
});

t.test("a pack that names a new role gives it to developer in the next version", async (t) => {
  const state = stateFolder(t);
  const first = await ensure(state);
  const next = await ensure(state, "approver-legal", "constructor");
  t.equal(next.root.document.version, first.root.document.version + 1);
  t.ok(holdersOf(next.root, ["approver-legal"]).has(next.signer.keyid));
  t.ok(holdersOf(next.root, ["constructor"]).has(next.signer.keyid));
});

t.test("a second person is added with one command and stays", async (t) => {
  const state = stateFolder(t);
  const { trustFile } = await ensure(state);
  const alice = value(await fileKeyring.writePair(join(state, "alice"), "ed25519"));
  const grant = { principal: "alice", roles: ["approver"] };
  value(await trustAdd({ file: trustFile, keyFile: alice.publicFile, ...grant }, { ...tools, stateFolder: state }));
  const { root } = await ensure(state, "approver-legal");
  t.ok(holdersOf(root, ["approver"]).has(alice.keyid));
  t.notOk(holdersOf(root, ["approver-legal"]).has(alice.keyid));
});

t.test("a key that was lost is replaced; the root keeps the old one", async (t) => {
  const state = stateFolder(t);
  const first = await ensure(state);
  rmSync(first.keyFile);
  const next = await ensure(state);
  t.equal(next.made, true);
  t.not(next.signer.keyid, first.signer.keyid);
  t.strictSame(new Set([...next.root.keys.values()].map(({ principal }) => principal)), new Set(["developer"]));
  t.ok(holdersOf(next.root, ["run-attestor"]).has(next.signer.keyid));
});

t.test("a key whose public half was lost shows it again; a damaged root is told", async (t) => {
  const state = stateFolder(t);
  const first = await ensure(state);
  rmSync(join(state, "trust", "dev.pub"));
  await ensure(state);
  t.equal(readFileSync(join(state, "trust", "dev.pub"), "utf8"), first.signer.publicKey);
  writeFileSync(first.trustFile, "{}\n");
  t.equal(code(await ensureDevelopmentTrust(state, [], tools)), "TRUST_ROOT_SYNTAX");
});

t.test("many calls at once agree on one key and lose no role", async (t) => {
  const state = stateFolder(t);
  const roles = ["approver-a", "approver-b", "approver-c", "approver-d"];
  const all = await Promise.all(roles.map((role) => ensure(state, role)));
  t.equal(new Set(all.map(({ signer }) => signer.keyid)).size, 1);
  t.equal(all.filter(({ made }) => made).length, 1);
  const { root, signer } = await ensure(state);
  t.strictSame(
    roles.filter((role) => holdersOf(root, [role]).has(signer.keyid)),
    roles,
  );
});

t.test("processes that start at once agree on one key and lose no role", async (t) => {
  const state = stateFolder(t);
  mkdirSync(state);
  const script = `
    import { ensureDevelopmentTrust } from "#app/development-trust.ts";
    import { fileKeyring } from "#signer/file-keyring.ts";
    const [state, role] = process.argv.slice(1);
    const made = await ensureDevelopmentTrust(state, [role], { keyring: fileKeyring, now: Date.now });
    if (!made.ok) throw new Error(made.fault.message);
    console.log(made.value.signer.keyid);`;
  const run = (role: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const node = ["--conditions=@packrun/source", "--input-type=module", "--eval", script, state, role];
      const child = spawn(process.execPath, node, {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
      });
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.on("close", (status) => (status === 0 ? resolve(said.trim()) : reject(new Error(`${role}: ${status}`))));
    });
  const roles = ["approver-a", "approver-b", "approver-c"];
  const keyids = await Promise.all(roles.map(run));
  t.equal(new Set(keyids).size, 1);
  const { root, signer } = await ensure(state);
  t.equal(signer.keyid, keyids[0]);
  t.strictSame(
    roles.filter((role) => holdersOf(root, [role]).has(signer.keyid)),
    roles,
  );
  const names = readdirSync(join(state, "trust"));
  t.strictSame(
    names.filter((name) => name.startsWith(".") && name !== ".lock"),
    [],
    "no draft is left",
  );
  t.ok(existsSync(join(state, "trust", "1.trust-root.json")));
});
