import { execFileSync } from "node:child_process";
import t from "tap";
import { createRedactor } from "#secret/redactor.ts";
import { createEgress } from "#sandbox/egress/egress.ts";
import type { EgressRule } from "#plan/plan.ts";
import { EgressTally } from "#verify/egress-tally.ts";
import type { Plan, RunNode } from "#plan/plan.ts";
import { tickingClock } from "../../port/ticking-clock.ts";
import { systemClock } from "../../port/system-clock.ts";
import {
  connectThrough,
  must,
  openDoor,
  openRig,
  raw,
  rule,
  scopeOf,
  seenLines,
  serveHttp,
  serveTcp,
} from "./egress-rig.ts";

const NAME = "a.example.test";
const signal = new AbortController().signal;
const never = async (): Promise<never> => new Promise(() => undefined);

t.test("a fetch that is called off waits for no name", async (t) => {
  const looking = Promise.withResolvers<void>();
  const resolve = async (): Promise<never> => {
    looking.resolve();
    return never();
  };
  const clock = tickingClock();
  const rig = await openRig(t, { rules: [rule(NAME, 443)], options: { resolve, clock } });
  const controller = new AbortController();
  const fetching = rig.session.fetch(`https://${NAME}/`, controller.signal);
  await looking.promise;
  controller.abort();
  t.match(await fetching, { ok: false, fault: { code: "EGRESS_ENDED" } });
  const { denied, use } = await rig.session.close();
  t.match(denied, [{ host: NAME, code: "EGRESS_ENDED" }]);
  t.equal(use.requests, 0);
});

t.test("nor for a disk that does not answer", async (t) => {
  const lines = seenLines();
  const rig = await openRig(t, { rules: [rule(NAME, 80, { protocol: "http" })], lines });
  const answers = Promise.withResolvers<undefined>();
  lines.hook = async () => answers.promise;
  const controller = new AbortController();
  const fetching = rig.session.fetch(`http://${NAME}/`, controller.signal);
  await new Promise(setImmediate);
  controller.abort();
  t.match(await fetching, { ok: false, fault: { code: "EGRESS_ENDED" } });
  answers.resolve(undefined);
});

t.test("the line of a try is written when it ends, whether or not anything follows", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end("ok"));
  const lines = seenLines();
  // This clock never moves: nothing waits for time to pass.
  const rig = await openRig(t, {
    rules: [rule("127.0.0.1", port, { protocol: "http" })],
    lines,
    options: { clock: tickingClock() },
  });
  const client = await raw(t, rig.port);
  client.socket.write(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await client.until("ok");
  while (lines.text("egress.jsonl") === "") {
    await new Promise(setImmediate);
  }
  t.match(rig.record(), [{ decision: "allowed", status: 200 }]);
});

t.test("what another process wrote meanwhile counts, and its lines are numbered on", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end());
  const lines = seenLines();
  const wanted = { rules: [rule("127.0.0.1", port, { protocol: "http" })], requests: 3 };
  const url = `http://127.0.0.1:${port}/`;
  const [one, two] = [1, 2].map(() => createEgress({ lines, clock: systemClock }));
  const ask = async (egress: typeof one): Promise<boolean> => {
    const session = must(await egress!.open(scopeOf(wanted)));
    const { ok } = await session.fetch(url, signal);
    t.equal((await session.close()).fault, undefined);
    return ok;
  };
  t.strictSame(
    [await ask(one), await ask(two), await ask(one), await ask(two), await ask(one)],
    [true, true, true, false, false],
  );
  const numbers = [...lines.text("egress.jsonl").matchAll(/"sequence":(\d+)/g)].map(([, number]) => number);
  t.strictSame(numbers, ["1", "2", "3", "4", "5"]);
});

