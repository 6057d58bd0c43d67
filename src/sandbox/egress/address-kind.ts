import { BlockList, isIP } from "node:net";

/**
 * `private`: for networks of their own (this host among them), or a wrapping of an IPv4 address; opened by
 * `allowPrivate`. `reserved`: link-local, other addresses at which clouds hand out credentials, multicast, unspecified and
 * the like; opened by a rule for that very address only.
 */
export type AddressKind = "public" | "private" | "reserved";

type Subnet = readonly [address: string, prefix: number];

/** IANA special-purpose registries (RFC 6890 and its updates): what is not globally reachable. */
const PRIVATE_V4: readonly Subnet[] = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
];
/** Metadata services outside of link-local: Alibaba Cloud, Azure, Oracle; AWS (EKS, EC2), Google. */
const CLOUD_V4: readonly Subnet[] = [
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
];
const CLOUD_V6: readonly Subnet[] = [
  ["fd00:ec2::23", 128],
  ["fd00:ec2::254", 128],
  ["fd20:ce::254", 128],
];
const RESERVED_V4: readonly Subnet[] = [
  ...CLOUD_V4,
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
const PRIVATE_V6: readonly Subnet[] = [
  ["::1", 128],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fec0::", 10],
];
const RESERVED_V6: readonly Subnet[] = [...CLOUD_V6, ["::", 128], ["fe80::", 10], ["ff00::", 8]];
/** Prefixes with an IPv4 address inside, and the 16-bit group at which it begins; Teredo's is inverted. */
const WRAPPINGS: readonly { readonly subnet: Subnet; readonly group: number; readonly mask: number }[] = [
  { subnet: ["::", 96], group: 6, mask: 0 },
  { subnet: ["::ffff:0:0", 96], group: 6, mask: 0 },
  { subnet: ["::ffff:0:0:0", 96], group: 6, mask: 0 },
  { subnet: ["64:ff9b::", 96], group: 6, mask: 0 },
  { subnet: ["64:ff9b:1::", 48], group: 6, mask: 0 },
  { subnet: ["2002::", 16], group: 1, mask: 0 },
  { subnet: ["2001::", 32], group: 6, mask: 0xff_ff },
];

const privateV4 = blockList("ipv4", PRIVATE_V4);
const reservedV4 = blockList("ipv4", RESERVED_V4);
const privateV6 = blockList("ipv6", PRIVATE_V6);
const reservedV6 = blockList("ipv6", RESERVED_V6);
const wrappings = WRAPPINGS.map(({ subnet, ...rest }) => ({ list: blockList("ipv6", [subnet]), ...rest }));

/** What an address is for; `reserved` for a text that is none, or has a zone. */
export function addressKind(address: string): AddressKind {
  switch (address.includes("%") ? 0 : isIP(address)) {
    case 4:
      return kindOfV4(address);
    case 6:
      return kindOfV6(address);
    default:
      return "reserved";
  }
}

function kindOfV4(address: string): AddressKind {
  return reservedV4.check(address, "ipv4") ? "reserved" : privateV4.check(address, "ipv4") ? "private" : "public";
}

function kindOfV6(address: string): AddressKind {
  const groups = groupsOf(address);
  const text = groups.map((group) => group.toString(16)).join(":");
  // A block list takes mapped addresses for IPv4: they are looked at through their wrapping alone.
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xff_ff;
  if (!isMapped && reservedV6.check(text, "ipv6")) {
    return "reserved";
  }
  if (!isMapped && text === "0:0:0:0:0:0:0:1") {
    return "private";
  }
  for (const { list, group, mask } of wrappings) {
    if (isMapped || list.check(text, "ipv6")) {
      return kindOfV4(embedded(groups, isMapped ? 6 : group, isMapped ? 0 : mask)) === "reserved"
        ? "reserved"
        : "private";
    }
  }
  return privateV6.check(text, "ipv6") ? "private" : "public";
}

function embedded(groups: readonly number[], at: number, mask: number): string {
  const [high, low] = [(groups[at] ?? 0) ^ mask, (groups[at + 1] ?? 0) ^ mask] as const;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

/** The eight groups of an address that Node takes for IPv6. */
function groupsOf(address: string): readonly number[] {
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = short.split("::");
  const left = partsOf(head);
  const right = partsOf(tail ?? "");
  return tail === undefined
    ? left
    : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function partsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function blockList(family: "ipv4" | "ipv6", subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) {
    list.addSubnet(address, prefix, family);
  }
  return list;
}
