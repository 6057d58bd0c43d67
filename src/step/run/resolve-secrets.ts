import { fail, ok, type Result } from "#fault/result.ts";
import { secretNotGiven } from "#fault/secret-given-codes.ts";
import type { Redactor, SecretProvider, SecretReference } from "#port/secrets.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";

/** The secrets of one attempt: by variable, and what the ledger says of them. Held in memory only. */
export type AttemptSecrets = {
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly resolved: readonly { readonly name: string; readonly provider: string }[];
};

type Ports = {
  readonly secrets: SecretProvider;
  readonly references: ReadonlyMap<string, SecretReference>;
  readonly redactor: Redactor;
};

/** Resolves what an attempt declares; every value is known to the redactor before anyone else has it. */
export async function resolveSecrets(attempt: ResolvedAttempt, ports: Ports): Promise<Result<AttemptSecrets>> {
  const values = new Map<string, { readonly value: string; readonly provider: string }>();
  const wanted = [...Object.values(attempt.secretEnv), ...Object.values(attempt.secretFiles)];
  for (const name of new Set(wanted)) {
    const reference = ports.references.get(name);
    if (reference === undefined) {
      return fail(secretNotGiven(name));
    }
    const value = await ports.secrets.resolve(name, reference);
    if (!value.ok) {
      return value;
    }
    ports.redactor.add(name, value.value);
    values.set(name, { value: value.value, provider: reference.provider });
  }
  const given = (variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(variables).map(([variable, name]) => [variable, values.get(name)?.value ?? ""]));
  const resolved = [...values].map(([name, { provider }]) => ({ name, provider }));
  return ok({ env: given(attempt.secretEnv), files: given(attempt.secretFiles), resolved });
}
