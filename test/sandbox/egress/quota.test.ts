import { once } from "node:events";
import fc from "fast-check";
import t from "tap";
import { faultOf } from "#fault/code-table.ts";
import { fail } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { EgressRule } from "#plan/plan.ts";
import { createEgress, type SandboxSession } from "#sandbox/egress/egress.ts";
import { systemClock } from "../../port/system-clock.ts";
import {
  connectThrough,
  MIB,
  must,
  openDoor,
  openRig,
  raw,
  rule,
  scopeOf,
  seenLines,
  serveHttp,
  serveTcp,
  type Raw,
  type SeenLines,
  type Wanted,
} from "./egress-rig.ts";

type Counted = { readonly port: number; received: number; sent: number };

/** Counts what arrives; answers every byte with as many as `factor` says. */
async function serveCounted(t: Parameters<typeof serveTcp>[0], factor: number): Promise<Counted> {
  const counted = { port: 0, received: 0, sent: 0 };
  const port = await serveTcp(t, (socket) => {
    socket.on("data", (chunk: Buffer) => {
      counted.received += chunk.length;
      socket.write(Buffer.alloc(chunk.length * factor, "r"));
    });
    socket.on("end", () => socket.end());
  });
  return Object.assign(counted, { port });
}

async function openSession(lines: SeenLines, wanted: Wanted): Promise<SandboxSession> {
  const egress = createEgress({
    lines,
    clock: systemClock,
    resolve: async () => ["127.0.0.1"],
    ownAddresses: () => [],
    ...wanted.options,
  });
  return must(await egress.open(scopeOf(wanted)));
}

/** Sends these bytes through the door and reads until the connection ends. */
async function exchange(
  t: Parameters<typeof raw>[0],
  door: number,
  port: number,
  chunks: readonly number[],
): Promise<number> {
  const client = await connectThrough(t, door, `127.0.0.1:${port}`);
  const head = client.text().indexOf("\r\n\r\n") + 4;
  if (!client.text().startsWith("HTTP/1.1 200")) {
    return 0;
  }
  for (const size of chunks) {
    if (!client.socket.write(Buffer.alloc(size, "c")) && !client.socket.destroyed) {
      await Promise.race([once(client.socket, "drain"), client.closed]).catch(() => undefined);
    }
  }
  client.socket.end();
  return (await client.closed).length - head;
}

t.test(
  "however it is sent, over however many connections: never a byte more than the quota, and what is counted arrived",
  async (t) => {
    const size = fc.integer({ min: 1, max: 40_000 });
    const connections = fc.array(fc.array(size, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        connections,
        fc.integer({ min: 1, max: 300_000 }),
        fc.integer({ min: 0, max: 3 }),
        async (all, bytes, factor) => {
          const counted = await serveCounted(t, factor);
          const lines = seenLines();
          const rules = [rule("127.0.0.1", counted.port, { protocol: "tcp" })];
          const session = await openSession(lines, { rules, bytes });
          const door = await openDoor(session);
          const got = await Promise.all(all.map(async (chunks) => exchange(t, door, counted.port, chunks)));
          const { use } = await session.close();
          const wanted = all.flat().reduce((sum, each) => sum + each, 0);
          const received = got.reduce((sum, each) => sum + each, 0);
          if (use.bytesIn + use.bytesOut > bytes) {
            throw new Error(`${use.bytesIn} + ${use.bytesOut} of ${bytes} were used`);
          }
          if (counted.received !== use.bytesOut || received > use.bytesIn) {
            throw new Error(`${counted.received} arrived of ${use.bytesOut}, ${received} of ${use.bytesIn}`);
          }
          if (wanted * (1 + factor) <= bytes && (use.bytesOut !== wanted || received !== wanted * factor)) {
            throw new Error("there was enough for everything");
          }
          if (wanted * (1 + factor) > bytes && use.bytesIn + use.bytesOut !== bytes && wanted > bytes) {
            throw new Error("not everything that was allowed was passed on");
          }
          const last = lines.text("egress-quota.jsonl").trimEnd().split("\n").at(-1) ?? "{}";
          const left = JSON.parse(last) as { bytes: number };
          if (left.bytes !== use.bytesIn + use.bytesOut) {
            throw new Error("what was set aside and not used was not given back");
          }
        },
      ),
      { numRuns: 25 },
    );
  },
);

