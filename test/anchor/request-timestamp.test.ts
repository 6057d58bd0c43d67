import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import t from "tap";
import { requestTimestamp } from "#anchor/request-timestamp.ts";
import { code } from "../attest/signing.ts";
import { must } from "../app/sealed-world.ts";
import { bodyOf, listening, localAuthority } from "./local-authority.ts";

const message = Buffer.from("DSSEv1 1 a 1 b");
const clock = await localAuthority();
t.teardown(() => clock[Symbol.asyncDispose]());

const ask = (url: string, more: { timeoutMs?: number; env?: Record<string, string> } = {}) =>
  requestTimestamp(url, message, { timeoutMs: 20_000, env: {}, ...more });

/** A server that answers every query in one way. */
async function answering(
  t: { readonly teardown: (work: () => Promise<void>) => void },
  answer: (query: Buffer) => Promise<Uint8Array | string> | Uint8Array | string,
  status = 200,
): Promise<string> {
  const server = await listening(async (request, response) => {
    response.statusCode = status;
    response.end(await answer(await bodyOf(request)));
  });
  t.teardown(() => server.close());
  return server.url;
}

t.test("an authority's answer is one that openssl takes over the same bytes", async (t) => {
  const answer = must(await ask(clock.url));
  t.ok(clock.takes(answer, message));
  t.notOk(clock.takes(answer, Buffer.from("other")));
});

t.test("addresses are http or https, and hold no secret that a message would show", async (t) => {
  for (const url of ["tsa.example", "file:///etc/passwd", "https://me:secret@tsa.example/"]) {
    const asked = await ask(url);
    t.equal(code(asked), "ANCHOR_URL", url);
    t.notMatch(JSON.stringify(asked), /secret/);
  }
  const url = await answering(t, () => "", 403);
  t.notMatch(JSON.stringify(await ask(`${url}/tsr?token=secret`)), /secret/);
});

t.test("who does not answer, or not in time, is told as such", async (t) => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, "close");
  t.match(await ask(`http://127.0.0.1:${port}`), { fault: { code: "ANCHOR_UNREACHABLE", message: /ECONNREFUSED/ } });
  const silent = await answering(t, () => new Promise<string>(() => undefined));
  t.match(await ask(silent, { timeoutMs: 50 }), { fault: { code: "ANCHOR_UNREACHABLE", message: /within 0.05 s/ } });
});

t.test("a status that is no success, and a redirect, are refused with the first line of what was said", async (t) => {
  t.match(await ask(await answering(t, () => "no such page\nmore", 404)), {
    fault: { code: "ANCHOR_HTTP", message: /HTTP 404: no such page$/ },
  });
  t.equal(code(await ask(await answering(t, () => "", 302))), "ANCHOR_HTTP");
});

t.test("what is no timestamp is refused, however much of it there is", async (t) => {
  const other = readFileSync("/proc/self/exe").subarray(0, 500);
  for (const answer of ["", "<html>log in</html>", other, Buffer.from("3003020100", "hex")]) {
    t.equal(code(await ask(await answering(t, () => answer))), "ANCHOR_ANSWER");
  }
  t.match(await ask(await answering(t, () => Buffer.alloc(2 * 1024 * 1024))), {
    fault: { code: "ANCHOR_ANSWER", message: /more than 1048576 bytes/ },
  });
});

t.test("a timestamp of another question is refused: of other bytes, or of another nonce", async (t) => {
  const queries: Buffer[] = [];
  const first = await answering(t, (query) => {
    queries.push(query);
    return clock.answer(query);
  });
  must(await ask(first));
  must(await requestTimestamp(first, Buffer.from("other"), { timeoutMs: 20_000, env: {} }));
  const [mine = Buffer.alloc(0), others = Buffer.alloc(0)] = queries;
  t.equal(code(await ask(await answering(t, () => clock.answer(others)))), "ANCHOR_IMPRINT");
  t.equal(code(await ask(await answering(t, () => clock.answer(mine)))), "ANCHOR_NONCE");
});

t.test("an authority that refuses is told with its reason", async (t) => {
  await using strict = await localAuthority({ digests: "sha512" });
  t.match(await ask(strict.url), { fault: { code: "ANCHOR_REFUSED", message: /status 2/ } });
});

t.test("a proxy of the environment is used, unless the address is left out of it", async (t) => {
  const seen: string[] = [];
  const proxy = await listening(async (request, response) => {
    seen.push(request.url ?? "");
    response.end(await clock.answer(await bodyOf(request)));
  });
  t.teardown(() => proxy.close());
  must(await ask("http://tsa.invalid/tsr", { env: { HTTP_PROXY: proxy.url } }));
  t.strictSame(seen, ["http://tsa.invalid/tsr"]);
  must(await ask(clock.url, { env: { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" } }));
  t.equal(seen.length, 1);
});
