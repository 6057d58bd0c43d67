import { DatabaseSync } from "node:sqlite";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { trustAdd, trustInit, trustPolicy, trustRemove, trustSign, type TrustTools } from "#app/trust-edit.ts";
import { trustShow } from "#app/trust-show.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { checkNextRoot } from "#trust/next-root.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import { code, value } from "../attest/signing.ts";

const NOW = Date.UTC(2026, 5, 1);
const nobody = (): Promise<undefined> => Promise.resolve(undefined);

type Desk = { readonly dir: string; readonly tools: TrustTools; readonly key: (name: string) => Promise<string> };

function desk(t: { readonly teardown: (work: () => void) => void }): Desk {
  const dir = mkdtempSync(join(tmpdir(), "packrun-trust-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const tools = { keyring: fileKeyring, now: () => NOW, stateFolder: join(dir, ".packrun") };
  const key = async (name: string): Promise<string> =>
    value(await fileKeyring.writePair(join(dir, name), "ed25519")).publicFile;
  return { dir, tools, key };
}

/** A root with two root keys of which both must sign. */
async function initiated({ dir, tools, key }: Desk): Promise<string> {
  const rootKeys = [await key("ann"), await key("ben")];
  const out = join(dir, "trust-root.json");
  return value(await trustInit({ trustDomain: "acme-prod", rootKeys, threshold: 2, out }, tools)).file;
}

t.test("init writes version 1 for a year and never over another root", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const shown = value(await trustShow(file, at.tools));
  t.match(shown, { trustDomain: "acme-prod", version: 1, expires: "2027-06-01T00:00:00.000Z", expired: false });
  t.strictSame(shown.keys.map(({ principal }) => principal).toSorted(), ["ann", "ben"]);
  const again = { trustDomain: "other", rootKeys: [join(at.dir, "ann.pub")], out: file };
  t.equal(code(await trustInit(again, at.tools)), "TRUST_FILE_EXISTS");
  t.equal(code(await trustInit({ ...again, rootKeys: [join(at.dir, "none.pub")] }, at.tools)), "TRUST_FILE_ACCESS");
  t.equal(code(await trustInit({ ...again, threshold: 2, out: `${file}2` }, at.tools)), "TRUST_EDIT_INVALID");
});

t.test("a private key in the place of a public one is refused", async (t) => {
  const at = desk(t);
  await at.key("ann");
  const given = { trustDomain: "acme", rootKeys: [join(at.dir, "ann.key")], out: join(at.dir, "r.json") };
  t.equal(code(await trustInit(given, at.tools)), "KEY_SYNTAX");
});

t.test("adding edits into the next version and keeps the one before beside it, with its sidecars", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const first = readFileSync(file);
  const sign = { file, keyFile: join(at.dir, "ann.key"), password: nobody };
  value(await trustSign(sign, at.tools));
  const addition = { file, keyFile: await at.key("eve"), principal: "eve", roles: ["approver"] };
  t.strictSame(value(await trustAdd(addition, at.tools)), { file, version: 2, trustDomain: "acme-prod" });
  t.same(readFileSync(join(at.dir, "1.trust-root.json")), first);
  const names = readdirSync(at.dir).filter((name) => name.includes("trust-root"));
  t.strictSame(names.toSorted(), ["1.trust-root.json", "1.trust-root.json.1.sigstore.json", "trust-root.json"]);
});

t.test("adding into another file leaves the present one alone", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const before = readFileSync(file);
  const out = join(at.dir, "next.json");
  const addition = { file, out, keyFile: await at.key("eve"), principal: "eve", roles: ["approver"] };
  t.match(value(await trustAdd(addition, at.tools)), { file: out, version: 2 });
  t.same(readFileSync(file), before);
  t.equal(code(await trustAdd(addition, at.tools)), "TRUST_FILE_EXISTS");
});

t.test("signing adds sidecars by number until the step to the next version is taken", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const old = value(readTrustRoot(readFileSync(file), fileKeyring.sha256));
  const addition = { file, keyFile: await at.key("eve"), principal: "eve", roles: ["approver"] };
  value(await trustAdd(addition, at.tools));
  const step = async (): Promise<string> => {
    const names = readdirSync(at.dir).filter((name) => name.startsWith("trust-root.json."));
    const sidecars = names.map((name) => new Uint8Array(readFileSync(join(at.dir, name))));
    return code(await checkNextRoot(old, readFileSync(file), sidecars, { ...fileKeyring, at: timestampOf(NOW) }));
  };
  t.equal(await step(), "TRUST_ROOT_THRESHOLD");
  const sign = (name: string): ReturnType<typeof trustSign> =>
    trustSign({ file, keyFile: join(at.dir, `${name}.key`), password: nobody }, at.tools);
  t.equal(value(await sign("ann")).sidecar, `${file}.1.sigstore.json`);
  t.equal(code(await sign("ann")), "TRUST_SIGNED_ALREADY");
  t.equal(code(await sign("eve")), "TRUST_SIGNER_NOT_ROOT");
  t.equal(await step(), "TRUST_ROOT_THRESHOLD");
  t.equal(value(await sign("ben")).sidecar, `${file}.2.sigstore.json`);
  t.equal(await step(), "ok");
  t.match(value(await trustShow(file, at.tools)).consent, { principals: ["ann", "ben"], required: 2, sidecars: 2 });
});

