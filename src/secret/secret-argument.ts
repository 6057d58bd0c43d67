import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SecretReference } from "#port/secrets.ts";
import { secretCodes } from "./codes.ts";
import { SCHEMES } from "./secret-providers.ts";

const ARGUMENT = /^([a-z][A-Za-z0-9_]{0,62})=([a-z][a-z0-9]*):(.+)$/s;

/**
 * Reads what follows `--secret`: `name=env:VARIABLE`, `name=file:PATH`. The fault SECRET_REFERENCE repeats nothing of a
 * refused argument, not even its name: a value given by mistake may stand anywhere in it.
 */
export function parseSecretArgument(
  argument: string,
): Result<{ readonly name: string; readonly reference: SecretReference }> {
  const [, name, provider, locator] = ARGUMENT.exec(argument) ?? [];
  if (name === undefined || provider === undefined || locator === undefined || !SCHEMES.includes(provider)) {
    return fail(faultOf(secretCodes, "SECRET_REFERENCE", { form: "NAME=SCHEME:PLACE", schemes: SCHEMES.join(", ") }));
  }
  return ok({ name, reference: { provider, locator } });
}
