import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import t from "tap";
import type { Result } from "#fault/result.ts";
import type { SecretPlaces } from "#port/secrets.ts";
import { parseSecretArgument } from "#secret/secret-argument.ts";
import { readSecretFile } from "#secret/secret-file.ts";
import { SCHEMES, secretProviders, type SecretSources } from "#secret/secret-providers.ts";
import { codeOf } from "../port/sample-run.ts";

const folder = mkdtempSync(join(tmpdir(), "packrun-secrets-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const env = { TOKEN: "from-env", EMPTY: "", SHORT: "abc", FACES: "😀😀😀", LINES: "two\nlines\n" };
const nowhere: SecretPlaces = { commands: {}, vault: {} };

type More = Partial<Omit<SecretSources, "stdin">> & { readonly stdin?: unknown };

function resolve(provider: string, locator: string, { stdin, ...more }: More = {}): Promise<Result<string>> {
  const input = (): NodeJS.ReadStream => (stdin ?? Readable.from([])) as NodeJS.ReadStream;
  return secretProviders({ env, readFile: readSecretFile, places: nowhere, stdin: input, ...more }).resolve("token", {
    provider,
    locator,
  });
}

t.test("env: takes a variable as it is", async (t) => {
  t.same(await resolve("env", "TOKEN"), { ok: true, value: "from-env" });
  t.same(await resolve("env", "LINES"), { ok: true, value: "two\nlines\n" });
});

t.test("file: takes a file without one newline at its end", async (t) => {
  const values = { "s3cr3t-value\n": "s3cr3t-value", "s3cr3t\n\n": "s3cr3t\n", "s3cr3t\r\n": "s3cr3t" };
  for (const [text, value] of Object.entries(values)) {
    t.same(await resolve("file", write("value", text)), { ok: true, value });
  }
});

t.test("a value may have 32 KiB; a larger one is SECRET_TOO_LARGE, wherever it comes from", async (t) => {
  const most = "x".repeat(32 * 1024);
  const large = write("large", `${most}y`);
  t.same(await resolve("file", write("most", `${most}\r\n`)), { ok: true, value: most });
  const cat = (path: string): SecretPlaces => ({ ...nowhere, commands: { cat: { command: ["cat", path], cwd: "/" } } });
  const cases = [
    resolve("file", large),
    resolve("env", "BIG", { env: { BIG: `${most}y` } }),
    resolve("stdin", "", { stdin: Readable.from([Buffer.from(most), Buffer.from("yyy")]) }),
    resolve("stdin", "", { stdin: Readable.from([Buffer.from(`${most}y`)]) }),
    resolve("cmd", "cat", { places: cat(large) }),
    resolve("cmd", "cat", { places: cat("/dev/zero") }),
  ];
  for (const resolved of await Promise.all(cases)) {
    t.equal(codeOf(resolved), "SECRET_TOO_LARGE");
  }
});

t.test("a place that holds nothing is SECRET_UNRESOLVED and is not shown", async (t) => {
  execFileSync("mkfifo", [join(folder, "fifo")]);
  const places = [
    ["env", "MISSING"],
    ["env", "EMPTY"],
    ["env", "toString"],
    ["file", join(folder, "missing")],
    ["file", write("binary", Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x02]))],
    ["file", write("nothing", "\n")],
    ["file", join(folder, "fifo")],
    ["file", folder],
    ["age", join(folder, "missing")],
    ["k8s", join(folder, "missing")],
    ["stdin", ""],
  ] as const;
  for (const [scheme, locator] of places) {
    const resolved = await resolve(scheme, locator);
    t.equal(codeOf(resolved), "SECRET_UNRESOLVED", `${scheme} ${locator}`);
    t.match(resolved, { fault: { message: /secret "token"/ } });
    t.ok(locator === "" || !JSON.stringify(resolved).includes(locator));
  }
});

t.test("a value of fewer than four characters is SECRET_TOO_SHORT", async (t) => {
  for (const locator of ["SHORT", "FACES"]) {
    const resolved = await resolve("env", locator);
    t.equal(codeOf(resolved), "SECRET_TOO_SHORT");
    t.notMatch(JSON.stringify(resolved), /abc|😀/);
  }
});

