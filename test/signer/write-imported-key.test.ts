import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, value } from "../attest/signing.ts";
import { folder } from "./folder.ts";

const nobody = (): Promise<undefined> => Promise.resolve(undefined);

/** Made by ssh-keygen, with the fingerprints that `ssh-keygen -l` prints. */
const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0xG6jfDB1V/wdGQMEkEP1vy+SmVIegSsMwYez0vidF";
const ED25519_ID = "SHA256:gqBdQJza+0TM638S0rpvnsWgviStDVVelXm0OLGobRA";
const P256 =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPCzJ7rAGu5VOG5gpzl0Fm0pKLRO2IFW8gIXqRPI" +
  "RDCQjpz3ZpfElI5haYmULIGdfzwHCqw7jWO3cYi5xCpNai8=";
const P256_ID = "SHA256:F/bnvizcFhYC898VHvLaLlZlAU4k4FYbU+dI2npPbYk";

type Desk = {
  readonly dir: string;
  readonly take: (text: string | Buffer, mode?: number) => ReturnType<typeof importOf>;
};

const importOf = (dir: string, password = nobody as () => Promise<string | undefined>) =>
  fileKeyring.importKey(join(dir, "taken"), join(dir, "given"), password);

function desk(t: Parameters<typeof folder>[0]): Desk {
  const dir = folder(t);
  return {
    dir,
    take: (text, mode = 0o600) => {
      writeFileSync(join(dir, "given"), text, { mode });
      return importOf(dir);
    },
  };
}

/** An `OPENSSH PRIVATE KEY` block up to its first public key, which is as far as it is read. */
function opensshBlock(type: string): string {
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const count = Buffer.from([0, 0, 0, 1]);
  const blob = field(field(type).toString("latin1") + "x".repeat(40));
  const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), field("none"), field("none"), field(""), count, blob]);
  const label = "OPENSSH PRIVATE KEY";
  return `-----BEGIN ${label}-----\n${body.toString("base64")}\n-----END ${label}-----\n`;
}

t.test("public keys of OpenSSH are taken, with the fingerprint that ssh-keygen prints", async (t) => {
  for (const [line, keyid, algorithm] of [
    [ED25519, ED25519_ID, "ed25519"],
    [P256, P256_ID, "ecdsa-p256-sha256"],
  ] as const) {
    const { dir, take } = desk(t);
    const [taken] = value(await take(`${line} alice@example\n`, 0o644));
    t.match(taken, { keyid, algorithm, publicFile: join(dir, "taken.pub") });
    t.match(readFileSync(join(dir, "taken.pub"), "utf8"), /^-----BEGIN PUBLIC KEY-----\n/);
    t.equal(code(await importOf(dir)), "KEY_EXISTS");
  }
});

t.test("a list of authorized keys gives one file for each, options and comments set aside", async (t) => {
  const { dir, take } = desk(t);
  const text = `# people\r\n\r\nno-pty,from="10.0.0.0/8 ssh-rsa",command="say \\"hi\\" now" ${ED25519} alice\r\n${P256}\n`;
  t.match(value(await take(text, 0o644)), [{ keyid: ED25519_ID }, { keyid: P256_ID }]);
  t.ok(existsSync(join(dir, "taken-1.pub")) && existsSync(join(dir, "taken-2.pub")));
});

t.test("other keys of OpenSSH are refused by their names, with the line, and nothing is written", async (t) => {
  const named: Readonly<Record<string, RegExp>> = {
    "ssh-rsa": /RSA/,
    "ssh-dss": /DSA/,
    "ecdsa-sha2-nistp384": /ECDSA P-384/,
    "ecdsa-sha2-nistp521": /ECDSA P-521/,
    "sk-ssh-ed25519@openssh.com": /FIDO/,
    "ssh-ed25519-cert-v01@openssh.com": /ssh-ed25519-cert-v01/,
  };
  for (const [type, name] of Object.entries(named)) {
    const { dir, take } = desk(t);
    const refused = await take(`${ED25519}\n${type} AAAA comment\n`, 0o644);
    t.match(refused, { fault: { code: "KEY_ALGORITHM", message: name, place: { pointer: ":2" } } }, type);
    t.notOk(existsSync(join(dir, "taken-1.pub")));
  }
});

