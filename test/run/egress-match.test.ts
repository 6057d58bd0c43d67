import * as fc from "fast-check";
import t from "tap";
import { coversHost } from "#pack/egress-rule.ts";
import type { EgressRule } from "#plan/plan.ts";
import { egressMatcher, egressRuleFor } from "#run/egress-match.ts";

const rule = (host: string, port = 443, more: Partial<EgressRule> = {}): EgressRule => ({
  host,
  port,
  protocol: "tls",
  allowPrivate: false,
  ...more,
});

t.test("the rule for the very host goes before a suffix, a longer suffix before a shorter one", async (t) => {
  const rules = [rule("*.example"), rule("*.acme.example"), rule("a.acme.example"), rule("a.acme.example", 80)];
  const host = (name: string, port = 443) => egressRuleFor(rules, name, port)?.host;
  t.equal(host("a.acme.example"), "a.acme.example");
  t.equal(host("b.acme.example"), "*.acme.example");
  t.equal(host("x.b.acme.example"), "*.acme.example");
  t.equal(host("other.example"), "*.example");
  t.equal(host("acme.example"), "*.example", "the bare suffix is no name under itself");
  t.equal(egressRuleFor(rules.slice(1), "acme.example", 443), undefined);
  t.equal(egressRuleFor(rules, "a.acme.example", 80)?.port, 80);
  t.equal(host("b.acme.example", 80), undefined, "ports are equal or nothing is");
  t.equal(host("a.acme.exampl"), undefined);
  t.equal(host("badacme.example"), "*.example");
});

t.test("an address is found under itself only", async (t) => {
  const rules = [rule("*.1"), rule("*.0.0.1"), rule("10.0.0.8"), rule("::1"), rule("*.:1")];
  t.equal(egressRuleFor(rules, "127.0.0.1", 443), undefined);
  t.equal(egressRuleFor(rules, "10.0.0.8", 443)?.host, "10.0.0.8");
  t.equal(egressRuleFor(rules, "::1", 443)?.host, "::1");
  t.equal(egressRuleFor(rules, "::2", 443), undefined);
  t.equal(egressRuleFor([rule("")], "", 443), undefined, "no host is nobody's");
  t.equal(egressRuleFor([rule("*.example")], "*.example", 443), undefined, "a rule's own text is no host");
  for (const other of [
    "xn--zz.example",
    "A.example",
    "a.example.",
    "a..example",
    "ä.example",
    "[::1]",
    "0x7f.example",
  ]) {
    const found = egressRuleFor([rule(other), rule("*.example")], other, 443);
    t.equal(found?.host, other === "0x7f.example" ? other : undefined, other);
  }
});

t.test("of rules for the same host the first one decides", async (t) => {
  const rules = [rule("a.example", 443, { maxRequests: 1 }), rule("a.example", 443, { maxRequests: 2 })];
  t.equal(egressRuleFor(rules, "a.example", 443)?.maxRequests, 1);
});

t.test("the index gives what a walk over all rules gives", async (t) => {
  const label = fc.constantFrom("a", "b", "7", "x-y");
  const named = fc.array(label, { maxLength: 3 }).map((labels) => [...labels, "a"].join("."));
  const name = fc.oneof(named, fc.constantFrom("7.7.7.7", "7.a", "::7"));
  const host = fc.tuple(fc.boolean(), name).map(([wild, text]) => (wild ? `*.${text}` : text));
  const rules = fc.array(fc.tuple(host, fc.constantFrom(80, 443)).map(([text, port]) => rule(text, port)));
  fc.assert(
    fc.property(rules, name, fc.constantFrom(80, 443), (list, text, port) => {
      const isAddress = /(?:^|\.)[0-9]+$/.test(text);
      const [best] = list
        .filter((each) => each.port === port)
        .filter((each) => each.host === text || (!isAddress && coversHost(each.host, text)))
        .toSorted((a, b) => nearness(b.host) - nearness(a.host));
      return egressMatcher(list)(text, port) === best;
    }),
  );
  t.pass();
});

function nearness(host: string): number {
  return host.startsWith("*.") ? host.length : 1000;
}
