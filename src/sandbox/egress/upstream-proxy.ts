import type { Socket } from "node:net";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { egressCodes } from "./codes.ts";
import { nodeHttp } from "./node-http.ts";

/**
 * An operator's HTTP proxy, through which everything leaves. Names go to it as names: the hosts that need such a proxy
 * often cannot look public names up at all, and what this host resolves need not be what the proxy would dial. So the
 * vetting of addresses does not hold for names there, and keeping private networks out of reach is the proxy's part;
 * the list of rules, server names, pinned Hosts, and quotas hold as ever. Lines then have no `address`. Addresses
 * themselves can only be reached by a rule for that very address, with or without a proxy.
 */
export type UpstreamProxy = { readonly host: string; readonly port: number; readonly authorization?: string };

export function readUpstreamProxy(text: string): Result<UpstreamProxy> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    return fail(unusable("it is no URL"));
  }
  if (url.protocol !== "http:" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return fail(unusable("only http://host:port is spoken"));
  }
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const proxy = { host, port: url.port === "" ? 80 : Number(url.port) };
  try {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return ok(user === ":" ? proxy : { ...proxy, authorization: `Basic ${Buffer.from(user).toString("base64")}` });
  } catch {
    return fail(unusable("its user or password is not percent-encoded UTF-8"));
  }
}

function unusable(problem: string): Fault {
  return faultOf(egressCodes, "EGRESS_PROXY", { problem });
}

/** Asks the proxy, over a connection to it, for a tunnel to `target`. Gives the raw connection, or what was wrong. */
export async function openTunnel(connection: Socket, proxy: UpstreamProxy, target: string): Promise<Socket | string> {
  return new Promise((resolve) => {
    const asked = nodeHttp().request({
      createConnection: () => connection,
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }),
      },
      insecureHTTPParser: false,
    });
    asked.on("connect", ({ statusCode = 0 }, socket, head: Buffer) => {
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        resolve(`the upstream proxy answered ${statusCode}`);
        return;
      }
      socket.pause();
      if (head.length > 0) {
        socket.unshift(head);
      }
      resolve(connection);
    });
    asked.on("response", ({ statusCode = 0 }) => {
      connection.destroy();
      resolve(`the upstream proxy answered ${statusCode}`);
    });
    asked.on("error", (error) => {
      connection.destroy();
      resolve(`the upstream proxy: ${error.message}`);
    });
    asked.end();
  });
}
