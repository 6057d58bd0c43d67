import t from "tap";
import { configLayers } from "#app/config-layers.ts";
import { configShape, type Config } from "#app/config.ts";
import { readSecretSettings, type SecretSettings } from "#app/secret-settings.ts";
import { settingSources } from "#app/setting-sources.ts";
import { tenantSecrets } from "#app/tenant-secrets.ts";
import { fits } from "#canon/shape.ts";
import type { TenantId } from "#canon/ids.ts";
import { SCHEMES } from "#secret/secret-providers.ts";
import { codeOf } from "../port/sample-run.ts";

const config = {
  commands: { login: ["vault-login", "--quiet"] },
  tenants: {
    "team-a": { deployToken: "vault:secret/ci#token", key: "age:keys/deploy.age", pin: "file:/run/pin" },
    "team-b": { deployToken: "env:TOKEN_B" },
  },
  age: { identity: "keys/id.txt" },
  vault: { address: "https://vault.example", tokenFile: "token", caFile: "ca.pem", namespace: "ci" },
};
const file = "/etc/packrun/packrun.config.yaml";
const read = (secrets: Config["secrets"], env: Readonly<Record<string, string>> = {}): SecretSettings | undefined =>
  readSecretSettings(
    settingSources(
      { flags: {}, env, cwd: "/home/ann" },
      configLayers([{ file, value: secrets === undefined ? {} : { secrets }, lineOf: () => 1 }]),
    ),
  );
const made = read(config);
const secrets = made ?? { places: { commands: {}, vault: {} }, tenants: {} };
const tenant = (name: string): TenantId => name as TenantId;

t.test("a tenant's names become its references, with paths from the folder of the configuration", async (t) => {
  const found = tenantSecrets(["deployToken", "key", "pin"], tenant("team-a"), { secrets });
  t.same(found.ok && [...found.value], [
    ["deployToken", { provider: "vault", locator: "secret/ci#token" }],
    ["key", { provider: "age", locator: "/etc/packrun/keys/deploy.age" }],
    ["pin", { provider: "file", locator: "/run/pin" }],
  ]);
});

t.test("a name of another tenant, or of none, is SECRET_NOT_CONFIGURED and is not shown", async (t) => {
  for (const [name, of] of [
    ["key", "team-b"],
    ["deployToken", "team-c"],
    ["toString", "team-a"],
    ["deployToken", "constructor"],
    ["hunter2", "team-a"],
  ] as const) {
    const found = tenantSecrets([name], tenant(of), { secrets });
    t.equal(codeOf(found), "SECRET_NOT_CONFIGURED", name);
    t.notMatch(JSON.stringify(found), name);
  }
  t.equal(codeOf(tenantSecrets(["key"], tenant("team-a"), {})), "SECRET_NOT_CONFIGURED");
  t.equal(codeOf(tenantSecrets([], tenant("team-c"), {})), "ok");
});

t.test("the environment comes before the configuration, and its paths are from the current folder", async (t) => {
  t.same(secrets.places, {
    commands: { login: { command: ["vault-login", "--quiet"], cwd: "/etc/packrun" } },
    ageIdentity: "/etc/packrun/keys/id.txt",
    vault: {
      address: "https://vault.example",
      tokenFile: "/etc/packrun/token",
      caFile: "/etc/packrun/ca.pem",
      namespace: "ci",
    },
  });
  const env = {
    PACKRUN_AGE_IDENTITY: "id.txt",
    VAULT_ADDR: "https://other",
    VAULT_CACERT: "/ca.pem",
    VAULT_NAMESPACE: "",
  };
  t.match(read(config, env)?.places, {
    ageIdentity: "/home/ann/id.txt",
    vault: { address: "https://other", caFile: "/ca.pem", namespace: "ci" },
  });
  t.same(read({}), { places: { commands: {}, vault: {} }, tenants: {} });
  t.equal(read(undefined), undefined);
});

t.test("the configuration takes a reference of every scheme but standard input", async (t) => {
  const taken = SCHEMES.filter((scheme) =>
    fits(configShape, { secrets: { tenants: { default: { token: `${scheme}:x` } } } }),
  );
  t.same(
    taken,
    SCHEMES.filter((scheme) => scheme !== "stdin"),
  );
  t.notOk(fits(configShape, { secrets: { tenants: { default: { token: "hunter2" } } } }));
});
