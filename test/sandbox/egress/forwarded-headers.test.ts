import t from "tap";
import { endToEnd, framingOf } from "#sandbox/egress/forwarded-headers.ts";

t.test("headers for this hop are left out, by their name and by Connection", async (t) => {
  const raw = ["Accept", "*/*", "Connection", "close, X-Mine", "X-Mine", "1", "Proxy-Authorization", "Basic x"];
  raw.push("Proxy-Connection", "keep-alive", "TE", "trailers", "Upgrade", "h2c", "Keep-Alive", "1", "Trailer", "X");
  raw.push("Set-Cookie", "a", "Set-Cookie", "b", "Transfer-Encoding", "chunked", "X-Kept", "2");
  t.strictSame(endToEnd(raw), ["Accept", "*/*", "Set-Cookie", "a", "Set-Cookie", "b", "X-Kept", "2"]);
  t.strictSame(endToEnd(["Host", "a", "X", "1"], new Set(["host"])), ["X", "1"]);
});

t.test("a length that Connection names stays: the message would be another without it", async (t) => {
  t.strictSame(endToEnd(["Connection", "content-length", "Content-Length", "3"]), ["Content-Length", "3"]);
});

t.test("a body has one length or none", async (t) => {
  t.strictSame(framingOf(["A", "b"]), { kind: "none" });
  t.strictSame(framingOf(["Content-Length", "12"]), { kind: "length", length: "12" });
  t.strictSame(framingOf(["transfer-encoding", "Chunked"]), { kind: "chunked" });
  const bad = [
    ["Content-Length", "1", "Transfer-Encoding", "chunked"],
    ["Content-Length", "1", "Content-Length", "1"],
  ];
  bad.push(
    ["Content-Length", "+1"],
    ["Content-Length", "1,1"],
    ["Content-Length", ""],
    ["Content-Length", "9".repeat(16)],
  );
  bad.push(["Transfer-Encoding", "gzip, chunked"], ["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"]);
  for (const headers of bad) {
    t.equal(framingOf(headers), undefined, headers.join(" "));
  }
});
