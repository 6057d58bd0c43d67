import { resolve } from "node:path";
import type { SecretPlaces, SecretReference } from "#port/secrets.ts";
import type { SettingSources } from "./setting-sources.ts";

export type SecretSettings = {
  readonly places: SecretPlaces;
  /** What the operator lets each tenant name, by tenant and name of the secret. */
  readonly tenants: Readonly<Record<string, Readonly<Record<string, SecretReference>>>>;
};

/** Schemes whose places are paths: those of the configuration are relative to their file. */
const PATHS: ReadonlySet<string> = new Set(["file", "age"]);

/** Tokens are no settings: they are read where they are used. Undefined where nothing is said. */
export function readSecretSettings({ config, baseOf, text, path }: SettingSources): SecretSettings | undefined {
  const ageIdentity = path("/secrets/age/identity");
  const address = text("/secrets/vault/address");
  const caFile = path("/secrets/vault/caFile");
  const namespace = text("/secrets/vault/namespace");
  const said = [config.secrets, ageIdentity, address, caFile, namespace];
  if (said.every((one) => one === undefined)) {
    return undefined;
  }
  const { commands = {}, tenants = {} } = config.secrets ?? {};
  const tokenFile = path("/secrets/vault/tokenFile");
  return {
    places: {
      commands: mapValues(commands, (command, name) => ({ command, cwd: baseOf("secrets", "commands", name) })),
      ...(ageIdentity === undefined ? {} : { ageIdentity }),
      vault: {
        ...(address === undefined ? {} : { address }),
        ...(tokenFile === undefined ? {} : { tokenFile }),
        ...(caFile === undefined ? {} : { caFile }),
        ...(namespace === undefined ? {} : { namespace }),
      },
    },
    tenants: mapValues(tenants, (secrets, tenant) =>
      mapValues(secrets, (text, name) => referenceOf(text, baseOf("secrets", "tenants", tenant, name))),
    ),
  };
}

/** The shape of the configuration has seen to the form of the text. */
function referenceOf(text: string, base: string): SecretReference {
  const colon = text.indexOf(":");
  const provider = text.slice(0, colon);
  const locator = text.slice(colon + 1);
  return { provider, locator: PATHS.has(provider) ? resolve(base, locator) : locator };
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A, name: string) => B,
): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}
