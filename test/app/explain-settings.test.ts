import { mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { configShape } from "#app/config.ts";
import { EFFECTIVE, shownValue } from "#app/effective-setting.ts";
import { explainSettings, type ExplainedSettings } from "#app/explain-settings.ts";
import { settingLeaves } from "#app/setting-leaves.ts";
import { settingVariables, waysToGive } from "#app/setting-sources.ts";
import { readSettings } from "#app/settings.ts";
import { misfitsOf } from "#canon/shape.ts";

/** One of everything that a configuration can hold. */
const FULL = `TaskRunner:
  Storage:
    Mode: mongo
    ArtifactsPath: files
    Mongo:
      ConnectionString: mongodb://ann:hunter2@db.example/runs?authSource=hunter2
      Database: runs
      RunsCollection: a
      LogsCollection: b
      ArtifactsCollection: c
      ApprovalsCollection: d
tenant: acme
trust: root.json
revocations: revoked.json
requester: { key: me.key }
attestor: { key: "signer:kms" }
signers: { kms: { command: [sign, --pin, hunter2], publicKey: kms.pub, timeoutSeconds: 5 } }
anchor: { tsa: "https://ann:hunter2@tsa.example/tsr", rekor: "https://hunter2@log.example" }
secrets:
  commands: { login: [vault-login, hunter2] }
  tenants: { acme: { token: "env:TOKEN" } }
  age: { identity: id.txt }
  vault: { address: "https://vault.example", tokenFile: token, caFile: ca.pem, namespace: ci }
server:
  listen: 127.0.0.1:1
  allowFolders: true
  logLevel: debug
  hosts: [packrun.example, other.example]
  metrics: token
  issuers:
    - { issuer: "https://a.example", audience: p, jwksFile: a.json }
    - { issuer: "https://b.example", audience: p, jwksUrl: "https://b.example/jwks" }
  limits: { runs: 1, runsPerTenant: 2, queueDepth: 3, parallel: 4, incidentSeconds: 60, planSeconds: 5, planQueue: 6 }
sandbox: { scratch: scratch, proc: host, upstreamProxy: "http://ann:hunter2@proxy.example:3128" }
`;

const root = realpathSync(t.testdir({ "packrun.config.yaml": FULL, empty: {}, home: {} }));
const file = join(root, "packrun.config.yaml");

type Given = { readonly flags?: object; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string };
const sourceOf = ({ flags = {}, env = {}, cwd = root }: Given) => ({
  flags,
  env: { HOME: join(root, "home"), ...env },
  cwd,
});

function explained(given: Given = {}): ExplainedSettings {
  const result = explainSettings(sourceOf(given), "/var/tmp/scratch");
  if (!result.ok) {
    throw new Error(result.fault.message);
  }
  return result.value;
}

function settingOf(pointer: string, given: Given = {}) {
  const found = explained(given).settings.find((setting) => setting.pointer === pointer);
  return { value: found?.value, source: found?.source };
}

/** Every member with a value of its own that the schema knows, with a star for names. */
function patternsOf(schema: unknown, at = ""): readonly string[] {
  const { properties, additionalProperties, items, anyOf } = schema as Readonly<Record<string, unknown>>;
  if (properties !== undefined) {
    return Object.entries(properties as object).flatMap(([name, inner]) => patternsOf(inner, `${at}/${name}`));
  }
  if (Array.isArray(anyOf)) {
    return [...new Set(anyOf.flatMap((one) => patternsOf(one, at)))];
  }
  const inner = (additionalProperties ?? items) as { readonly type?: string } | undefined;
  return inner === undefined || (items !== undefined && inner.type === "string")
    ? [at]
    : [at, ...patternsOf(inner, `${at}/*`)];
}

t.test("every member of the configuration's schema is explained, with the line that says it", async (t) => {
  const patterns = patternsOf(configShape.schema);
  t.ok(patterns.length > 35);
  t.same(Object.keys(EFFECTIVE).toSorted(), patterns.toSorted(), "and no member that there is not");
  const { settings, configs } = explained();
  t.same(configs, [{ file, how: "nearest" }]);
  const leaves = patterns.filter((pattern) => !patterns.some((other) => other.startsWith(`${pattern}/*`)));
  const shown = new Set(
    settings.map(({ pointer }) =>
      pointer
        .replace(/^(\/signers|\/secrets\/commands|\/server\/issuers)\/[^/]+/, "$1/*")
        .replace("/acme/token", "/*/*"),
    ),
  );
  t.same(
    leaves.filter((pattern) => !shown.has(pattern)),
    [],
  );
  const lines = FULL.split("\n");
  for (const { pointer, source, value, description = "" } of settings.filter((setting) => setting.pointer !== "")) {
    t.equal(source.kind, "file", pointer);
    t.ok(source.kind === "file" && lines[source.line - 1]?.includes(pointer.split("/").at(-1) ?? ""), pointer);
    t.ok(value !== null && (description !== "" || pointer.includes("token")), pointer);
  }
});

t.test("what is shown is what is used, and no secret", async (t) => {
  const settings = readSettings(sourceOf({}));
  t.match(settings, { ok: true, value: { trustFile: join(root, "root.json"), scratch: join(root, "scratch") } });
  t.equal(settingOf("/trust").value, join(root, "root.json"));
  t.equal(settingOf("/sandbox/scratch").value, join(root, "scratch"));
  t.equal(settingOf("/server/issuers/0/jwksFile").value, join(root, "a.json"));
  t.same(settingOf("/server/hosts").value, ["packrun.example", "other.example"]);
  t.same(settingOf("/signers/kms/command").value, ["sign", "***", "***"]);
  t.equal(settingOf("/TaskRunner/Storage/Mongo/ConnectionString").value, "mongodb://***@db.example/runs");
  t.equal(settingOf("/sandbox/upstreamProxy").value, "http://***@proxy.example:3128");
  t.notMatch(JSON.stringify(explained()), /hunter2|ann/);
  t.equal(shownValue("/", "http://ann:hun/ter2@proxy.example"), "http://***@proxy.example");
  t.equal(shownValue("/", {}), null);
});

t.test("what nobody says is a default, and a flag or variable is named that says it", async (t) => {
  const cwd = join(root, "..", "..");
  const settings = explained({ cwd }).settings;
  t.same(
    settings.filter(({ source }) => source.kind !== "default"),
    [],
  );
  const valueOf = (pointer: string) => settingOf(pointer, { cwd }).value;
  t.equal(valueOf("/tenant"), "default");
  t.equal(valueOf("/TaskRunner/Storage/Mode"), "file");
  t.equal(valueOf("/server/listen"), "127.0.0.1:7070");
  t.equal(valueOf("/sandbox/scratch"), "/var/tmp/scratch");
  t.match(valueOf("/requester/key"), /\/trust\/dev\.key$/);
  t.equal(valueOf("/signers"), null);
  t.same(waysToGive("/trust"), ["--trust", "PACKRUN_TRUST"]);
});

t.test("flags, then variables: each setting says who gave it", async (t) => {
  for (const variable of settingVariables) {
    t.match(variable, /^(?:PACKRUN|VAULT)_/);
  }
  const env = { PACKRUN_TENANT: "env", PACKRUN_TRUST: "env.json", VAULT_ADDR: "https://v", PACKRUN_ANCHOR_TSA: "" };
  const given = { env, flags: { tenant: "flag" } };
  t.same(settingOf("/tenant", given), { value: "flag", source: { kind: "flag", name: "--tenant" } });
  t.same(settingOf("/trust", given), {
    value: join(root, "env.json"),
    source: { kind: "variable", name: "PACKRUN_TRUST" },
  });
  t.same(settingOf("/anchor/tsa", given), { value: null, source: { kind: "variable", name: "PACKRUN_ANCHOR_TSA" } });
  const fallback = settingOf("/revocations", given);
  t.same(fallback, { value: join(root, "revocations.json"), source: { kind: "default" } }, "of another root");
  const store = { env: { PACKRUN_STORE: "here" } };
  t.match(settingOf("", store), { value: join(root, "here"), source: { name: "PACKRUN_STORE" } });
  t.match(settingOf("/TaskRunner/Storage/Mode", store), { value: "file", source: { name: "PACKRUN_STORE" } });
});

t.test("of two files each setting says which one gave it, a list as a whole", async (t) => {
  const user = join(root, "home/.config/packrun/config.yaml");
  mkdirSync(join(root, "home/.config/packrun"), { recursive: true });
  t.teardown(() => rmSync(join(root, "home/.config"), { recursive: true }));
  writeFileSync(
    user,
    "anchor: { tsa: https://user.example }\nsandbox: {}\nsecrets:\n  commands: { login: [x], second: [y] }\n",
  );
  t.match(settingOf("/secrets/commands/login").source, { kind: "file", file });
  t.match(settingOf("/secrets/commands/second"), { value: ["y"], source: { kind: "file", file: user, line: 4 } });
  t.match(settingOf("/anchor/tsa").source, { kind: "file", file });
  t.same(explained().configs, [
    { file, how: "nearest" },
    { file: user, how: "user" },
  ]);
});

t.test("variables that nothing reads are named with what was meant; passwords are only said to be set", async (t) => {
  const env = { PACKRUN_TRSUT: "x", PACKRUN_RUN_ID: "x", PACKRUN_KEY_PASSWORD: "hunter2", PACKRUN_TOKEN: "" };
  const { unread, secrets } = explained({ env });
  t.same(unread, [{ name: "PACKRUN_TRSUT", near: "PACKRUN_TRUST" }]);
  t.same(secrets, ["PACKRUN_KEY_PASSWORD"]);
});

t.test(
  "a configuration that is wrong is refused with everything that is wrong in it, each with its line",
  async (t) => {
    mkdirSync(join(root, "empty"), { recursive: true });
    writeFileSync(join(root, "empty/packrun.config.yaml"), "trsut: a\nserver:\n  listne: b\ntenant: 7\n");
    const refused = explainSettings(sourceOf({ cwd: join(root, "empty") }), "/");
    t.match(refused, {
      ok: false,
      fault: { code: "CONFIG_INVALID", message: /line 1: .*"trsut"; line 3: .*"listne"; line 4: \/tenant/ },
    });
    t.same(misfitsOf(configShape, {}), []);
    t.match(
      settingLeaves(configShape.schema, {}).map(({ pattern }) => pattern),
      ["/TaskRunner/Storage/Mode"],
    );
  },
);
