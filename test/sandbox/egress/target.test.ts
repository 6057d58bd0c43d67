import t from "tap";
import { hostHeader, hostText, readAbsolute, readAuthority, unescaped, withoutQuery } from "#sandbox/egress/target.ts";

t.test("every spelling of a host becomes its one spelling", async (t) => {
  const spelled: Readonly<Record<string, string>> = {
    "EXAMPLE.test:443": "example.test",
    "example.test.:443": "example.test",
    "127.1:443": "127.0.0.1",
    "0177.0.0.1:443": "127.0.0.1",
    "0x7f.0.0.1:443": "127.0.0.1",
    "2130706433:443": "127.0.0.1",
    "[::FFFF:127.0.0.1]:443": "::ffff:7f00:1",
    "[0:0:0:0:0:0:0:1]:443": "::1",
    [`${Buffer.from("ｅｘａｍｐｌｅ。test").toString("latin1")}:443`]: "example.test",
    [`${Buffer.from("１２７.0.0.1").toString("latin1")}:443`]: "127.0.0.1",
    [`${Buffer.from("bücher.test").toString("latin1")}:443`]: "xn--bcher-kva.test",
  };
  for (const [text, host] of Object.entries(spelled)) {
    const written = Buffer.from(text.slice(0, -":443".length), "latin1").toString("utf8");
    t.strictSame(readAuthority(text), { host, port: 443, written }, text);
  }
});

t.test("what could be read in two ways is no target", async (t) => {
  const bad = ["example.test", "example.test:0", "example.test:65536", "example.test:0443", "example.test:", ":443"];
  bad.push("user@example.test:443", "a:b@example.test:443", "ex%61mple.test:443", "exam ple.test:443", "*.test:443");
  bad.push(
    "example.test:443/",
    "example.test:443#",
    "a\\b:443",
    "[::1%25lo]:443",
    "[::1:443",
    "::1:443",
    "-a.test:443",
  );
  bad.push("example..test:443", "example.test..:443", "exam\tple.test:443", "exam\u0000ple.test:443", "1.2.3.4.5:443");
  bad.push("xn--zz.test:443", "xn--0.test:443", "xn--99999.test:443");
  for (const text of bad) {
    t.equal(readAuthority(text), undefined, text);
  }
  t.equal(readAuthority("example.test", 80)?.port, 80);
});

t.test("an absolute URL keeps its path as it stands", async (t) => {
  const at = { host: "a.test", port: 80, written: "a.test", scheme: "http" } as const;
  t.strictSame(readAbsolute("http://a.test/x/../y?z=1"), { ...at, path: "/x/../y?z=1" });
  t.strictSame(readAbsolute("HTTP://A.test"), { ...at, written: "A.test", path: "/" });
  t.strictSame(readAbsolute("http://a.test:8080?x"), { ...at, port: 8080, path: "/?x" });
  t.strictSame(readAbsolute("https://a.test/"), { ...at, scheme: "https", port: 443, path: "/" });
  for (const text of [
    "/x",
    "*",
    "ftp://a.test/",
    "http:///x",
    "http://u:p@a.test/",
    "http://a.test/#x",
    "http:a.test",
  ]) {
    t.equal(readAbsolute(text), undefined, text);
  }
});

t.test("a Host leaves out the port of its scheme and brackets IPv6", async (t) => {
  t.equal(hostHeader({ host: "a.test", port: 80, scheme: "http" }), "a.test");
  t.equal(hostHeader({ host: "a.test", port: 443, scheme: "http" }), "a.test:443");
  t.equal(hostHeader({ host: "::1", port: 443, scheme: "https" }), "[::1]");
  t.equal(hostHeader({ host: "::1", port: 80, scheme: "https" }), "[::1]:80");
});

t.test("what is recorded of a target holds neither users nor queries", async (t) => {
  t.equal(withoutQuery("/a?token=1?2"), "/a");
  t.equal(hostText("http://user:pass@a.test:80/x?token"), "a.test:80");
  t.equal(hostText("u:p@x@a.test"), "a.test");
  t.equal(hostText("/x?token"), "");
});

t.test("escapes of a path are read as bytes of UTF-8, and only once", async (t) => {
  t.equal(unescaped("/a%2Fb%c3%a4%2541%4"), "/a/bä%41%4");
  t.equal(unescaped("/%ff"), "/\ufffd");
});
