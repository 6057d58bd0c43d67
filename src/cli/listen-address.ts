import { isIP } from "node:net";
import type { Listen } from "#api/http-server.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { apiCodes } from "#api/codes.ts";

/** `HOST:PORT` or `[IPv6]:PORT`. Fault: SERVE_LISTEN. */
export function readListen(text: string): Result<Listen> {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)
    ? fail(faultOf(apiCodes, "SERVE_LISTEN", { address: text, problem: "it is not HOST:PORT" }))
    : ok({ host, port: Number(port) });
}
