import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { readSettings, type Settings } from "#app/settings.ts";
import type { SettingsSource } from "#app/settings-source.ts";
import type { Result } from "#fault/result.ts";

type Given = Partial<Pick<SettingsSource, "flags" | "env">> & { readonly cwd?: string };

/** A project with a folder in it, beside a home with a configuration folder of its own. */
type Place = {
  readonly here: (...parts: readonly string[]) => string;
  readonly write: (path: string, text: string) => string;
  readonly read: (given?: Given) => Result<Settings>;
  readonly settings: (given?: Given) => Settings;
};

function placeOf(t: Test): Place {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "packrun-settings-")));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const here = (...parts: readonly string[]): string => join(root, ...parts);
  const write = (path: string, text: string): string => {
    mkdirSync(dirname(here(path)), { recursive: true });
    writeFileSync(here(path), text);
    return here(path);
  };
  mkdirSync(here("project/deep/er"), { recursive: true });
  const read: Place["read"] = ({ flags = {}, env = {}, cwd = "project" } = {}) =>
    readSettings({ flags, env: { HOME: here("home"), ...env }, cwd: here(cwd) });
  return {
    here,
    write,
    read,
    settings: (given) => {
      const result = read(given);
      if (!result.ok) {
        throw new Error(result.fault.message);
      }
      return result.value;
    },
  };
}

const code = (result: Result<Settings>): string | undefined => (result.ok ? undefined : result.fault.code);

t.test("with nothing configured, state is in the current folder and the tenant is default", async (t) => {
  const place = placeOf(t);
  t.strictSame(place.settings(), {
    tenantId: "default",
    stateFolder: place.here("project/.packrun"),
    artifactsPath: place.here("project/.packrun/artifacts"),
    configFiles: [],
  });
});

t.test("a flag comes before the environment, that before the project's file, that before the user's", async (t) => {
  const place = placeOf(t);
  place.write("home/.config/packrun/config.yaml", "tenant: user\ntrust: user-root.json\n");
  const read = (given?: Given): unknown => {
    const { tenantId, trustFile } = place.settings(given);
    return { tenantId, trustFile };
  };
  const ofUser = { tenantId: "user", trustFile: place.here("home/.config/packrun/user-root.json") };
  t.strictSame(read(), ofUser);

  place.write("project/packrun.config.yaml", "tenant: project\n");
  t.strictSame(read(), { ...ofUser, tenantId: "project" }, "each value by itself");
  place.write("project/packrun.config.yaml", "tenant: project\ntrust: trust/root.json\n");
  t.strictSame(read(), { tenantId: "project", trustFile: place.here("project/trust/root.json") });

  const env = { PACKRUN_TENANT: "env", PACKRUN_TRUST: "env-root.json" };
  const ofEnv = { tenantId: "env", trustFile: place.here("project/env-root.json") };
  t.strictSame(read({ env }), ofEnv);

  const flags = { tenant: "flag", trust: "flag-root.json" };
  const ofFlags = { tenantId: "flag", trustFile: place.here("project/flag-root.json") };
  t.strictSame(read({ env, flags }), ofFlags);
  t.equal(place.settings({ env, flags }).namesTrust, true, "named for once");
  t.equal(place.settings({ env }).namesTrust, undefined, "configured");
  t.strictSame(read({ env, flags: { tenant: "flag" } }), { ...ofEnv, tenantId: "flag" }, "each value by itself");
});

t.test(
  "a configuration that is named by flag or environment stands alone; else the nearest stands before the user's",
  async (t) => {
    const place = placeOf(t);
    const files = (given?: Given): readonly string[] => place.settings(given).configFiles;
    t.strictSame(files({ cwd: "project/deep/er" }), []);
    const user = place.write("home/.config/packrun/config.yaml", "{}\n");
    t.strictSame(files({ cwd: "project/deep/er" }), [user]);
    const xdg = place.write("xdg/packrun/config.yaml", "{}\n");
    t.strictSame(files({ env: { XDG_CONFIG_HOME: place.here("xdg") } }), [xdg]);
    for (const XDG_CONFIG_HOME of ["", "../xdg"]) {
      t.strictSame(files({ env: { XDG_CONFIG_HOME } }), [user], "neither an empty nor a relative path counts");
    }
    const far = place.write("project/packrun.config.yaml", "{}\n");
    t.strictSame(files({ cwd: "project/deep/er" }), [far, user]);
    const near = place.write("project/deep/packrun.config.yaml", "{}\n");
    t.strictSame(files({ cwd: "project/deep/er" }), [near, user]);
    const fromEnv = place.write("env.yaml", "{}\n");
    t.strictSame(files({ env: { PACKRUN_CONFIG: "../env.yaml" } }), [fromEnv]);
    const fromFlag = place.write("flag.yaml", "{}\n");
    t.strictSame(files({ env: { PACKRUN_CONFIG: "../env.yaml" }, flags: { config: "../flag.yaml" } }), [fromFlag]);
  },
);

