import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SecretReference } from "#port/secrets.ts";
import { secretCodes } from "./codes.ts";
import { SCHEMES } from "./secret-providers.ts";

const ARGUMENT = /^([a-z][A-Za-z0-9_]{0,62})(?:=([a-z][a-z0-9]*):(.*))?$/s;

/** Without a reference the one is meant that the operator configured for the tenant. */
type SecretArgument = { readonly name: string; readonly reference?: SecretReference };

/**
 * Reads what follows `--secret`: `name=env:VARIABLE`, `name=stdin:`, `name`. The fault SECRET_REFERENCE repeats nothing of a
 * refused argument, not even its name: a value given by mistake may stand anywhere in it. `before`: the references that were
 * read already.
 */
export function parseSecretArgument(argument: string, before: readonly SecretReference[] = []): Result<SecretArgument> {
  const [, name, provider, locator = ""] = ARGUMENT.exec(argument) ?? [];
  if (name !== undefined && provider === undefined) {
    return ok({ name });
  }
  // Standard input is one place with one value, all others are many.
  const placed =
    provider === "stdin" ? locator === "" && before.every((other) => other.provider !== "stdin") : locator !== "";
  if (name === undefined || provider === undefined || !placed || !SCHEMES.includes(provider)) {
    return fail(faultOf(secretCodes, "SECRET_REFERENCE", { form: "NAME=SCHEME:PLACE", schemes: SCHEMES.join(", ") }));
  }
  return ok({ name, reference: { provider, locator } });
}
