import t from "tap";
import type { Redactor } from "#port/secrets.ts";
import { recordedHost, saidHost, saidPath } from "#sandbox/egress/recorded-host.ts";
import { readAuthority, type WrittenHost } from "#sandbox/egress/target.ts";
import { createRedactor } from "#secret/redactor.ts";
import { rule } from "./egress-rig.ts";

function redactorOf(secrets: Readonly<Record<string, string>>): Redactor {
  const redactor = createRedactor();
  for (const [name, value] of Object.entries(secrets)) {
    redactor.add(name, value);
  }
  return redactor;
}

const redactor = redactorOf({ deployToken: "CanarySecret", number: "2886794753", wide: "schlüssel", part: "254.26" });

/** As a client of the proxy writes it. */
function hostOf(text: string): WrittenHost {
  const read = readAuthority(Buffer.from(text).toString("latin1"), 443);
  if (read === undefined) {
    throw new Error(text);
  }
  return read;
}

t.test("what is told of a host holds no secret, in whatever spelling it came", async (t) => {
  const told: Readonly<Record<string, string>> = {
    "CanarySecret.Evil.test": "[redacted:deployToken].evil.test",
    "canarysecret.evil.test": "[redacted:deployToken].evil.test",
    "CANARYSECRET.evil.test.": "[redacted:deployToken].evil.test.",
    "a-CanarySecret-b.test": "a-[redacted:deployToken]-b.test",
    "2886794753": "[redacted:number]",
    "172.16.254.1": "[redacted:number]",
    "2886794753.evil.test": "[redacted:number].evil.test",
    "10.254.26": "10.[redacted:part]",
    "x-schlüssel.test": "x-[redacted:wide].test",
    "xn--schlssel-95a.test": "[redacted:wide].test",
    "Plain.test": "plain.test",
  };
  for (const [text, said] of Object.entries(told)) {
    t.equal(saidHost(hostOf(text), redactor), said, text);
  }
});

t.test("a host that was let through is recorded as one that its rule lets through", async (t) => {
  const recorded: Readonly<Record<string, string>> = {
    "CanarySecret.Good.Test": "[redacted:deployToken].good.test",
    "canarysecret.good.test.": "[redacted:deployToken].good.test",
    "canarysecret.Ｇood.test": "[redacted:deployToken].good.test",
    "CanarySecret.bücher.good.test": "[redacted:deployToken].good.test",
    "Plain.Good.Test": "plain.good.test",
  };
  for (const [text, host] of Object.entries(recorded)) {
    t.equal(recordedHost(hostOf(text), rule("*.good.test", 443), redactor), host, text);
  }
  const own = rule("172.16.254.1", 443);
  t.equal(recordedHost(hostOf("2886794753"), own, redactor), "172.16.254.1", "the plan says this one itself");
});

t.test("what is told of a path holds no secret, escaped or not", async (t) => {
  const odd = redactorOf({ token: "CanarySecret", odd: 'pa|ss"wörd' });
  t.equal(saidPath("/a%20b/CanarySecret", odd), "/a%20b/[redacted:token]");
  t.equal(saidPath("/a%20b/%43anarySecret", odd), "/a b/[redacted:token]");
  t.equal(saidPath(new URL('http://a.test/x/pa|ss"wörd').pathname, odd), "/x/[redacted:odd]");
  t.equal(saidPath("/a%20b/%zz%", odd), "/a%20b/%zz%");
});