t.test("a download is cut after exactly the allowed bytes", async (t) => {
  const port = await serveTcp(t, (socket) => socket.write(Buffer.alloc(3 * MIB, "d")));
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })], bytes: 1_000_003 });
  t.equal(await exchange(t, rig.port, port, []), 1_000_003);
  t.match(
    await (await connectThrough(t, rig.port, `127.0.0.1:${port}`)).closed.then(String),
    /^HTTP\/1\.1 429 [^]*EGRESS_QUOTA_BYTES/,
  );
  const { use, denied } = await rig.session.close();
  t.strictSame(use, { requests: 1, bytesIn: 1_000_003, bytesOut: 0 });
  t.match(denied, [{ reason: "EGRESS_QUOTA_BYTES" }]);
  t.match(rig.record(), [
    { decision: "allowed", reason: "EGRESS_QUOTA_BYTES", bytesIn: 1_000_003 },
    { decision: "denied", reason: "EGRESS_QUOTA_BYTES", bytesIn: 0 },
  ] as object[]);
});

t.test("heads of HTTP count too, and an answer that is cut never looks whole", async (t) => {
  let heads = 0;
  const port = await serveHttp(t, (asked, answer) => {
    heads += asked.rawHeaders.length;
    answer.removeHeader("Date");
    answer.sendDate = false;
    if (asked.url === "/open") {
      // Its end is the end of the connection.
      answer.useChunkedEncodingByDefault = false;
    }
    answer.end("x".repeat(2000));
  });
  const host = `127.0.0.1:${port}`;
  const ask = (path: string): string =>
    `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\nX: ${"y".repeat(900)}\r\n\r\n`;
  const rules = [rule("127.0.0.1", port, { protocol: "http" })];
  for (const path of ["/", "/open"]) {
    const rig = await openRig(t, { rules, bytes: 2500 });
    const client = await raw(t, rig.port);
    client.socket.write(ask(path));
    const answer = (await client.closed).toString();
    t.match(answer, /^HTTP\/1\.1 200 /);
    t.ok(answer.length < 2000);
    t.notMatch(answer, /\r\n0\r\n\r\n$/, "no last chunk");
    const { use } = await rig.session.close();
    t.equal(use.bytesIn + use.bytesOut, 2500);
  }
  const tight = await openRig(t, { rules, bytes: 500 });
  const client = await raw(t, tight.port);
  client.socket.write(ask("/"));
  t.match((await client.closed).toString(), /^HTTP\/1\.1 429 [^]*EGRESS_QUOTA_BYTES/);
  t.strictSame((await tight.session.close()).use, { requests: 1, bytesIn: 0, bytesOut: 500 });
  t.ok(heads > 0);
});

t.test("requests are counted before anything waits: as many pass as there are, at once or in turn", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end());
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "http" })], requests: 7 });
  const signal = new AbortController().signal;
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => rig.session.fetch(`http://127.0.0.1:${port}/`, signal)),
  );
  t.equal(answers.filter(({ ok }) => ok).length, 7);
  t.ok(answers.every((answer) => answer.ok || answer.fault.code === "EGRESS_QUOTA_REQUESTS"));
  const { use, denied } = await rig.session.close();
  t.equal(use.requests, 7);
  t.equal(denied.length, 13);
});

t.test("the run, the step and each rule have quotas of their own, shared by all who draw on them", async (t) => {
  const one = await serveHttp(t, (_, answer) => answer.end());
  const two = await serveHttp(t, (_, answer) => answer.end());
  const lines = seenLines();
  const wide: EgressRule[] = [
    rule("*.example.test", one, { protocol: "http", allowPrivate: true, maxRequests: 5 }),
    rule("127.0.0.1", two, { protocol: "http" }),
  ];
  const narrow = [rule("a.example.test", one, { protocol: "http", allowPrivate: true, maxRequests: 4 })];
  const egress = createEgress({
    lines,
    clock: systemClock,
    resolve: async () => ["127.0.0.1"],
    ownAddresses: () => [],
  });
  const runQuota = { requests: 9, bytes: MIB };
  const open = async (stepId: string, rules: readonly EgressRule[], requests: number): Promise<SandboxSession> =>
    must(
      await egress.open(
        scopeOf({ rules, requests, bytes: MIB, scope: { stepId, egressQuota: runQuota, egressAllowlist: wide } }),
      ),
    );
  const passed = async (session: SandboxSession, url: string, times: number): Promise<number> => {
    let count = 0;
    for (let number = 0; number < times; number += 1) {
      const answer = await session.fetch(url, new AbortController().signal);
      count += answer.ok && answer.value.status === 200 ? 1 : 0;
    }
    return count;
  };
  const narrowed = await open("narrow", narrow, 3);
  t.equal(await passed(narrowed, `http://a.example.test:${one}/`, 10), 3, "the step's own quota");
  await narrowed.close();
  const again = await open("narrow", narrow, 3);
  t.equal(await passed(again, `http://a.example.test:${one}/`, 10), 0, "its attempts share it");
  const other = await open("other", narrow, 9);
  t.equal(await passed(other, `http://a.example.test:${one}/`, 10), 2, "the run's rule, under whatever name");
  const third = await open("third", wide, 9);
  t.equal(await passed(third, `http://b.example.test:${one}/`, 10), 0);
  t.equal(await passed(third, `http://127.0.0.1:${two}/`, 10), 4, "what is left of the run");
  await egress.close();
  const anew = createEgress({ lines, clock: systemClock, resolve: async () => ["127.0.0.1"] });
  const later = must(await anew.open(scopeOf({ rules: wide, ...runQuota })));
  t.equal(await passed(later, `http://127.0.0.1:${two}/`, 1), 0, "another process knows");
  await later.close();
});

