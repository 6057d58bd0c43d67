import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SecretProvider } from "#port/secrets.ts";
import { secretCodes } from "./codes.ts";

/** Shorter values cannot be redacted without destroying the output. Characters are code points. */
export const LEAST_SECRET_LENGTH = 4;

export type SecretSources = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The bytes of a file; rejects when it cannot be read. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
};

type Found = { readonly value: string } | { readonly problem: string };
type Scheme = (locator: string, sources: SecretSources) => Found | Promise<Found>;

const schemes: Readonly<Record<string, Scheme>> = {
  env: (locator, { env }) => {
    const value = Object.hasOwn(env, locator) ? env[locator] : undefined;
    return value === undefined ? { problem: "the environment variable is not set" } : { value };
  },
  file: async (locator, { readFile }) => {
    const bytes = await readFile(locator).catch(() => undefined);
    if (bytes === undefined) {
      return { problem: "the file cannot be read" };
    }
    const text = decodeUtf8(bytes);
    return text === undefined ? { problem: "the file is not UTF-8 text" } : { value: withoutLastNewline(text) };
  },
};

/** The schemes of references that `secretProviders` resolves. */
export const SCHEMES: readonly string[] = Object.keys(schemes);

/** Resolves `env:VARIABLE` and `file:PATH` (one newline at the end of a file is not part of the secret). */
export function secretProviders(sources: SecretSources): SecretProvider {
  return {
    resolve: async (name, reference): Promise<Result<string>> => {
      const scheme = Object.hasOwn(schemes, reference.provider) ? schemes[reference.provider] : undefined;
      if (scheme === undefined) {
        return fail(faultOf(secretCodes, "SECRET_REFERENCE", { form: "SCHEME:PLACE", schemes: SCHEMES.join(", ") }));
      }
      const found = await scheme(reference.locator, sources);
      if ("problem" in found || found.value === "") {
        const problem = "problem" in found ? found.problem : "it is empty";
        return fail(faultOf(secretCodes, "SECRET_UNRESOLVED", { name, problem }));
      }
      return [...found.value].length < LEAST_SECRET_LENGTH
        ? fail(faultOf(secretCodes, "SECRET_TOO_SHORT", { name, least: LEAST_SECRET_LENGTH }))
        : ok(found.value);
    },
  };
}

function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}
