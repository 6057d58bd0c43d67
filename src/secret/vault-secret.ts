import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { isJsonObject } from "#canon/json.ts";
import { systemCode } from "#fault/system-problem.ts";
import type { SecretPlaces } from "#port/secrets.ts";
import { MOST_SECRET_BYTES, notSetUp, tooLarge, unresolved, type Found, type Trouble } from "./found.ts";
import { readKeyFile, readSecretFile } from "./secret-file.ts";
import { secretText } from "./secret-text.ts";

/** Bytes of an answer: a value with every character escaped, and members beside it. */
const MOST_ANSWER_BYTES = 1024 * 1024;
const MOST_TOKEN_BYTES = 8 * 1024;
const MOST_CA_BYTES = 1024 * 1024;

type Wanted = { readonly path: string; readonly key: string };
type Place = { readonly url: URL; readonly token: string; readonly ca?: Buffer; readonly namespace?: string };
type Answer = { readonly status: number; readonly body: Buffer } | Trouble;

/**
 * One member of a secret in the key-value engine, version 2, of HashiCorp Vault or OpenBao
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version), in its newest version. HTTPS alone,
 * with a certificate that holds; redirects are not followed.
 */
export async function vaultSecret(
  locator: string,
  { vault }: SecretPlaces,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Found> {
  const wanted = wantedOf(locator);
  const url = addressOf(vault.address);
  if (wanted === undefined || "trouble" in url) {
    return wanted === undefined ? notSetUp("its place is not MOUNT/NAME#KEY") : (url as Trouble);
  }
  const token = await tokenOf(vault, env);
  const ca = vault.caFile === undefined ? {} : await authorities(vault.caFile);
  if (typeof token !== "string" || "trouble" in ca) {
    return typeof token === "string" ? (ca as Trouble) : token;
  }
  const { namespace } = vault;
  const place: Place = { url, token, ...ca, ...(namespace === undefined ? {} : { namespace }) };
  const answer = await ask(place, wanted.path, signal);
  return "trouble" in answer ? answer : valueIn(answer, wanted.key);
}

/**
 * `MOUNT/NAME…#KEY`, the mount being the first part; where it has several, `data` stands behind it as in the server's own
 * paths: `team/kv/data/ci#token`.
 */
function wantedOf(locator: string): Wanted | undefined {
  const at = locator.lastIndexOf("#");
  const parts = locator.slice(0, Math.max(0, at)).split("/");
  const key = locator.slice(at + 1);
  if (parts.length < 2 || key === "" || parts.some((part) => part === "" || part === "." || part === "..")) {
    return undefined;
  }
  const [mount = "", ...name] = parts;
  const whole = parts.slice(1, -1).includes("data") ? parts : [mount, "data", ...name];
  return { path: `/v1/${whole.map((part) => encodeURIComponent(part)).join("/")}`, key };
}

function addressOf(address: string | undefined): URL | Trouble {
  if (address === undefined) {
    return notSetUp("no address is named: set VAULT_ADDR or secrets.vault.address");
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (
    url?.protocol !== "https:" ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    return notSetUp("its address is not https://HOST[:PORT]");
  }
  return url;
}

async function tokenOf(
  { tokenFile }: SecretPlaces["vault"],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | Trouble> {
  const given = env["VAULT_TOKEN"];
  if (given !== undefined && given !== "") {
    return headerText(given);
  }
  if (tokenFile === undefined) {
    return notSetUp("no token is given: set VAULT_TOKEN or secrets.vault.tokenFile");
  }
  const read = await readKeyFile(tokenFile, "the file of the token", MOST_TOKEN_BYTES);
  if ("trouble" in read) {
    return read.trouble === "SECRET_TOO_LARGE" ? notSetUp("the file of the token is too large") : read;
  }
  const text = secretText(read.bytes, MOST_TOKEN_BYTES);
  return "trouble" in text ? notSetUp("the file of the token is no text") : headerText(text.value);
}

/** Anything else would be refused by HTTP with words that repeat it. */
function headerText(token: string): string | Trouble {
  return /^[\x21-\x7e]+$/.test(token) ? token : notSetUp("the token holds characters that no token has");
}

async function authorities(path: string): Promise<{ readonly ca: Buffer } | Trouble> {
  const read = await readSecretFile(path, MOST_CA_BYTES);
  return "trouble" in read ? notSetUp("the file of the authorities cannot be read") : { ca: Buffer.from(read.bytes) };
}

function ask({ url, token, ca, namespace }: Place, path: string, signal: AbortSignal): Promise<Answer> {
  const headers = {
    "X-Vault-Token": token,
    "X-Vault-Request": "true",
    Accept: "application/json",
    ...(namespace === undefined ? {} : { "X-Vault-Namespace": namespace }),
  };
  return new Promise((resolve) => {
    const unreached = (error: unknown): void => {
      const trouble = signal.aborted ? "SECRET_TIMEOUT" : "SECRET_UNREACHABLE";
      resolve({ trouble, problem: signal.aborted ? "the server has not answered" : systemCode(error) });
    };
    try {
      const target = new URL(`${url.pathname.replace(/\/+$/, "")}${path}`, url);
      // Said outright, so that no variable of the environment turns the check of certificates off.
      const asked = request(target, { headers, signal, rejectUnauthorized: true, agent: false, ...(ca && { ca }) });
      asked.on("error", unreached);
      asked.on("response", (response) => {
        response.on("error", unreached);
        readBody(response, resolve);
      });
      asked.end();
    } catch (error) {
      unreached(error);
    }
  });
}

function readBody(response: IncomingMessage, resolve: (answer: Answer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_ANSWER_BYTES) {
      resolve(tooLarge);
      response.destroy();
    }
  });
  response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
}

function valueIn({ status, body }: { readonly status: number; readonly body: Buffer }, key: string): Found {
  if (status !== 200) {
    return refusedWith(status);
  }
  const read = parsed(body);
  const outer = isJsonObject(read) ? read["data"] : undefined;
  const inner = isJsonObject(outer) && isJsonObject(outer["metadata"]) ? outer["data"] : undefined;
  if (!isJsonObject(inner)) {
    return unresolved("the server's answer is not that of a key-value engine of version 2");
  }
  const value = Object.hasOwn(inner, key) ? inner[key] : undefined;
  if (typeof value !== "string") {
    return unresolved(value === undefined ? "it has no such key" : "what stands under its key is no text");
  }
  return Buffer.byteLength(value) > MOST_SECRET_BYTES ? tooLarge : { value };
}

function refusedWith(status: number): Trouble {
  if (status === 403 || status === 401) {
    return unresolved(`the server refuses this token (status ${status})`);
  }
  return status === 404
    ? unresolved("the server has no such secret, or its newest version is deleted (status 404)")
    : { trouble: "SECRET_UNREACHABLE", problem: `the server answers with status ${status}` };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