t.test("a process that lost its run while a step is under way lets nothing more out", async (t) => {
  const port = await serveTcp(t, (socket) => socket.pipe(socket));
  const lines = seenLines();
  const wanted = { rules: [rule("127.0.0.1", port, { protocol: "tcp" })], bytes: 1600 };
  const rig = await openRig(t, { ...wanted, lines });
  const client = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
  client.socket.write("x");
  await client.until("x");
  const other = createEgress({ lines, clock: systemClock });
  const taken = must(await other.open(scopeOf(wanted)));
  const door = await openDoor(taken);
  const second = await connectThrough(t, door, `127.0.0.1:${port}`);
  second.socket.write("y".repeat(400));
  await second.until("y".repeat(400));
  client.socket.write("z".repeat(700));
  await client.closed;
  t.notMatch(client.text(), "z".repeat(700));
  const lost = await rig.session.close();
  t.match(lost, { fault: { code: "LEASE_LOST" }, denied: [{ code: "EGRESS_RECORD" }] });
  await taken.close();
});

t.test("lines that are gone are a fault: what they set aside would be given out again", async (t) => {
  const lines = seenLines();
  const egress = createEgress({ lines, clock: systemClock });
  const session = must(await egress.open(scopeOf({ rules: [] })));
  await session.fetch("https://b.test/", signal);
  await session.close();
  lines.set("egress.jsonl", "");
  t.match(await egress.open(scopeOf({ rules: [] })), { ok: false, fault: { code: "EGRESS_RECORD", message: /gone/ } });
});

t.test("a rule whose host holds a secret is refused before anything is tried", async (t) => {
  const redactor = createRedactor();
  redactor.add("token", "S3cr3t-value");
  redactor.add("number", "2886794753");
  const egress = createEgress({ lines: seenLines(), clock: systemClock });
  for (const host of ["s3cr3t-value.example.test", "*.s3cr3t-value.test", "172.16.254.1"]) {
    const opened = await egress.open(scopeOf({ rules: [rule(NAME, 443), rule(host, 443)], scope: { redactor } }));
    t.match(opened, { ok: false, fault: { code: "EGRESS_SECRET" } });
    t.notMatch(JSON.stringify(opened), /s3cr3t|172/);
  }
});

t.test("whatever secrets come to be known, what was let through is held to its rule by who verifies", async (t) => {
  const port = await serveHttp(t, (_, answer) => answer.end());
  const redactor = createRedactor();
  const http = { protocol: "http", allowPrivate: true } as const;
  const rules: EgressRule[] = [rule("plainly-named.test", port, http), rule("*.example.test", port, http)];
  const rig = await openRig(t, { rules, scope: { redactor } });
  redactor.add("one", "plainly-named");
  redactor.add("two", "label-in-front");
  redactor.add("three", "across.example");
  for (const host of ["plainly-named.test", "label-in-front.example.test", "across.example.test"]) {
    must(await rig.session.fetch(`http://${host}:${port}/`, signal));
  }
  await rig.session.close();
  t.strictSame(
    rig.record().map(({ host }) => host),
    ["plainly-named.test", "[redacted:two].example.test", "[redacted:three].example.test"],
  );
  const sandbox = scopeOf({ rules }).sandbox;
  const tally = new EgressTally({ sandbox } as Plan);
  t.strictSame(
    rig.record().map((line) => tally.ruleFor({} as RunNode, line)),
    [rules[0], rules[1], rules[1]],
  );
});

t.test("the proxy loads nothing of Node.js that it does not use", async (t) => {
  const script = `
    const { createEgress } = await import("#sandbox/egress/egress.ts");
    const before = process.moduleLoadList.filter((name) => /_http_server|undici|tls_wrap|internal\\/tls\\/wrap/.test(name));
    const { nodeHttp } = await import("#sandbox/egress/node-http.ts");
    nodeHttp().createServer();
    const after = process.moduleLoadList.filter((name) => /undici/.test(name));
    console.log(JSON.stringify([typeof createEgress, before, after]));`;
  const argv = ["--conditions=@packrun/source", "--input-type=module", "-e", script];
  const { NODE_OPTIONS: _, ...env } = process.env;
  t.strictSame(JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8", env })), ["function", [], []]);
});

t.test("a session may be closed however often, while something is open too", async (t) => {
  const port = await serveTcp(t, (socket) => socket.write("hi"));
  const rig = await openRig(t, { rules: [rule("127.0.0.1", port, { protocol: "tcp" })] });
  const client = await connectThrough(t, rig.port, `127.0.0.1:${port}`);
  await client.until("hi");
  const closing = [rig.session.close(), rig.session.close()];
  await client.closed;
  const [first, second] = await Promise.all(closing);
  t.equal(first, second);
});
