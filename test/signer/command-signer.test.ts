import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { signStatement } from "#app/sign-statement.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { digestOf } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import type { Result } from "#fault/result.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import { keyringWith } from "#signer/file-keyring.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { code, value } from "../attest/signing.ts";
import { folder } from "./folder.ts";

type Desk = {
  readonly dir: string;
  /** What the signer `kms` gives for `message` when it is this command. */
  readonly signed: (command: readonly string[], more?: Partial<SignerCommand>) => Promise<Result<Uint8Array>>;
};

const message = encodeUtf8("the bytes to sign");
const nobody = (): Promise<undefined> => Promise.resolve(undefined);
const node = (script: string): readonly string[] => [process.execPath, "-e", script];

function desk(t: Parameters<typeof folder>[0], algorithm: "ec" | "ed25519" = "ec"): Desk & { readonly key: KeyObject } {
  const dir = folder(t);
  const { privateKey, publicKey } =
    algorithm === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  writeFileSync(join(dir, "kms.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(join(dir, "kms.pub"), publicKey.export({ type: "spki", format: "pem" }));
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  writeFileSync(join(dir, "other.key"), other.export({ type: "pkcs8", format: "pem" }));
  const signed: Desk["signed"] = async (command, more = {}) => {
    const kms = { command, cwd: dir, publicKey: join(dir, "kms.pub"), timeoutMs: 30_000, ...more };
    const signer = await keyringWith({ kms }).open("signer:kms", nobody);
    return signer.ok ? signer.value.sign(message) : signer;
  };
  return { dir, signed, key: privateKey };
}

/** Writes these bytes to stdout. */
const writing = (bytes: Uint8Array): readonly string[] =>
  node(`process.stdout.write(Buffer.from("${Buffer.from(bytes).toString("hex")}", "hex"))`);

t.test("a file key behind openssl signs as the documents say, in statements too", async (t) => {
  const { dir } = desk(t);
  const command = ["openssl", "dgst", "-sha256", "-sign", "kms.key"];
  const kms = { command, cwd: dir, publicKey: join(dir, "kms.pub"), timeoutMs: 30_000 };
  const signer = value(await keyringWith({ kms }).open("signer:kms", nobody));
  t.equal(signer.algorithm, "ecdsa-p256-sha256");
  t.equal(signer.keyid, value(await keyringWith({}).open(join(dir, "kms.key"), nobody)).keyid);
  const draft = {
    predicate: trustRootPredicate,
    subjects: [{ name: "trust-root.json", digest: digestOf(message, nodeSha256) }],
    value: { trustDomain: "acme" as never, version: 1 },
  };
  const tools = { verifySignature: nodeVerifySignature, sha256: nodeSha256 };
  t.equal(code(await signStatement(signer, draft, tools)), "ok");
});

t.test("pure Ed25519 signatures are taken as well", async (t) => {
  const { signed, key } = desk(t, "ed25519");
  t.same(value(await signed(writing(sign(null, message, key)))), sign(null, message, key));
});

t.test("the bytes come on stdin, whole and unchanged", async (t) => {
  const { signed } = desk(t);
  const echo = node('process.stdin.on("data", (part) => process.stderr.write(part)).on("end", () => process.exit(3))');
  t.match(await signed(echo), { fault: { code: "SIGNER_FAILED", message: /exit code 3: the bytes to sign$/ } });
});

t.test("a signer that lies is caught: other bytes, another key", async (t) => {
  const { signed, key } = desk(t);
  const otherBytes = sign("sha256", encodeUtf8("other bytes"), key);
  t.equal(code(await signed(writing(otherBytes))), "SIGNER_SIGNATURE");
  t.equal(code(await signed(["openssl", "dgst", "-sha256", "-sign", "other.key"])), "SIGNER_SIGNATURE");
  const twice = sign("sha256", nodeSha256(message), key);
  t.equal(code(await signed(writing(twice))), "SIGNER_SIGNATURE", "the hash of the hash");
});

t.test("a signer that gives nothing, raw r and s, or more than a signature is told what is wrong", async (t) => {
  const { signed, key } = desk(t);
  t.match(await signed(writing(new Uint8Array())), { fault: { code: "SIGNER_OUTPUT", message: /empty/ } });
  const raw = sign("sha256", message, { key, dsaEncoding: "ieee-p1363" });
  t.match(await signed(writing(raw)), { fault: { code: "SIGNER_OUTPUT", message: /r and s side by side/ } });
  const der = sign("sha256", message, key);
  t.match(await signed(writing(Buffer.concat([der, Buffer.from("\n")]))), { fault: { code: "SIGNER_OUTPUT" } });
  t.match(await signed(writing(Buffer.from(der.toString("base64")))), { fault: { code: "SIGNER_OUTPUT" } });
  const flood = node('process.stdout.write("x".repeat(1e6))');
  t.match(await signed(flood), { fault: { code: "SIGNER_OUTPUT", message: /4096 bytes/ } });
  const ed25519 = desk(t, "ed25519");
  t.match(await ed25519.signed(writing(der)), { fault: { code: "SIGNER_OUTPUT", message: /no Ed25519/ } });
});

t.test("a signer that hangs is ended, also where what it started holds its output open", async (t) => {
  const { signed } = desk(t);
  const forever = node("setInterval(() => undefined, 1000)");
  t.match(await signed(forever, { timeoutMs: 300 }), { fault: { code: "SIGNER_TIMEOUT", message: /0\.3 seconds/ } });
  const left = node('require("child_process").spawn("sleep", ["3"], { stdio: "inherit" }); process.exit(0)');
  t.match(await signed(left, { timeoutMs: 300 }), { fault: { code: "SIGNER_TIMEOUT" } });
});

t.test("a signer that fails is shown with what it said, on one line", async (t) => {
  const { signed } = desk(t);
  const loud = node('process.stderr.write("x".repeat(9000) + "\\n\\u001b[31msession expired\\n"); process.exit(1)');
  const failed = await signed(loud);
  t.match(failed, { fault: { code: "SIGNER_FAILED", message: /exit code 1: x+ \[31msession expired$/ } });
  t.ok(!failed.ok && failed.fault.message.length < 2200, "its end is enough");
  t.match(await signed(["/no/such/program"]), { fault: { code: "SIGNER_FAILED" } });
  t.match(await signed(node('process.kill(process.pid, "SIGTERM")')), { fault: { message: /SIGTERM/ } });
});

t.test("names that the configuration does not have, and public keys that cannot be read, are refused", async (t) => {
  const { dir, signed } = desk(t);
  const kms = { command: ["true"], cwd: dir, publicKey: join(dir, "kms.pub"), timeoutMs: 1000 };
  const open = (reference: string) => keyringWith({ kms }).open(reference, nobody);
  t.match(await open("signer:hsm"), { fault: { code: "SIGNER_UNKNOWN", hint: "there is kms" } });
  t.match(await open("signer:constructor"), { fault: { code: "SIGNER_UNKNOWN" } });
  t.match(await keyringWith({}).open("signer:kms", nobody), {
    fault: { hint: /^there is none: write signers: \{NAME: .*packrun\.config\.yaml$/ },
  });
  t.equal(code(await signed(["true"], { publicKey: join(dir, "none.pub") })), "KEY_FILE");
  t.equal(code(await signed(["true"], { publicKey: join(dir, "kms.key") })), "KEY_SYNTAX");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
  writeFileSync(join(dir, "rsa.pub"), rsa);
  t.match(await signed(["true"], { publicKey: join(dir, "rsa.pub") }), {
    fault: { code: "KEY_ALGORITHM", message: /RSA/ },
  });
});
