import { dirname, resolve } from "node:path";
import type { SecretPlaces, SecretReference } from "#port/secrets.ts";
import type { Config } from "./config.ts";

export type SecretSettings = {
  readonly places: SecretPlaces;
  /** What the operator lets each tenant name, by tenant and name of the secret. */
  readonly tenants: Readonly<Record<string, Readonly<Record<string, SecretReference>>>>;
};

/** Schemes whose places are paths: those of the configuration are relative to its file. */
const PATHS: ReadonlySet<string> = new Set(["file", "age"]);

type Source = { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string };

const VARIABLES = ["PACKRUN_AGE_IDENTITY", "VAULT_ADDR", "VAULT_CACERT", "VAULT_NAMESPACE"];

/**
 * `PACKRUN_AGE_IDENTITY`, `VAULT_ADDR`, `VAULT_CACERT` and `VAULT_NAMESPACE` before the configuration `file`. Tokens are no
 * settings: they are read where they are used. Undefined where nothing is said.
 */
export function readSecretSettings(
  config: Config["secrets"],
  { env, cwd }: Source,
  file: string | undefined,
): SecretSettings | undefined {
  const base = file === undefined ? cwd : dirname(file);
  const given = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const pathOf = (variable: string, configured: string | undefined): string | undefined => {
    const own = given(variable);
    if (own !== undefined) {
      return resolve(cwd, own);
    }
    return configured === undefined ? undefined : resolve(base, configured);
  };
  if (config === undefined && VARIABLES.every((name) => given(name) === undefined)) {
    return undefined;
  }
  const { commands = {}, tenants = {}, age = {}, vault = {} } = config ?? {};
  const ageIdentity = pathOf("PACKRUN_AGE_IDENTITY", age.identity);
  const address = given("VAULT_ADDR") ?? vault.address;
  const caFile = pathOf("VAULT_CACERT", vault.caFile);
  const namespace = given("VAULT_NAMESPACE") ?? vault.namespace;
  return {
    places: {
      commands: mapValues(commands, (command) => ({ command, cwd: base })),
      ...(ageIdentity === undefined ? {} : { ageIdentity }),
      vault: {
        ...(address === undefined ? {} : { address }),
        ...(vault.tokenFile === undefined ? {} : { tokenFile: resolve(base, vault.tokenFile) }),
        ...(caFile === undefined ? {} : { caFile }),
        ...(namespace === undefined ? {} : { namespace }),
      },
    },
    tenants: mapValues(tenants, (secrets) => mapValues(secrets, (text) => referenceOf(text, base))),
  };
}

/** The shape of the configuration has seen to the form of the text. */
function referenceOf(text: string, base: string): SecretReference {
  const colon = text.indexOf(":");
  const provider = text.slice(0, colon);
  const locator = text.slice(colon + 1);
  return { provider, locator: PATHS.has(provider) ? resolve(base, locator) : locator };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
