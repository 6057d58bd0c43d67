import { networkInterfaces } from "node:os";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { EgressRule } from "#plan/plan.ts";
import { canonicalHost } from "#pack/egress-rule.ts";
import { addressKind } from "./address-kind.ts";
import type { EgressCode } from "./codes.ts";

/** More than any host needs; the rest is not tried. */
const MOST_ADDRESSES = 8;

export type NamePorts = {
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly ownAddresses: () => readonly string[];
};

/** As programs of this host look names up. */
export async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address);
}

/** Of all interfaces. Behind an address translator, the address that others see is not among them. */
export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
}

/**
 * The addresses of a host that may be dialled; a host is looked up once, so what was looked at is what is dialled.
 * A rule for an address allows just that one, whatever it is.
 */
export async function vettedAddresses(
  host: string,
  rule: EgressRule,
  { resolve, ownAddresses }: NamePorts,
): Promise<readonly string[] | Extract<EgressCode, "EGRESS_DNS" | "EGRESS_ADDRESS">> {
  if (isIP(host) !== 0) {
    return rule.host === host ? [host] : "EGRESS_ADDRESS";
  }
  const found = await resolve(host).catch(() => []);
  const addresses = new Set(found.filter((address) => isIP(address) !== 0));
  if (addresses.size === 0) {
    return "EGRESS_DNS";
  }
  const isOwn = (address: string): boolean => ownAddresses().some((own) => spelled(own) === spelled(address));
  const vetted = [...addresses].filter((address) => {
    const kind = addressKind(address);
    return kind === "public" ? rule.allowPrivate || !isOwn(address) : kind === "private" && rule.allowPrivate;
  });
  return vetted.length === 0 ? "EGRESS_ADDRESS" : vetted.slice(0, MOST_ADDRESSES);
}

function spelled(address: string): string {
  return canonicalHost(address.split("%", 1)[0] ?? "") ?? address;
}
