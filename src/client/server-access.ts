import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { clientCodes } from "./codes.ts";

/** A server and what opens it. The token stands in no message. */
export type ServerAccess = {
  /** Where the API is, with a slash at its end. */
  readonly base: URL;
  /** As messages name it. */
  readonly name: string;
  readonly token: string;
};

export type ServerSource = {
  readonly flags: { readonly server?: string; readonly tokenFile?: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
};

/** Longest token that a server takes in a header, in bytes. */
const MAX_TOKEN = 8192;
const OTHERS = 0o077;

/**
 * The server that a command is to work with: `--server`, else PACKRUN_SERVER; undefined where neither is given. Its token is
 * in the file of `--token-file`, else in PACKRUN_TOKEN, else in the file of PACKRUN_TOKEN_FILE. Faults: SERVER_ADDRESS,
 * SERVER_TOKEN.
 */
export async function readServerAccess({ flags, env, cwd }: ServerSource): Promise<Result<ServerAccess | undefined>> {
  const address = flags.server ?? nonEmpty(env["PACKRUN_SERVER"]);
  if (address === undefined) {
    return ok(undefined);
  }
  const base = readAddress(address);
  if (!base.ok) {
    return base;
  }
  const given = flags.tokenFile === undefined ? nonEmpty(env["PACKRUN_TOKEN"]) : undefined;
  const file = flags.tokenFile ?? nonEmpty(env["PACKRUN_TOKEN_FILE"]);
  const token = given === undefined ? await readTokenFile(file, cwd) : asToken(given, "PACKRUN_TOKEN");
  return token.ok ? ok({ base: base.value, name: nameOf(base.value), token: token.value }) : token;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** What is refused is not repeated: it may hold a password. */
function readAddress(text: string): Result<URL> {
  const refuse = (problem: string): Result<never> => fail(faultOf(clientCodes, "SERVER_ADDRESS", { problem }));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return refuse("it is no http or https address");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("it holds more than a host and a path");
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return refuse("http would carry the token unencrypted; only a server on this host may be reached so");
  }
  url.pathname = url.pathname.replace(/\/*$/, "/");
  return ok(url);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));
}

function nameOf({ href }: URL): string {
  return href.replace(/\/$/, "");
}

async function readTokenFile(file: string | undefined, cwd: string): Promise<Result<string>> {
  if (file === undefined) {
    return refuseToken("none is given");
  }
  try {
    await using handle = await open(resolve(cwd, file), constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile() || found.size > MAX_TOKEN) {
      return refuseToken(`${file} is no file with a token`);
    }
    // Windows has no such modes.
    if (process.platform !== "win32" && (found.mode & OTHERS) !== 0) {
      return refuseToken(`${file} can be read by others; chmod 600 it, and have the token replaced`);
    }
    return asToken((await handle.readFile("utf8")).trim(), file);
  } catch (error) {
    return refuseToken(`${file}: ${systemProblem(error)}`);
  }
}

function asToken(text: string, where: string): Result<string> {
  return /^[\x21-\x7e]+$/.test(text) && text.length <= MAX_TOKEN
    ? ok(text)
    : refuseToken(`what ${where} holds is none`);
}

function refuseToken(problem: string): Result<never> {
  return fail(faultOf(clientCodes, "SERVER_TOKEN", { problem }));
}
