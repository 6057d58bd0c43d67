export type ConnectionProblem = {
  readonly problem: string;
  /** Whether the request may have arrived. */
  readonly sent: boolean;
  /** Trying again would end in the same. */
  readonly hopeless: boolean;
};

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its network",
  ETIMEDOUT: "it does not answer in time",
  ECONNRESET: "the connection broke off",
  EPIPE: "the connection broke off",
  UND_ERR_SOCKET: "the connection broke off",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer in time",
  UND_ERR_HEADERS_TIMEOUT: "it does not answer in time",
  UND_ERR_BODY_TIMEOUT: "it does not answer in time",
};

const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Codes of OpenSSL and of Node for certificates that are not believed. */
const UNTRUSTED =
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|ERR_TLS|ERR_SSL|HOSTNAME_MISMATCH|WRONG_VERSION_NUMBER/;

/** Why `fetch` had no answer, in words of its own: what it throws may repeat what was sent. */
export function connectionProblem(error: unknown): ConnectionProblem {
  const code = codeOf(error);
  if (UNTRUSTED.test(code)) {
    return { problem: `its certificate is not trusted (${code})`, sent: false, hopeless: true };
  }
  const name = error instanceof Error ? error.name : "";
  const aborted = name === "AbortError" || name === "TimeoutError";
  const problem = WORDS[code] ?? (aborted ? "it does not answer in time" : "the connection broke off");
  return { problem, sent: !UNSENT.has(code), hopeless: false };
}

/** The code of what lies beneath: where several addresses were tried, of the first. */
function codeOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : { cause: undefined };
  const inner = cause instanceof AggregateError ? (cause.errors as readonly unknown[])[0] : cause;
  return [inner, cause, error].map(codeIn).find((code) => code !== "") ?? "";
}

function codeIn(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
