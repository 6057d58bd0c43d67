import t from "tap";
import { addressKind, type AddressKind } from "#sandbox/egress/address-kind.ts";

const kinds: Readonly<Record<AddressKind, readonly string[]>> = {
  public: [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "2003::1",
    "2001:200::1",
  ],
  private: [
    "10.0.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "100.64.0.1",
    "100.127.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.0.8",
    "192.0.2.2",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "100::1",
    "3fff::1",
    // IPv4 inside: mapped (both spellings), compatible, NAT64, 6to4, Teredo.
    "::ffff:8.8.8.8",
    "::ffff:0808:0808",
    "::8.8.8.8",
    "::ffff:0:808:808",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::8.8.8.8",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
    "::ffff:10.0.0.1",
  ],
  reserved: [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "febf::1",
    "ff02::1",
    "ff0e::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    // Teredo writes the address inverted: this is 169.254.169.254.
    "2001:0:4136:e378:8000:63bf:5601:5601",
    "::ffff:0.0.0.0",
    "fe80::1%eth0",
    "::1%lo",
    "localhost",
    "",
    "1.2.3",
    "256.1.1.1",
    "0x7f.0.0.1",
    "[::1]",
  ],
};

t.test("an address is public only when it is of no special kind", async (t) => {
  for (const [kind, addresses] of Object.entries(kinds)) {
    for (const address of addresses) {
      t.equal(addressKind(address), kind, address);
    }
  }
});
