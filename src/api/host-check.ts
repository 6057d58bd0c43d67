import { isIP } from "node:net";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { apiCodes } from "./codes.ts";

/** Whether only processes of this host reach it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

export type HostCheck = (headers: {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}) => Fault | undefined;

/**
 * Refuses what a page of a browser sends that is not of this server. On loopback, and where `hosts` are given, the header
 * Host must be a name of the server: a page whose own name was pointed here (DNS rebinding) bears that name. Everywhere, the
 * header Origin, which browsers send and pages cannot change, must name the same host and port as Host does.
 */
export function hostCheck(listen: string, hosts: readonly string[] | undefined): HostCheck {
  const names = new Set(hosts?.map((name) => name.toLowerCase()));
  const isChecked = hosts !== undefined || isLoopback(listen);
  const isOurs = (host: string): boolean => names.has(host) || host === listen || isLoopback(host);
  return ({ host = "", origin }) => {
    const name = nameOf(host);
    if (isChecked && (name === undefined || !isOurs(name))) {
      return faultOf(apiCodes, "HOST_REFUSED");
    }
    return origin === undefined || isOrigin(origin, host) ? undefined : faultOf(apiCodes, "ORIGIN_REFUSED");
  };
}

/** The host of `host:port`, without the brackets of IPv6. */
function nameOf(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return bracketed ?? plain;
}

function isOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  return (
    url !== null &&
    url.origin === origin &&
    url.host === host.toLowerCase().replace(url.protocol === "https:" ? /:443$/ : /:80$/, "")
  );
}
