import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { armor, Encrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import t from "tap";
import { ageSecret } from "#secret/age-secret.ts";

const folder = mkdtempSync(join(tmpdir(), "packrun-age-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function identities(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

async function sealed(identity: string, text: string | Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return encrypter.encrypt(text);
}

t.test("a file is opened with one of the identities, binary and armored", async (t) => {
  const [own, other, hybrid] = await Promise.all([
    generateX25519Identity(),
    generateX25519Identity(),
    generateHybridIdentity(),
  ]);
  const file = identities("keys.txt", `# created: today\n${other}\r\n\n${own}\n${hybrid}\n`);
  const bytes = await sealed(own, "age-value\n");
  t.strictSame(await ageSecret(bytes, file), { value: "age-value" });
  t.strictSame(await ageSecret(Buffer.from(`\n${armor.encode(bytes)}`), file), { value: "age-value" });
  t.strictSame(await ageSecret(await sealed(hybrid, "after-quantum"), file), { value: "after-quantum" });
});

t.test("what no identity opens, or is damaged, is unresolved", async (t) => {
  const [own, other] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  const file = identities("own.txt", own);
  const bytes = await sealed(own, "age-value");
  const last = bytes.length - 1;
  const damaged = Uint8Array.from(bytes, (byte, at) => (at === last ? byte ^ 1 : byte));
  const locked = new Encrypter();
  locked.setPassphrase("hunter2");
  locked.setScryptWorkFactor(1);
  const cases = [
    await sealed(other, "age-value"),
    damaged,
    bytes.subarray(0, last),
    Buffer.from("age-value"),
    Buffer.from("-----BEGIN AGE ENCRYPTED FILE-----\nno\n"),
    await locked.encrypt("age-value"),
    await sealed(own, Uint8Array.of(0xff, 0xff)),
  ];
  for (const [at, given] of cases.entries()) {
    const found = await ageSecret(given, file);
    t.match(found, { trouble: "SECRET_UNRESOLVED" }, String(at));
    t.notMatch(JSON.stringify(found), "age-value");
  }
  t.match(await ageSecret(await sealed(own, "x".repeat(70_000)), file), { trouble: "SECRET_TOO_LARGE" });
});

t.test("identities must be there, whole and this user's alone", async (t) => {
  const own = await generateX25519Identity();
  const bytes = await sealed(own, "age-value");
  const files = {
    none: undefined,
    absent: join(folder, "absent"),
    folder,
    readable: identities("readable", own, 0o640),
    empty: identities("empty", "# nothing\n"),
    wrong: identities("wrong", `${own}\nAGE-SECRET-KEY-1WRONG\n`),
    large: identities("large", `${own}\n`.repeat(2000)),
  };
  for (const [name, file] of Object.entries(files)) {
    const found = await ageSecret(bytes, file);
    t.match(found, { trouble: "SECRET_PROVIDER" }, name);
    t.notMatch(JSON.stringify(found), own.slice(0, 20));
  }
});