t.test("lines whose key is damaged, or of another type than its name, are refused", async (t) => {
  const damaged = [
    "ssh-ed25519",
    "ssh-ed25519 !!!!",
    ED25519.slice(0, -4),
    `ssh-ed25519 ${P256.split(" ")[1]}`,
    `${ED25519}\nhello world`,
    `from="a" no-pty ${ED25519}`,
  ];
  for (const line of damaged) {
    t.equal(code(await desk(t).take(line, 0o644)), "KEY_SYNTAX", line.slice(0, 40));
  }
  const flipped = Buffer.from(P256.split(" ")[1] ?? "", "base64");
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  t.equal(code(await desk(t).take(`ecdsa-sha2-nistp256 ${flipped.toString("base64")}`, 0o644)), "KEY_POINT");
});

t.test("a private key is taken as it is, with mode 600, beside its public key", async (t) => {
  const { dir, take } = desk(t);
  const made = value(await fileKeyring.writePair(join(dir, "made"), "ecdsa-p256-sha256", "secret"));
  const sealed = readFileSync(made.privateFile);
  writeFileSync(join(dir, "given"), sealed, { mode: 0o600 });
  t.equal(code(await importOf(dir)), "KEY_PASSWORD_MISSING");
  const [taken] = value(await importOf(dir, () => Promise.resolve("secret")));
  t.match(taken, { keyid: made.keyid, privateFile: join(dir, "taken.key"), publicFile: join(dir, "taken.pub") });
  t.same(readFileSync(join(dir, "taken.key")), sealed, "encrypted as it was");
  t.equal(statSync(join(dir, "taken.key")).mode & 0o777, 0o600);
  t.same(readFileSync(join(dir, "taken.pub")), readFileSync(made.publicFile));
  t.equal(code(await take(sealed, 0o600)), "KEY_PASSWORD_MISSING");
});

t.test("a public key in PEM is taken in its one spelling", async (t) => {
  const { dir, take } = desk(t);
  const made = value(await fileKeyring.writePair(join(dir, "made"), "ed25519"));
  const one = made.publicKey.replaceAll("\n", "\r\n");
  t.match(value(await take(`\n${one}\n`, 0o644)), [{ keyid: made.keyid, publicKey: made.publicKey }]);
});

t.test("what is no key, or is not there, is refused", async (t) => {
  const { dir, take } = desk(t);
  t.equal(code(await importOf(dir)), "KEY_FILE");
  t.equal(code(await take("hello\n")), "KEY_SYNTAX");
  t.equal(code(await take(Buffer.alloc(5 * 1024 * 1024, "a"))), "KEY_FILE");
});

t.test("private keys of foreign algorithms are refused by their names", async (t) => {
  const pem = (key: ReturnType<typeof generateKeyPairSync>["privateKey"]): string =>
    key.export({ type: "pkcs8", format: "pem" }).toString();
  const foreign: readonly (readonly [string, RegExp])[] = [
    [pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey), /algorithm RSA /],
    [pem(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey), /algorithm RSA-PSS /],
    [pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey), /ECDSA P-384/],
    [pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey), /ECDSA secp256k1/],
    [pem(generateKeyPairSync("ed448").privateKey), /Ed448/],
    [pem(generateKeyPairSync("x25519").privateKey), /X25519/],
    [pem(generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }).privateKey), /algorithm DSA /],
    ["-----BEGIN RSA PRIVATE KEY-----\nMAAA\n-----END RSA PRIVATE KEY-----\n", /algorithm RSA /],
    ["-----BEGIN DSA PRIVATE KEY-----\nMAAA\n-----END DSA PRIVATE KEY-----\n", /algorithm DSA /],
    [opensshBlock("ssh-rsa"), /algorithm RSA /],
    [opensshBlock("ecdsa-sha2-nistp384"), /ECDSA P-384/],
    [opensshBlock("sk-ssh-ed25519@openssh.com"), /FIDO/],
  ];
  for (const [text, message] of foreign) {
    t.match(await desk(t).take(text), { fault: { code: "KEY_ALGORITHM", message } }, text.slice(0, 32));
  }
});

t.test("private keys of OpenSSH are refused with the way to convert them, where there is one", async (t) => {
  const hints: readonly (readonly [string, RegExp])[] = [
    [opensshBlock("ecdsa-sha2-nistp256"), /ssh-keygen -p -m PKCS8 -f /],
    [opensshBlock("ssh-ed25519"), /keys generate NAME --ed25519/],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", /ssh-keygen -p -m PKCS8/],
    ["-----BEGIN EC PRIVATE KEY-----\nMAAA\n-----END EC PRIVATE KEY-----\n", /openssl pkcs8 -topk8/],
  ];
  for (const [text, hint] of hints) {
    t.match(await desk(t).take(text), { fault: { code: "KEY_FORMAT", hint } });
  }
});
