import { cpSync } from "node:fs";
import { open } from "node:fs/promises";
import {
  Agent,
  createServer,
  get,
  request,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express, { type Express } from "express";
import { authenticator } from "#api/authenticate.ts";
import { startHttpServer } from "#api/http-server.ts";
import { planPack } from "#app/plan-pack.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import type { Workplace } from "#app/workplace.ts";
import { openWorkplace } from "#compose.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { createSample, eventsBehind, sampleRun } from "../test/port/sample-run.ts";
import { ratio, type Figure } from "./measure.ts";
import { temporaryFolder, truePack, writePack } from "./samples.ts";

const ROUNDS = 3;
const ORDERS = 24;
const AT_ONCE = 8;
const CLIENTS = 100;
const EVENTS = 500;
const TOKEN = "of-the-bench";

/** The API beside the least that Express could do: orders that are durable when they are answered, and events to many. */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const workplace = await workplaceIn(folder.path);
  const upload = await uploaded(writePack(folder.path, "one", truePack(1)), folder.path, workplace);
  const requests = workplace.requests();
  const started = await startHttpServer({
    listen: { host: "127.0.0.1", port: 0 },
    authenticate: await authenticator([], { token: TOKEN, tenantId: workplace.settings.tenantId }, Date.now),
    service: openService({ workplace, limits: serviceLimits({ queueDepth: 1e9 }), metrics: new ServiceMetrics() }),
    requests,
    log: () => undefined,
    limits: { requestsPerMinute: 1e9 },
  });
  if (!started.ok) {
    throw new Error(started.fault.message);
  }
  const { url, stop } = started.value;
  yield await submissions(url, { pack: { upload }, inputs: {} }, folder.path);
  yield await fanOut(url, workplace);
  await stop();
  await requests.close();
  await workplace.store.close();
}

async function workplaceIn(folder: string): Promise<Workplace> {
  const source = { flags: { store: join(folder, "state") }, env: { HOME: folder }, cwd: folder };
  const opened = await openWorkplace(source, { mayAsk: false });
  if (!opened.ok) {
    throw new Error(opened.fault.message);
  }
  return opened.value;
}

async function uploaded(pack: string, cwd: string, workplace: Workplace): Promise<string> {
  const planned = await planPack({ pack, inputs: [], cwd }, workplace);
  if (!planned.ok) {
    throw new Error(JSON.stringify(planned.fault));
  }
  const { digest } = planned.value.compiled.plan.pack;
  cpSync(pack, uploadFolder(digest, workplace.settings) ?? "", { recursive: true });
  return digest;
}

/** `POST /api/runs` beside a handler that appends the body to a file and brings it to the disk. */
async function submissions(url: string, order: object, folder: string): Promise<Figure> {
  await using file = await open(join(folder, "bare.jsonl"), "a");
  const app = express().post("/", express.json(), async ({ body }: { body?: unknown }, response) => {
    await file.appendFile(`${JSON.stringify(body)}\n`);
    await file.datasync();
    response.status(202).json({ schemaVersion: 1 });
  });
  await using bare = await listening(app);
  let keys = 0;
  const send = async (to: string): Promise<void> => {
    keys += 1;
    const headers = { "Content-Type": "application/json", "Idempotency-Key": `k${keys}` };
    await posted(to, headers, JSON.stringify(order));
  };
  const took = await ratio(
    ROUNDS,
    () => manyAtOnce(() => send(`${url}/api/runs`)),
    () => manyAtOnce(() => send(bare.url)),
  );
  const each = (milliseconds: number): string => `${((ORDERS * 1000) / milliseconds).toFixed(0)}/s`;
  return {
    name: `orders by HTTP, planned, signed and durable, ${AT_ONCE} at once / bare Express with append and fsync`,
    value: took.ratio,
    unit: "×",
    goal: 30,
    detail: `${each(took.a)} and ${each(took.b)}`,
  };
}

const agent = new Agent({ keepAlive: true });

async function posted(url: string, headers: RequestOptions["headers"], body: string): Promise<void> {
  const sent = request(url, { method: "POST", agent, headers: { ...headers, Authorization: `Bearer ${TOKEN}` } });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  if (answer.statusCode !== 202) {
    throw new Error(`an order was answered ${answer.statusCode}`);
  }
}

async function manyAtOnce(send: () => Promise<void>): Promise<void> {
  let left = ORDERS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await send();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Events of a run that come while clients follow it, beside a loop that writes the same bytes to the same clients. */
async function fanOut(url: string, workplace: Workplace): Promise<Figure> {
  const streams = new Set<ServerResponse>();
  const app = express().get("/", (_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
    streams.add(response);
    response.once("close", () => streams.delete(response));
  });
  await using bare = await listening(app);
  let runs = 0;
  const took = await ratio(
    ROUNDS,
    async () => {
      runs += 1;
      const run = sampleRun(runs);
      const head = await createSample(workplace.store, run);
      const events = eventsBehind(head, EVENTS, 80);
      await followed(`${url}/api/runs/${run.runId}/logs?after=1`, () => appended(run, events, workplace));
    },
    () =>
      followed(bare.url, async () => {
        for (const event of eventsBehind({ sequence: 1, hash: sampleRun().planHash }, EVENTS, 80)) {
          const text = `id: ${event.sequence}\nevent: ${event.eventType}\ndata: ${JSON.stringify(event)}\n\n`;
          await Promise.all([...streams].map(async (stream) => stream.write(text) || once(stream, "drain")));
        }
      }),
  );
  const each = (milliseconds: number): string => `${((EVENTS * CLIENTS) / milliseconds).toFixed(0)} thousand events/s`;
  return {
    name: `${EVENTS} ledger events to ${CLIENTS} followers / bare Express event streams`,
    value: took.ratio,
    unit: "×",
    goal: 2,
    detail: `${each(took.a)} and ${each(took.b)}`,
  };
}

async function appended(run: RunIdentity, events: readonly LedgerEvent[], { store }: Workplace): Promise<void> {
  const lease = await store.leases.acquire(run, 30_000);
  if (lease === undefined) {
    throw new Error("the run is driven by somebody");
  }
  let head = { sequence: 1, hash: events[0]?.prev ?? run.planHash };
  for (let at = 0; at < events.length; at += 20) {
    const part = events.slice(at, at + 20);
    const written = await store.ledger.append(run, lease, head, part, { durable: false });
    if (!written.ok) {
      throw new Error(written.fault.message);
    }
    const last = part.at(-1);
    head = last === undefined ? head : { sequence: last.sequence, hash: last.hash };
  }
  await store.leases.release(run, lease);
}

/** All clients are there before the events come, and each has read the last one at the end. */
async function followed(url: string, emit: () => Promise<void>): Promise<void> {
  const last = `\nid: ${EVENTS + 1}\n`;
  const ends = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const asked = get(url, { headers: { Authorization: `Bearer ${TOKEN}` } });
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      const { promise, resolve } = Promise.withResolvers<void>();
      let tail = "\n";
      answer.setEncoding("latin1").on("data", (part: string) => {
        tail = `${tail.slice(-last.length)}${part}`;
        if (tail.includes(last)) {
          asked.destroy();
          resolve();
        }
      });
      answer.on("error", () => undefined);
      return { promise };
    }),
  );
  await emit();
  await Promise.all(ends.map(({ promise }) => promise));
}

async function listening(app: Express): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