t.test("a key that was root in the version before may sign the step", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const next = value(
    await trustAdd({ file, keyFile: await at.key("eve"), principal: "eve", roles: ["root"] }, at.tools),
  );
  t.equal(next.version, 2);
  const sign = (name: string): ReturnType<typeof trustSign> =>
    trustSign({ file, keyFile: join(at.dir, `${name}.key`), password: nobody }, at.tools);
  t.equal(code(await sign("eve")), "ok");
  t.equal(code(await sign("ann")), "ok");
});

t.test("show tells roles, windows and what is over", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const grant = { principal: "eve", roles: ["approver", "requester"] };
  const validUntil = timestampOf(NOW + 1000);
  value(await trustAdd({ file, keyFile: await at.key("eve"), ...grant, validUntil }, at.tools));
  const later = { ...at.tools, now: () => NOW + 400 * 86_400_000 };
  const shown = value(await trustShow(file, later));
  t.equal(shown.expired, true);
  t.match(
    shown.keys.find(({ principal }) => principal === "eve"),
    { roles: ["approver", "requester"], window: "over" },
  );
  const earlier = value(await trustShow(file, { ...at.tools, now: () => NOW - 1 }));
  t.strictSame(new Set(earlier.keys.map(({ window }) => window)), new Set(["not yet"]));
  t.equal(code(await trustShow(join(at.dir, "none.json"), at.tools)), "TRUST_FILE_ACCESS");
});

t.test("edits of one state folder wait for each other, and none is lost", async (t) => {
  const at = desk(t);
  mkdirSync(at.tools.stateFolder);
  const file = await initiated(at);
  const names = ["eve", "fay", "gus", "hal"];
  for (const name of names) {
    await at.key(name);
  }
  const add = (name: string): Promise<unknown> =>
    trustAdd({ file, keyFile: join(at.dir, `${name}.pub`), principal: name, roles: ["approver"] }, at.tools);
  await Promise.all(names.map(add));
  const shown = value(await trustShow(file, at.tools));
  t.equal(shown.version, 5);
  t.equal(shown.roles["approver"]?.keyids.length, 4);
});

t.test("a lock that is not given back is told", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  mkdirSync(join(at.tools.stateFolder, "trust"), { recursive: true });
  const held = new DatabaseSync(join(at.tools.stateFolder, "trust", ".lock"));
  held.exec("BEGIN EXCLUSIVE");
  const impatient = { ...at.tools, pause: () => Promise.resolve() };
  const addition = { file, keyFile: join(at.dir, "ann.pub"), principal: "ann", roles: ["approver"] };
  t.equal(code(await trustAdd(addition, impatient)), "TRUST_BUSY");
  held.close();
  t.equal(code(await trustAdd(addition, impatient)), "ok");
});

t.test("files that are no trust root are refused", async (t) => {
  const at = desk(t);
  const file = join(at.dir, "x.json");
  writeFileSync(file, "[]");
  t.equal(
    code(await trustAdd({ file, keyFile: await at.key("eve"), principal: "eve", roles: [] }, at.tools)),
    "TRUST_ROOT_SHAPE",
  );
});

t.test("a key is removed and a policy set in next versions, each beside the one before", async (t) => {
  const at = desk(t);
  const file = await initiated(at);
  const eve = { file, keyFile: await at.key("eve"), principal: "eve", roles: ["approver"] };
  value(await trustAdd(eve, at.tools));
  const keyid = value(await trustShow(file, at.tools)).keys.find(({ principal }) => principal === "eve")?.keyid ?? "";
  t.match(await trustRemove({ file, keyid }, at.tools), { value: { version: 3 } });
  t.notOk(value(await trustShow(file, at.tools)).keys.some(({ principal }) => principal === "eve"));
  t.equal(code(await trustRemove({ file, keyid }, at.tools)), "TRUST_EDIT_KEY");
  const out = join(at.dir, "strict.json");
  t.match(await trustPolicy({ file, out, revocations: "required" }, at.tools), { value: { version: 4, file: out } });
  t.equal(value(await trustShow(file, at.tools)).version, 3, "in place of nothing");
  t.equal(code(await trustPolicy({ file: join(at.dir, "none.json") }, at.tools)), "TRUST_FILE_ACCESS");
});