t.test("state is where flag or environment say, in the nearest .packrun, or beside the configuration", async (t) => {
  const place = placeOf(t);
  const state = (given?: Given): string => place.settings(given).stateFolder;
  place.write("home/.config/packrun/config.yaml", "{}\n");
  t.equal(state({ cwd: "project/deep" }), place.here("project/deep/.packrun"), "never beside the user's file");
  place.write("project/packrun.config.yaml", "{}\n");
  t.equal(state({ cwd: "project/deep" }), place.here("project/.packrun"));
  place.write("project/deep/.packrun/keep", "");
  t.equal(state({ cwd: "project/deep/er" }), place.here("project/deep/.packrun"));
  t.equal(state({ env: { PACKRUN_STORE: "from-env" } }), place.here("project/from-env"));
  t.equal(state({ env: { PACKRUN_STORE: "from-env" }, flags: { store: "/from-flag" } }), "/from-flag");
  t.equal(state({ env: { PACKRUN_STORE: "" } }), place.here("project/.packrun"), "nothing is no folder");
});

t.test("paths in a configuration are relative to it, wherever the command was started", async (t) => {
  const place = placeOf(t);
  const text = [
    "TaskRunner: {Storage: {Mode: file, ArtifactsPath: big/artifacts}}",
    "requester: {key: keys/me.key}",
    "attestor: {key: /etc/packrun/host.key}",
    "sandbox: {scratch: ../scratch}",
  ].join("\n");
  const configFile = place.write("project/packrun.config.yaml", text);
  t.strictSame(place.settings({ cwd: "project/deep/er" }), {
    tenantId: "default",
    stateFolder: place.here("project/.packrun"),
    artifactsPath: place.here("project/big/artifacts"),
    requesterKey: place.here("project/keys/me.key"),
    attestorKey: "/etc/packrun/host.key",
    scratch: place.here("scratch"),
    configFiles: [configFile],
  });
});

t.test("a revocation list belongs to the configured root: another root that is named comes with its own", async (t) => {
  const place = placeOf(t);
  place.write("project/packrun.config.yaml", "trust: trust-root.json\nrevocations: lists/revoked.json\n");
  const list = (given?: Given) => place.settings(given).revocationsFile;
  const configured = place.here("project/lists/revoked.json");
  t.equal(list(), configured);
  t.equal(list({ flags: { trust: place.here("project/trust-root.json") } }), configured, "the same root by its name");
  t.equal(list({ flags: { trust: "other-root.json" } }), undefined);
  t.equal(list({ env: { PACKRUN_TRUST: "other-root.json" } }), undefined);
  t.equal(list({ env: { PACKRUN_REVOCATIONS: "mine.json" } }), place.here("project/mine.json"));
});

t.test("a list of the user's file belongs to the user's root", async (t) => {
  const place = placeOf(t);
  place.write("home/.config/packrun/config.yaml", "trust: root.json\nrevocations: mine.json\n");
  const home = (name: string): string => place.here("home/.config/packrun", name);
  const list = (given?: Given) => place.settings(given).revocationsFile;
  place.write("project/packrun.config.yaml", "tenant: acme\n");
  t.equal(list(), home("mine.json"));
  place.write("project/packrun.config.yaml", "revocations: ours.json\n");
  t.equal(list(), place.here("project/ours.json"), "the project's list of the user's root");
  place.write("project/packrun.config.yaml", "trust: other.json\n");
  t.equal(list(), undefined);
  place.write("project/packrun.config.yaml", "trust: other.json\nrevocations: ours.json\n");
  t.equal(list(), place.here("project/ours.json"));
  t.equal(list({ flags: { trust: home("root.json") } }), home("mine.json"), "the user's root by its name");
  t.equal(list({ flags: { trust: "third.json" } }), undefined);
});

