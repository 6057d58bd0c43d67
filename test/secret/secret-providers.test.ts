import t from "tap";
import { parseSecretArgument } from "#secret/secret-argument.ts";
import { secretProviders } from "#secret/secret-providers.ts";
import { codeOf } from "../port/sample-run.ts";

const files: Readonly<Record<string, Uint8Array>> = {
  "/run/token": Buffer.from("s3cr3t-value\n"),
  "/run/two": Buffer.from("s3cr3t\n\n"),
  "/run/windows": Buffer.from("s3cr3t\r\n"),
  "/run/binary": Buffer.from([0xff, 0xfe, 0x00, 0x01, 0x02]),
  "/run/empty": Buffer.from("\n"),
};
const provider = secretProviders({
  env: { TOKEN: "from-env", EMPTY: "", SHORT: "abc", FACES: "😀😀😀", LINES: "two\nlines\n" },
  readFile: async (path) => files[path] ?? Promise.reject(new Error(`no ${path}`)),
});

t.test("env: takes a variable as it is", async (t) => {
  t.same(await provider.resolve("token", { provider: "env", locator: "TOKEN" }), { ok: true, value: "from-env" });
  t.same(await provider.resolve("token", { provider: "env", locator: "LINES" }), { ok: true, value: "two\nlines\n" });
});

t.test("file: takes a file without one newline at its end", async (t) => {
  const values = { "/run/token": "s3cr3t-value", "/run/two": "s3cr3t\n", "/run/windows": "s3cr3t" };
  for (const [locator, value] of Object.entries(values)) {
    t.same(await provider.resolve("token", { provider: "file", locator }), { ok: true, value });
  }
});

t.test("a place that holds nothing is SECRET_UNRESOLVED and is not shown", async (t) => {
  const places = [
    ["env", "MISSING"],
    ["env", "EMPTY"],
    ["env", "toString"],
    ["file", "/run/missing"],
    ["file", "/run/binary"],
    ["file", "/run/empty"],
  ] as const;
  for (const [scheme, locator] of places) {
    const resolved = await provider.resolve("token", { provider: scheme, locator });
    t.equal(codeOf(resolved), "SECRET_UNRESOLVED");
    t.match(resolved, { fault: { message: /secret "token"/ } });
    t.notMatch(JSON.stringify(resolved), locator);
  }
});

t.test("a value of fewer than four characters is SECRET_TOO_SHORT", async (t) => {
  for (const locator of ["SHORT", "FACES"]) {
    const resolved = await provider.resolve("pin", { provider: "env", locator });
    t.equal(codeOf(resolved), "SECRET_TOO_SHORT");
    t.notMatch(JSON.stringify(resolved), /abc|😀/);
  }
});

t.test("an unknown scheme is SECRET_REFERENCE", async (t) => {
  for (const scheme of ["vault", "constructor", ""]) {
    const resolved = await provider.resolve("token", { provider: scheme, locator: "ci/hunter2" });
    t.equal(codeOf(resolved), "SECRET_REFERENCE");
    t.notMatch(JSON.stringify(resolved), "hunter2");
  }
});

t.test("an argument names a secret, a scheme and a place", async (t) => {
  t.same(parseSecretArgument("deployToken=env:DEPLOY=TOKEN"), {
    ok: true,
    value: { name: "deployToken", reference: { provider: "env", locator: "DEPLOY=TOKEN" } },
  });
  t.same(parseSecretArgument("a=file:/run/a:b"), {
    ok: true,
    value: { name: "a", reference: { provider: "file", locator: "/run/a:b" } },
  });
});

t.test("any other argument is SECRET_REFERENCE, and nothing of it is repeated", async (t) => {
  const wrong = [
    "",
    "hunter2",
    "hunter2=",
    "hunter2=hunter2",
    "hunter2=vault:x",
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
