import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import type { EgressRecord } from "#port/egress.ts";
import { createEgress } from "#sandbox/egress/egress.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { systemClock } from "../../port/system-clock.ts";
import { must, openDoor, rule, scopeOf, seenLines, serveTcp } from "./egress-rig.ts";

const LIMIT = 64;

/** A runner with few descriptors: it says where its door is, and at the end of its input what came of it. */
async function runner(port: number): Promise<void> {
  const lines = seenLines();
  const egress = createEgress({ lines, clock: systemClock });
  const session = must(await egress.open(scopeOf({ rules: [rule("127.0.0.1", port, { protocol: "tcp" })] })));
  process.stdout.write(`${await openDoor(session)}\n`);
  await once(process.stdin.resume(), "end");
  const record = await session.close();
  process.stdout.write(`${JSON.stringify({ record, lines: lines.text("egress.jsonl") })}\n`);
}

type Tried = { readonly socket: Socket; readonly answer: string };

async function ask(door: number, port: number): Promise<Tried> {
  const socket = connect({ port: door, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    socket.once("close", () => resolve("closed"));
  });
  return { socket, answer };
}

async function runOut(t: Test): Promise<void> {
  const port = await serveTcp(t, (socket) => socket.resume().on("end", () => socket.end()));
  const again = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), String(port)];
  const child = spawn("/bin/sh", ["-c", `ulimit -n ${LIMIT}; exec "$@"`, "sh", ...again], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const door = Number((await said.next()).value);
  const all: Tried[] = [];
  for (let number = 0; number < LIMIT; number += 1) {
    all.push(await ask(door, port));
  }
  const open = all.filter(({ answer }) => answer.startsWith("HTTP/1.1 200 "));
  const refused = all.filter(({ answer }) => /^HTTP\/1\.1 503 [^]*EGRESS_DESCRIPTORS/.test(answer));
  t.ok(open.length > 5, `${open.length} went through`);
  t.ok(refused.length > 5, `${refused.length} were refused`);
  t.equal(open.length + refused.length, LIMIT, "each was answered");
  for (const { socket } of all) {
    socket.destroy();
  }
  let later = await ask(door, port);
  while (later.answer.includes("EGRESS_DESCRIPTORS")) {
    later = await ask(door, port);
  }
  t.match(later.answer, /^HTTP\/1\.1 200 /, "and when there are some again, all is as before");
  later.socket.destroy();
  child.stdin.end();
  const { record, lines } = JSON.parse(String((await said.next()).value)) as { record: EgressRecord; lines: string };
  const reasons = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EgressLine)
    .filter(({ decision }) => decision === "denied")
    .map(({ reason }) => reason);
  t.ok(reasons.length >= refused.length);
  t.ok(reasons.every((reason) => reason === "EGRESS_DESCRIPTORS"));
  t.equal(record.denied.length, reasons.length);
  t.equal(record.fault, undefined);
  t.strictSame(await once(child, "exit"), [0, null]);
}

const [, , port] = process.argv;
if (port === undefined) {
  const { default: t } = await import("tap");
  t.test("a runner without descriptors answers so, leaves a line for each, and goes on", runOut);
} else {
  await runner(Number(port));
}
