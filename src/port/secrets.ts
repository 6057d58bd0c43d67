import type { Json } from "#canon/json.ts";
import type { Result } from "#fault/result.ts";

/** Where a secret comes from, as the command line or the configuration names it: `env:VAR`, `vault:PATH#KEY`. */
export type SecretReference = {
  /** The scheme; recorded as the secret's provider. */
  readonly provider: string;
  /** What follows the colon. Never shown. */
  readonly locator: string;
};

/** What the operator's configuration says of the places that secrets come from; paths are whole. */
export type SecretPlaces = {
  /** Programs that print a secret, by the name in `cmd:NAME`. */
  readonly commands: Readonly<Record<string, { readonly command: readonly string[]; readonly cwd: string }>>;
  /** File with the age identities. */
  readonly ageIdentity?: string;
  readonly vault: {
    readonly address?: string;
    readonly tokenFile?: string;
    readonly caFile?: string;
    readonly namespace?: string;
  };
};

/**
 * Resolves secrets.
 * 1. A value is returned only in memory; nothing derived from it is written or logged.
 * 2. An unresolved or too short secret is a fault that names the secret, never its reference's locator or value.
 */
export type SecretProvider = {
  readonly resolve: (name: string, reference: SecretReference) => Promise<Result<string>>;
};

/**
 * Takes secrets out of everything that leaves the runner: exact values and their JSON-escaped and base64 forms.
 * 1. `redact` and `stream` replace every known form by `[redacted:NAME]`; for text without secrets they are identity.
 * 2. A `stream` finds a secret however its bytes are cut into chunks; it holds back no more than the longest form.
 * 3. `redactHost` is `redact` for names of hosts: there no case counts, and a host that a URL makes of a secret is a form too.
 *    A text that holds a secret comes back in lower case, but for the marks.
 * 4. Secrets may be added while streams are open: later bytes are redacted.
 */
export type Redactor = {
  readonly add: (name: string, value: string) => void;
  readonly redact: (text: string) => string;
  readonly redactHost: (text: string) => string;
  /** Redacts every string inside a JSON value, member names included. Numbers are the runner's own: ports, counts, sizes. */
  readonly redactJson: <T>(value: T) => T;
  /** The same for what a step gave: a number whose JSON text holds a secret becomes the redacted text, a string. */
  readonly redactValue: (value: Json) => Json;
  readonly stream: () => RedactingStream;
  readonly scanner: () => SecretScanner;
};

export type RedactingStream = {
  readonly push: (chunk: Uint8Array) => Uint8Array;
  readonly end: () => Uint8Array;
};

/** Looks for secrets in bytes that pass; `found` names the first one seen so far. */
export type SecretScanner = { readonly push: (chunk: Uint8Array) => void; readonly found: () => string | undefined };
