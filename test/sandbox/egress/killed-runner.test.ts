import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { createEgress, type SandboxSession } from "#sandbox/egress/egress.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import { sampleRun } from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { must, openDoor, rule, scopeOf, serveTcp } from "./egress-rig.ts";

const QUOTA = 2_000_000;
const REQUESTS = 20;
const run = sampleRun();

/** A session of the same run, in a store that outlives this process. */
async function openSession(folder: string, port: number): Promise<SandboxSession> {
  const store = must(await openFileStore(folder, { clock: systemClock }));
  if (!(await store.ledger.identity(run)).ok) {
    must(await store.ledger.create(run, new Map(), []));
  }
  const egress = createEgress({ lines: store.lines, clock: systemClock });
  const { runId, tenantId } = run;
  const rules = [rule("127.0.0.1", port, { protocol: "tcp" })];
  return must(await egress.open(scopeOf({ rules, bytes: QUOTA, requests: REQUESTS, scope: { runId, tenantId } })));
}

/** A runner that lets bytes out until it is killed. */
async function doomed(folder: string, port: number): Promise<void> {
  const door = await openDoor(await openSession(folder, port));
  const socket = connect({ port: door, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  process.stdout.write(answer.toString().startsWith("HTTP/1.1 200") ? "open\n" : "refused\n");
  socket.on("close", () => process.exit());
  const block = Buffer.alloc(1000);
  const more = (): void => {
    socket.write(block);
    setImmediate(more);
  };
  more();
}

const [, , folder = "", port = ""] = process.argv;
if (port === "") {
  const { default: t } = await import("tap");
  t.test("however often the runner is killed, no more leaves than the quota allows", killAgainAndAgain);
} else {
  await doomed(folder, Number(port));
}

async function killAgainAndAgain(t: Test): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "packrun-egress-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  let received = 0;
  const wakers = new Set<() => void>();
  const target = await serveTcp(t, (socket) =>
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      wakers.forEach((wake) => wake());
    }),
  );
  const lives: string[] = [];
  while (lives.at(-1) !== "refused" && lives.length < 30) {
    const aim = Math.min(QUOTA, received + 700_000);
    const child = spawn(
      process.execPath,
      [...process.execArgv, fileURLToPath(import.meta.url), state, String(target)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const ended = once(child, "exit");
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    lives.push(said.toString().trim());
    if (lives.at(-1) === "open") {
      const enough = Promise.withResolvers<void>();
      const look = (): void => (received >= aim ? enough.resolve() : undefined);
      wakers.add(look);
      look();
      // What is left may be less than the aim: then the proxy hangs up, and the runner ends by itself.
      await Promise.race([enough.promise, ended]);
      wakers.delete(look);
    }
    child.kill("SIGKILL");
    await ended;
  }
  t.equal(lives.at(-1), "refused", "in the end nothing is left");
  t.ok(received <= QUOTA, `${received} of ${QUOTA}`);
  t.ok(received > QUOTA / 2, "and what a kill costs is bounded");
  const last = await openSession(state, target);
  t.match(await last.fetch(`http://127.0.0.1:${target}/`, new AbortController().signal), { ok: false });
  await last.close();
}