t.test("a run without a quota lets nothing out", async (t) => {
  const rig = await openRig(t, { rules: [rule("127.0.0.1", 1, { protocol: "tcp" })] });
  const { egressQuota: _, ...sandbox } = scopeOf({ rules: [rule("127.0.0.1", 1, { protocol: "http" })] }).sandbox;
  const { egressQuota: __, ...scope } = scopeOf({ rules: [] });
  const session = must(await createEgress({ lines: seenLines(), clock: systemClock }).open({ ...scope, sandbox }));
  t.match(await session.fetch("http://127.0.0.1:1/", new AbortController().signal), {
    fault: { code: "EGRESS_QUOTA_REQUESTS" },
  });
  await session.close();
  await rig.session.close();
});

t.test("after a crash, what was set aside counts as used; after a clean end, just what was used", async (t) => {
  const quota = 160_000;
  const counted = await serveCounted(t, 0);
  const rules = [rule("127.0.0.1", counted.port, { protocol: "tcp", maxBytes: quota })];
  const lines = seenLines();
  let passed = 0;
  for (let life = 0; passed < quota && life < 100; life += 1) {
    let isAlive = true;
    const append: SeenLines["append"] = async (...given) =>
      isAlive ? lines.append(...given) : new Promise(() => undefined);
    const session = await openSession({ ...lines, append }, { rules, bytes: 10 * MIB });
    const before = counted.received;
    await exchange(t, await openDoor(session), counted.port, [7_001]);
    passed = counted.received;
    if (life % 2 === 0) {
      await session.close();
    } else {
      // A crash: the lines stay as they are, and that process is never heard of again.
      isAlive = false;
      session.end();
    }
    if (passed === before) {
      break;
    }
  }
  t.ok(passed <= quota, `${passed} of ${quota}`);
  t.ok(passed > quota / 2, "and a crash costs a block at most");
  const over = await openSession(lines, { rules, bytes: 10 * MIB });
  t.equal(await exchange(t, await openDoor(over), counted.port, [10_000]), 0);
  t.ok(counted.received <= quota);
  await over.close();
});

t.test("no byte leaves before it is set aside", async (t) => {
  const counted = await serveCounted(t, 0);
  const lines = seenLines();
  const rules = [rule("127.0.0.1", counted.port, { protocol: "tcp" })];
  const session = await openSession(lines, { rules, bytes: 3200 });
  const door = await openDoor(session);
  const gates: (() => void)[] = [];
  let held = 0;
  lines.hook = async (name) => {
    if (name === "egress-quota.jsonl") {
      const written = lines.text(name).trimEnd().split("\n").at(-1) ?? "";
      const reserved = written === "" ? 0 : (JSON.parse(written) as { bytes: number }).bytes;
      if (counted.received > reserved) {
        throw new Error(`${counted.received} left, ${reserved} were set aside`);
      }
      held += 1;
      await new Promise<void>((resolve) => gates.push(resolve));
    }
    return undefined;
  };
  const turn = async (): Promise<void> => {
    await new Promise(setImmediate);
    gates.shift()?.();
  };
  const connected: Raw[] = [];
  const connecting = connectThrough(t, door, `127.0.0.1:${counted.port}`).then((client) => connected.push(client));
  while (connected.length === 0) {
    await turn();
  }
  await connecting;
  const [client] = connected;
  for (let sent = 100; sent <= 3200; sent += 100) {
    client?.socket.write(Buffer.alloc(100));
    while (counted.received < sent) {
      await turn();
    }
  }
  client?.socket.write(Buffer.alloc(100));
  await client?.closed;
  lines.hook = undefined;
  t.equal(counted.received, 3200);
  t.ok(held > 10, `${held} writes`);
  await session.close();
});