t.test("stdin: takes standard input once, and no terminal", async (t) => {
  const input = Readable.from([Buffer.from("piped-"), Buffer.from("value\n")]);
  const provider = secretProviders({
    env,
    readFile: readSecretFile,
    places: nowhere,
    stdin: () => input as unknown as NodeJS.ReadStream,
  });
  const reference = { provider: "stdin", locator: "" };
  t.same(await provider.resolve("token", reference), { ok: true, value: "piped-value" });
  t.same(await provider.resolve("token", reference), { ok: true, value: "piped-value" }, "each attempt has it");
  t.equal(codeOf(await resolve("stdin", "", { stdin: { isTTY: true } })), "SECRET_UNRESOLVED");
  t.equal(
    codeOf(await resolve("stdin", "", { stdin: Readable.from([Buffer.from([0xff, 0xff])]) })),
    "SECRET_UNRESOLVED",
  );
});

t.test("systemd: takes a credential of the service", async (t) => {
  write("deploy-token", "credential-value\n");
  const given = { env: { CREDENTIALS_DIRECTORY: folder } };
  t.same(await resolve("systemd", "deploy-token", given), { ok: true, value: "credential-value" });
  t.equal(codeOf(await resolve("systemd", "absent", given)), "SECRET_UNRESOLVED");
  t.equal(codeOf(await resolve("systemd", "deploy-token")), "SECRET_PROVIDER", "no service");
  t.equal(codeOf(await resolve("systemd", "deploy-token", { env: { CREDENTIALS_DIRECTORY: "." } })), "SECRET_PROVIDER");
  for (const path of ["../secret", "a/b", ".", ".."]) {
    t.equal(codeOf(await resolve("systemd", path, given)), "SECRET_PROVIDER", path);
  }
});

t.test("k8s: takes a key of a mounted secret, also after the kubelet changed it", async (t) => {
  const volume = join(folder, "volume");
  for (const [version, value] of [
    ["..2026_01", "first-value"],
    ["..2026_02", "second-value"],
  ] as const) {
    mkdirSync(join(volume, version), { recursive: true });
    writeFileSync(join(volume, version, "token"), value);
    rmSync(join(volume, "..data"), { force: true });
    symlinkSync(version, join(volume, "..data"));
    rmSync(join(volume, "token"), { force: true });
    symlinkSync("..data/token", join(volume, "token"));
    t.same(await resolve("k8s", join(volume, "token")), { ok: true, value });
  }
  t.equal(codeOf(await resolve("k8s", "packrun-has-no-such/token")), "SECRET_UNRESOLVED", "below /var/run/secrets");
  t.equal(codeOf(await resolve("k8s", "../../../etc/hostname")), "SECRET_PROVIDER");
});

t.test("an unknown scheme is SECRET_REFERENCE", async (t) => {
  for (const scheme of ["keychain", "constructor", ""]) {
    const resolved = await resolve(scheme, "ci/hunter2");
    t.equal(codeOf(resolved), "SECRET_REFERENCE");
    t.notMatch(JSON.stringify(resolved), "hunter2");
  }
});

t.test("an argument names a secret, a scheme and a place", async (t) => {
  t.same(parseSecretArgument("deployToken=env:DEPLOY=TOKEN"), {
    ok: true,
    value: { name: "deployToken", reference: { provider: "env", locator: "DEPLOY=TOKEN" } },
  });
  t.same(parseSecretArgument("token=stdin:"), {
    ok: true,
    value: { name: "token", reference: { provider: "stdin", locator: "" } },
  });
  t.same(parseSecretArgument("token"), { ok: true, value: { name: "token" } }, "the configured one");
  t.same(parseSecretArgument("a=file:/run/a:b"), {
    ok: true,
    value: { name: "a", reference: { provider: "file", locator: "/run/a:b" } },
  });
});

t.test("any other argument is SECRET_REFERENCE, and nothing of it is repeated", async (t) => {
  const wrong = [
    "",
    "Hunter2",
    "hunter2=",
    "hunter2=hunter2",
    "hunter2=keychain:x",
    "hunter2=stdin:x",
    "Hunter2=env:X",
    "hunter2=env:",
    "=env:X",
  ];
  for (const argument of wrong) {
    const parsed = parseSecretArgument(argument);
    t.equal(codeOf(parsed), "SECRET_REFERENCE", argument);
    t.notMatch(JSON.stringify(parsed), /unter2/);
  }
});

t.test("standard input is one secret's alone", async (t) => {
  const before = [{ provider: "stdin", locator: "" }];
  t.equal(codeOf(parseSecretArgument("other=stdin:", before)), "SECRET_REFERENCE");
  t.equal(codeOf(parseSecretArgument("other=env:X", before)), "ok");
});

t.test("an argument may have each of the schemes", async (t) => {
  for (const scheme of SCHEMES) {
    t.equal(codeOf(parseSecretArgument(`a=${scheme}:${scheme === "stdin" ? "" : "x"}`)), "ok", scheme);
  }
});