t.test("what belongs together comes from one file, with paths from the folder of that file", async (t) => {
  const place = placeOf(t);
  const user = (...parts: readonly string[]): string => place.here("home/.config/packrun", ...parts);
  place.write(
    "home/.config/packrun/config.yaml",
    [
      "signers: {kms: {command: [kms], publicKey: kms.pub, timeoutSeconds: 5}, hsm: {command: [p11], publicKey: hsm.pub}}",
      "secrets: {commands: {login: [./login]}, tenants: {acme: {a: 'file:a', b: 'file:b'}}, vault: {address: 'https://v', tokenFile: token}}",
      "TaskRunner: {Storage: {ArtifactsPath: big, Mongo: {ConnectionString: 'mongodb://ann:pw@db', RunsCollection: ours}}}",
      "server: {listen: '127.0.0.1:1', issuers: [{issuer: 'https://a', audience: p, jwksFile: a.json}], limits: {runs: 1, parallel: 2}}",
    ].join("\n"),
  );
  place.write(
    "project/packrun.config.yaml",
    [
      "signers: {kms: {command: [ours], publicKey: kms.pub}}",
      "secrets: {tenants: {acme: {b: 'file:b'}}, vault: {address: 'https://other'}}",
      "TaskRunner: {Storage: {Mode: mongo, Mongo: {Database: named}}}",
      "server: {logLevel: debug, limits: {parallel: 3}}",
    ].join("\n"),
  );
  const settings = place.settings();
  const cwd = place.here("project");
  t.match(settings.signers, {
    kms: { command: ["ours"], cwd, publicKey: join(cwd, "kms.pub"), timeoutMs: 30_000 },
    hsm: { command: ["p11"], cwd: user(), publicKey: user("hsm.pub") },
  });
  t.strictSame(settings.secrets, {
    places: { commands: { login: { command: ["./login"], cwd: user() } }, vault: { address: "https://other" } },
    tenants: {
      acme: { b: { provider: "file", locator: join(cwd, "b") }, a: { provider: "file", locator: user("a") } },
    },
  });
  t.match(settings.mongo, {
    connectionString: "mongodb://127.0.0.1:27017/taskrunner",
    database: "named",
    collections: { runs: "pack_runs" },
  });
  t.equal(settings.artifactsPath, user("big"));
  t.match(settings.server, {
    listen: "127.0.0.1:1",
    logLevel: "debug",
    issuers: [{ jwksFile: user("a.json") }],
    limits: { runs: 1, parallel: 3 },
  });
});

t.test("signers run in the folder of the configuration, and are no files where keys are named", async (t) => {
  const place = placeOf(t);
  const text = [
    "requester: {key: 'signer:kms'}",
    "attestor: {key: 'signer:kms'}",
    "signers: {kms: {command: [./sign, --key, '1'], publicKey: kms.pub, timeoutSeconds: 5}, hsm: {command: [p11], publicKey: /h.pub}}",
  ].join("\n");
  place.write("project/packrun.config.yaml", text);
  const cwd = place.here("project");
  t.match(place.settings({ cwd: "project/deep" }), {
    requesterKey: "signer:kms",
    attestorKey: "signer:kms",
    signers: {
      kms: { command: ["./sign", "--key", "1"], cwd, publicKey: place.here("project/kms.pub"), timeoutMs: 5000 },
      hsm: { command: ["p11"], cwd, publicKey: "/h.pub", timeoutMs: 30_000 },
    },
  });
  for (const wrong of ["{command: [], publicKey: a}", "{command: [a]}", "{command: a, publicKey: a}"]) {
    place.write("project/packrun.config.yaml", `signers: {kms: ${wrong}}\n`);
    t.equal(code(place.read()), "CONFIG_INVALID", wrong);
  }
});

t.test("a configuration that cannot be read, or holds what is not known, is CONFIG_INVALID", async (t) => {
  const place = placeOf(t);
  t.equal(code(place.read({ flags: { config: "nowhere.yaml" } })), "CONFIG_INVALID");
  t.equal(code(place.read({ env: { PACKRUN_CONFIG: "deep" } })), "CONFIG_INVALID", "a folder");
  const absent = { code: "CONFIG_INVALID", message: /it is not there$/, hint: /--config/ };
  t.match(place.read({ flags: { config: "nowhere.yaml" } }), { ok: false, fault: absent });
  for (const [text, problem] of [
    ["trsut: root.json", 'unknown member "trsut"'],
    ["tenant: 7", "/tenant: expected a string"],
    ["TaskRunner: {Storage: {Mode: mongodb}}", "/TaskRunner/Storage/Mode"],
    ["requester: {key: ''}", "/requester/key"],
    ["tenant: a\ntenant: b", "tenant"],
    ["tenant: [", "packrun.config.yaml"],
    ["- tenant", "expected an object"],
  ] as const) {
    const file = place.write("project/packrun.config.yaml", `${text}\n`);
    const read = place.read();
    t.equal(code(read), "CONFIG_INVALID", text);
    t.ok(!read.ok && read.fault.message.startsWith(`${file}: `) && read.fault.message.includes(problem), problem);
  }
  place.write("project/packrun.config.yaml", "");
  t.ok(place.read().ok, "an empty file configures nothing");
  place.write("home/.config/packrun/config.yaml", "trsut: root.json\n");
  t.equal(code(place.read()), "CONFIG_INVALID", "the user's, too");
  t.ok(place.read({ flags: { config: "packrun.config.yaml" } }).ok, "a file that is not used is not read");
});

