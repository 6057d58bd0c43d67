import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { SecretPlaces, SecretProvider } from "#port/secrets.ts";
import { secretCodes } from "./codes.ts";
import { MOST_SECRET_BYTES, tooLarge, unresolved, type Found } from "./found.ts";
import { credentialFile, mountedFile } from "./mounted-secret.ts";
import type { ReadBytes } from "./secret-file.ts";
import { secretText } from "./secret-text.ts";

/** Shorter values cannot be redacted without destroying the output. Characters are code points. */
export const LEAST_SECRET_LENGTH = 4;

export type SecretSources = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The bytes of a regular file, at most so many. */
  readonly readFile: (path: string, most: number) => Promise<ReadBytes>;
  readonly places: SecretPlaces;
  readonly stdin: () => NodeJS.ReadStream;
};

type Scheme = {
  /** How long a value may take to come, in milliseconds. */
  readonly patience: number;
  readonly find: (locator: string, sources: SecretSources, signal: AbortSignal) => Found | Promise<Found>;
};

/** Bytes of an age file with a value of the largest size, in armor. */
const MOST_AGE_BYTES = 2 * MOST_SECRET_BYTES;
const FILE_PATIENCE = 10_000;

// What is seldom used, or is slow to load, is loaded where it is used.
const schemes: Readonly<Record<string, Scheme>> = {
  env: {
    patience: FILE_PATIENCE,
    find: (locator, { env }) => {
      const value = Object.hasOwn(env, locator) ? env[locator] : undefined;
      return value === undefined ? unresolved("the environment variable is not set") : { value };
    },
  },
  file: { patience: FILE_PATIENCE, find: (locator, sources) => fileText(locator, sources) },
  age: {
    patience: FILE_PATIENCE,
    find: async (locator, sources) => {
      const read = await sources.readFile(locator, MOST_AGE_BYTES);
      return "trouble" in read
        ? read
        : (await import("./age-secret.ts")).ageSecret(read.bytes, sources.places.ageIdentity);
    },
  },
  vault: {
    patience: 10_000,
    find: async (locator, { places, env }, signal) =>
      (await import("./vault-secret.ts")).vaultSecret(locator, places, env, signal),
  },
  cmd: {
    patience: 30_000,
    find: async (locator, { places }, signal) =>
      (await import("./command-secret.ts")).commandSecret(locator, places, signal),
  },
  stdin: {
    patience: 60_000,
    find: async (_, { stdin }, signal) => (await import("./stdin-secret.ts")).stdinSecret(stdin(), signal),
  },
  systemd: {
    patience: FILE_PATIENCE,
    find: (locator, sources) => placedText(credentialFile(locator, sources.env), sources),
  },
  k8s: { patience: FILE_PATIENCE, find: (locator, sources) => placedText(mountedFile(locator), sources) },
};

/** The schemes of references that `secretProviders` resolves. */
export const SCHEMES: readonly string[] = Object.keys(schemes);

/**
 * Resolves references of every scheme. A value is asked for anew each time, but for that of `stdin:`, which comes once.
 * Faults: SECRET_REFERENCE, SECRET_UNRESOLVED, SECRET_PROVIDER, SECRET_UNREACHABLE, SECRET_TIMEOUT, SECRET_TOO_SHORT,
 * SECRET_TOO_LARGE; none holds a value, a place, or what a program or a server said.
 */
export function secretProviders(sources: SecretSources): SecretProvider {
  let input: Promise<Found> | undefined;
  return {
    resolve: async (name, { provider, locator }): Promise<Result<string>> => {
      const scheme = Object.hasOwn(schemes, provider) ? schemes[provider] : undefined;
      if (scheme === undefined) {
        return fail(faultOf(secretCodes, "SECRET_REFERENCE", { form: "SCHEME:PLACE", schemes: SCHEMES.join(", ") }));
      }
      const found = await (provider === "stdin"
        ? (input ??= patiently(scheme, locator, sources))
        : patiently(scheme, locator, sources));
      return checked(name, provider, found);
    },
  };
}

function checked(name: string, scheme: string, found: Found): Result<string> {
  if ("trouble" in found) {
    return fail(faultOf(secretCodes, found.trouble, { name, scheme, problem: found.problem }));
  }
  const { value } = found;
  if (value === "") {
    return fail(faultOf(secretCodes, "SECRET_UNRESOLVED", { name, scheme, problem: "it is empty" }));
  }
  if (Buffer.byteLength(value) > MOST_SECRET_BYTES) {
    return fail(faultOf(secretCodes, "SECRET_TOO_LARGE", { name, scheme, problem: tooLarge.problem }));
  }
  return [...value].length < LEAST_SECRET_LENGTH
    ? fail(faultOf(secretCodes, "SECRET_TOO_SHORT", { name, least: LEAST_SECRET_LENGTH }))
    : ok(value);
}

/** Whatever a provider does, an answer comes in time. */
async function patiently({ patience, find }: Scheme, locator: string, sources: SecretSources): Promise<Found> {
  const giveUp = new AbortController();
  const late: Promise<Found> = new Promise((resolve) => {
    giveUp.signal.addEventListener("abort", () =>
      resolve({ trouble: "SECRET_TIMEOUT", problem: `nothing came within ${patience / 1000} s` }),
    );
  });
  const limit = setTimeout(() => giveUp.abort(), patience);
  try {
    return await Promise.race([find(locator, sources, giveUp.signal), late]);
  } finally {
    clearTimeout(limit);
  }
}

async function fileText(path: string, { readFile }: SecretSources): Promise<Found> {
  const read = await readFile(path, MOST_SECRET_BYTES + 2);
  return "trouble" in read ? read : secretText(read.bytes, MOST_SECRET_BYTES);
}

async function placedText(place: { readonly path: string } | Found, sources: SecretSources): Promise<Found> {
  return "path" in place ? fileText(place.path, sources) : place;
}