t.test("nothing leaves any more when the quota cannot be written, and the end says so", async (t) => {
  const counted = await serveCounted(t, 0);
  const lines = seenLines();
  const rules = [rule("127.0.0.1", counted.port, { protocol: "tcp" })];
  const full = fail(faultOf(storeCodes, "STORE_FULL", {}));
  const egress = createEgress({ lines, clock: systemClock });
  const session = must(await egress.open(scopeOf({ rules })));
  lines.hook = async () => full;
  const refused = await connectThrough(t, await openDoor(session), `127.0.0.1:${counted.port}`);
  t.match((await refused.closed).toString(), /^HTTP\/1\.1 503 [^]*EGRESS_RECORD/);
  t.equal(counted.received, 0);
  const closed = await session.close();
  t.match(closed, { fault: { code: "STORE_FULL" }, use: { requests: 0, bytesOut: 0 } });
  t.match(closed.denied.at(-1), { host: "*", code: "EGRESS_RECORD" }, "evidence of that cannot be verified");
  t.equal(await session.close(), closed);
  lines.hook = undefined;
  const next = must(await egress.open(scopeOf({ rules })));
  t.equal(await exchange(t, await openDoor(next), counted.port, [10]), 0);
  t.equal(counted.received, 10, "what can be written again is");
  await next.close();
});

t.test("a connection is cut when its quota cannot be written any more", async (t) => {
  const counted = await serveCounted(t, 0);
  const lines = seenLines();
  const session = await openSession(lines, {
    rules: [rule("127.0.0.1", counted.port, { protocol: "tcp" })],
    bytes: 1600,
  });
  const client = await connectThrough(t, await openDoor(session), `127.0.0.1:${counted.port}`);
  lines.hook = async () => fail(faultOf(storeCodes, "STORE_FULL", {}));
  client.socket.write(Buffer.alloc(1500));
  await client.closed;
  t.ok(counted.received < 400, "no more than was set aside");
  t.match(await session.close(), { fault: { code: "STORE_FULL" } });
});

t.test("lines that are none of ours are a fault: quotas could not be kept", async (t) => {
  const good = `{"bytes":5,"meter":"run","requests":1}\n`;
  for (const [name, text] of [
    ["egress-quota.jsonl", `${good}x\n`],
    ["egress-quota.jsonl", `{"bytes":-5,"meter":"run","requests":1}\n`],
    ["egress-quota.jsonl", `${"x".repeat(70_000)}\n`],
    ["egress.jsonl", "{}\n"],
    ["egress.jsonl", "nothing\n"],
    ["egress.jsonl", `${"x".repeat(70_000)}\n`],
  ] as const) {
    const lines = seenLines();
    lines.set(name, text);
    const opened = await createEgress({ lines, clock: systemClock }).open(scopeOf({ rules: [] }));
    t.match(opened, { ok: false, fault: { code: "EGRESS_RECORD" } }, name);
  }
  const lines = seenLines();
  lines.set("egress-quota.jsonl", good);
  t.ok((await createEgress({ lines, clock: systemClock }).open(scopeOf({ rules: [] }))).ok);
  const unavailable = new StoreError(faultOf(storeCodes, "STORE_UNAVAILABLE", {}));
  const next = async (): Promise<never> => Promise.reject(unavailable);
  const broken = { ...lines, read: () => ({ [Symbol.asyncIterator]: () => ({ next }) }) };
  t.match(await createEgress({ lines: broken, clock: systemClock }).open(scopeOf({ rules: [] })), {
    fault: { code: "STORE_UNAVAILABLE" },
  });
});

t.test("lines are numbered on over attempts and processes", async (t) => {
  const lines = seenLines();
  for (let life = 0; life < 3; life += 1) {
    const egress = createEgress({ lines, clock: systemClock });
    for (const attempt of [1, 2]) {
      const session = must(await egress.open(scopeOf({ rules: [], scope: { attempt } })));
      await session.fetch("https://a.test/", new AbortController().signal);
      await session.close();
    }
  }
  const numbers = lines
    .text("egress.jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
  t.strictSame(numbers, [1, 2, 3, 4, 5, 6]);
});
