import * as fc from "fast-check";
import t from "tap";
import { canonicalHost, coversHost, parseHostPort } from "#pack/egress-rule.ts";
import { canonicalIpv6, parseIpv4 } from "#pack/ip-address.ts";

t.test("hosts, suffixes and addresses are read with their port", async (t) => {
  t.strictSame(parseHostPort("Registry.Acme.example:443"), { host: "registry.acme.example", port: 443 });
  t.strictSame(parseHostPort("*.acme.example:8443"), { host: "*.acme.example", port: 8443 });
  t.strictSame(parseHostPort("10.0.0.1:80"), { host: "10.0.0.1", port: 80 });
  t.strictSame(parseHostPort("[::1]:5432"), { host: "::1", port: 5432 });
  t.strictSame(parseHostPort("*.XN--Bcher-kva.example:443"), { host: "*.xn--bcher-kva.example", port: 443 });
  t.strictSame(parseHostPort("localhost:1"), { host: "localhost", port: 1 });
});

t.test("what could be read in two ways is refused", async (t) => {
  for (const text of [
    "a.example",
    "a.example:",
    "a.example:0",
    "a.example:65536",
    "a.example:080",
    "https://a.example:443",
    "a.example:443/x",
    "*:443",
    "a.*.example:443",
    "a.example.:443",
    "127.1:80",
    "0x7f.0.0.1:80",
    "2130706433:80",
    "010.0.0.1:80",
    "1.2.3.256:80",
    "ex\u00e4mple.test:443",
    "-a.example:443",
    "user@a.example:443",
    "::1:443",
    "[::1:443",
    "[fe80::1%eth0]:443",
    `${"a".repeat(64)}.example:443`,
    "xn--zz.example:443",
    "*.xn--0:443",
    "",
  ]) {
    t.equal(parseHostPort(text), undefined, text);
  }
});

t.test("an address has one spelling", async (t) => {
  t.equal(canonicalIpv6("0:0:0:0:0:0:0:1"), "::1");
  t.equal(canonicalIpv6("2001:DB8::0:1"), "2001:db8::1");
  t.equal(canonicalIpv6("1:0:0:2:0:0:0:3"), "1:0:0:2::3");
  t.equal(canonicalIpv6("1:2:3:4:5:6:7:0"), "1:2:3:4:5:6:7:0", "a single group is not shortened");
  t.equal(canonicalIpv6("::ffff:1.2.3.4"), "::ffff:102:304");
  t.equal(canonicalIpv6("::"), "::");
  for (const text of ["1::2::3", ":::", "1:2:3", "12345::", "1.2.3.4::", "1:2:3:4:5:6:7::8", ":1", "g::"]) {
    t.equal(canonicalIpv6(text), undefined, text);
  }
  t.equal(canonicalHost("[::1]"), "::1");
  t.strictSame(parseIpv4("255.0.10.1"), [255, 0, 10, 1]);
});

t.test("addresses have the spelling that WHATWG URL gives them", async () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const host = new URL(`http://[${text}]/`).hostname;
      return canonicalIpv6(text) === host.slice(1, -1);
    }),
  );
  fc.assert(fc.property(fc.domain(), (text) => canonicalHost(text) === new URL(`http://${text}/`).hostname));
});

t.test("a suffix covers what is below it, not itself or its neighbours", async (t) => {
  t.ok(coversHost("*.acme.example", "a.acme.example"));
  t.ok(coversHost("*.acme.example", "*.a.acme.example"));
  t.ok(coversHost("a.example", "a.example"));
  t.notOk(coversHost("*.acme.example", "acme.example"));
  t.notOk(coversHost("*.acme.example", "evilacme.example"));
  t.notOk(coversHost("a.example", "b.a.example"));
});