t.test("a tenant that is no name is TENANT_INVALID, wherever it was said", async (t) => {
  const place = placeOf(t);
  for (const tenant of ["Team_A", "../other", "", "-a", "a".repeat(64)]) {
    t.equal(code(place.read({ flags: { tenant } })), "TENANT_INVALID", `--tenant ${tenant}`);
    t.equal(code(place.read({ env: { PACKRUN_TENANT: tenant } })), "TENANT_INVALID", `PACKRUN_TENANT=${tenant}`);
  }
  place.write("project/packrun.config.yaml", "tenant: Team_A\n");
  t.equal(code(place.read()), "TENANT_INVALID");
  t.ok(place.read({ flags: { tenant: "a".repeat(63) } }).ok);
});

t.test("what the operator says of sandboxes comes from the environment before the file, and is checked", async (t) => {
  const place = placeOf(t);
  const proxy = "http://me:pass@proxy.example:3128";
  place.write("project/packrun.config.yaml", `sandbox: {proc: host, scratch: own, upstreamProxy: "${proxy}"}\n`);
  const read = (env: Readonly<Record<string, string>> = {}): unknown => {
    const { proc, scratch, upstreamProxy } = place.settings({ env });
    return { proc, scratch, upstreamProxy };
  };
  t.strictSame(read(), { proc: "host", scratch: place.here("project/own"), upstreamProxy: proxy });
  const env = { PACKRUN_SANDBOX_SCRATCH: "/x", PACKRUN_SANDBOX_UPSTREAM_PROXY: "http://other.example" };
  t.strictSame(read(env), { proc: "host", scratch: "/x", upstreamProxy: "http://other.example" });
  t.strictSame(read({ PACKRUN_SANDBOX_PROC: "", PACKRUN_SANDBOX_SCRATCH: "" }), read(), "nothing says nothing");
  const refusal = (given: Given): string => {
    const result = place.read(given);
    return result.ok ? "taken" : `${result.fault.code} ${result.fault.message}`;
  };
  t.match(refusal({ env: { PACKRUN_SANDBOX_PROC: "own" } }), /^CONFIG_INVALID PACKRUN_SANDBOX_PROC: /);
  for (const wrong of [
    "proxy.example:3128",
    "socks5://proxy.example",
    "https://proxy.example",
    "http://a/b",
    "http://a/?b",
  ]) {
    const said = refusal({ env: { PACKRUN_SANDBOX_UPSTREAM_PROXY: wrong } });
    t.match(said, /^CONFIG_INVALID PACKRUN_SANDBOX_UPSTREAM_PROXY: /, wrong);
    t.notOk(said.includes(wrong));
  }
  place.write("project/packrun.config.yaml", "sandbox: {proc: own}\n");
  t.match(refusal({}), /CONFIG_INVALID .*\/sandbox\/proc/);
});

t.test(
  "who vouches for evidence is configured, changed by the environment, and switched off by an empty name",
  async (t) => {
    const place = placeOf(t);
    t.equal(place.settings().anchor, undefined);
    place.write(
      "project/packrun.config.yaml",
      "anchor: { tsa: https://tsa.example/tsr, rekor: https://log.example }\n",
    );
    t.strictSame(place.settings().anchor, { tsa: "https://tsa.example/tsr", rekor: "https://log.example" });
    const env = { PACKRUN_ANCHOR_TSA: "https://other.example", PACKRUN_ANCHOR_REKOR: "" };
    t.strictSame(place.settings({ env }).anchor, { tsa: "https://other.example" });
  },
);

t.test("what stands in the place of a reference to a secret is not echoed", async (t) => {
  const { write, read } = placeOf(t);
  for (const value of ["hunter2-value", "hunter2:value", "{hunter2: value}"]) {
    write("project/packrun.config.yaml", `secrets: {tenants: {default: {token: ${value}}}}\n`);
    const result = read();
    t.match(result, { ok: false, fault: { code: "CONFIG_INVALID", message: /\/secrets\/tenants\/default\/token/ } });
    t.notMatch(JSON.stringify(result), "hunter2");
  }
});
