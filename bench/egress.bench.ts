import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { digestOf } from "#canon/digest.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import type { EgressRule } from "#plan/plan.ts";
import { createEgress } from "#sandbox/egress/egress.ts";
import { createRedactor } from "#secret/redactor.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import { systemClock } from "../test/port/system-clock.ts";
import type { PeerIdentity, PeerOrder, PeerPorts } from "./egress-peer.ts";
import { median, ratio, type Figure } from "./measure.ts";
import { temporaryFolder } from "./samples.ts";

const PEER_HOST = "peer.example.test";
const ROUNDS = 3;
const MEBI = 1024 * 1024;
const GIBI = 1024 * MEBI;
const MEGABYTES = 128;
const REQUESTS = 500;

/**
 * What the proxy costs beside a direct connection: TLS through a tunnel, and requests one after the other. Both ends run
 * in a thread of their own; time on a CPU is that of the proxy's thread alone, and does not grow on a busy machine.
 */
export async function* figures(): AsyncGenerator<Figure> {
  using folder = temporaryFolder();
  const peer = await startPeer(folder.path);
  const { door, close } = await openDoor(folder.path, peer.ports);
  for (const what of ["download", "upload"] as const) {
    yield* transferFigures(peer, door, what);
  }
  yield* requestFigures(peer, door);
  yield await memoryFigure(peer, door);
  await close();
  await peer.end();
}

async function* transferFigures(peer: Peer, door: number, what: "download" | "upload"): AsyncGenerator<Figure> {
  const bytes = MEGABYTES * 1e6;
  const before = process.threadCpuUsage();
  const times = await ratio(
    ROUNDS,
    async () => peer.carryOut({ what, bytes, door }),
    async () => peer.carryOut({ what, bytes, door: undefined }),
  );
  const onCpu = milliseconds(process.threadCpuUsage(before)) / (ROUNDS + 1) / MEGABYTES;
  const speed = (time: number): string => `${((MEGABYTES / time) * 1000).toFixed(0)} MB/s`;
  yield {
    name: `${what} of ${MEGABYTES} MB over TLS, through the egress proxy / directly`,
    value: times.ratio,
    unit: "×",
    goal: 2,
    detail: `${speed(times.a)} through, ${speed(times.b)} directly`,
  };
  yield {
    name: `${what} through the egress proxy, its time on a CPU`,
    value: onCpu,
    unit: "ms/MB",
    goal: 5,
    detail: `enough for ${(1000 / onCpu).toFixed(0)} MB/s`,
  };
}

async function* requestFigures(peer: Peer, door: number): AsyncGenerator<Figure> {
  const before = process.threadCpuUsage();
  const times = await ratio(
    ROUNDS,
    async () => peer.carryOut({ what: "requests", count: REQUESTS, door }),
    async () => peer.carryOut({ what: "requests", count: REQUESTS, door: undefined }),
  );
  const each = (time: number): string => `${(time / REQUESTS).toFixed(2)} ms`;
  yield {
    name: "what the egress proxy adds to an HTTP request",
    value: (times.a - times.b) / REQUESTS,
    unit: "ms",
    goal: 1,
    detail: `${each(times.a)} through, ${each(times.b)} directly`,
  };
  yield {
    name: "an HTTP request through the egress proxy, its time on a CPU",
    value: milliseconds(process.threadCpuUsage(before)) / (ROUNDS + 1) / REQUESTS,
    unit: "ms",
    goal: 1,
    detail: "over a connection that is kept, with its line in the record and its quota on disk",
  };
}

/** What this process grows by while 1 GiB passes, both ends in it: the median of ten looks a second. */
async function memoryFigure(peer: Peer, door: number): Promise<Figure> {
  const before = process.memoryUsage.rss();
  const seen: number[] = [];
  const watch = setInterval(() => seen.push(process.memoryUsage.rss()), 100);
  await peer.carryOut({ what: "download", bytes: GIBI, door });
  clearInterval(watch);
  return {
    name: "memory that 1 GiB through the egress proxy takes, both ends included",
    value: Math.max(0, median(seen) - before) / MEBI,
    unit: "MiB",
    goal: 64,
    detail: `${(before / MEBI).toFixed(0)} MiB before`,
  };
}

function milliseconds({ user, system }: { readonly user: number; readonly system: number }): number {
  return (user + system) / 1000;
}

type Peer = {
  readonly ports: PeerPorts;
  readonly carryOut: (order: PeerOrder) => Promise<void>;
  readonly end: () => Promise<unknown>;
};

async function startPeer(folder: string): Promise<Peer> {
  const worker = new Worker(new URL("egress-peer.ts", import.meta.url), { workerData: identityIn(folder) });
  const [ports] = (await once(worker, "message")) as [PeerPorts];
  const carryOut = async (order: PeerOrder): Promise<void> => {
    worker.postMessage(order, []);
    const [answer] = (await once(worker, "message")) as [{ readonly error?: string }];
    if (answer.error !== undefined) {
      throw new Error(answer.error);
    }
  };
  return { ports, carryOut, end: async () => worker.terminate() };
}

function identityIn(folder: string): PeerIdentity {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509", "-days", "1"];
  const subject = ["-subj", "/CN=peer", "-addext", `subjectAltName=DNS:${PEER_HOST}`];
  execFileSync("openssl", ["req", ...curve, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { host: PEER_HOST, key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

/** A session on the real store, whose quotas are large and kept all the same. */
async function openDoor(
  folder: string,
  { tls, http }: PeerPorts,
): Promise<{ readonly door: number; readonly close: () => Promise<void> }> {
  const store = must(await openFileStore(join(folder, "state"), { clock: systemClock }));
  const runId = must(parseRunId("019b8cc2-8400-7000-8000-000000000001"));
  const tenantId = must(parseTenantId("default"));
  const trustDomain = must(parseTrustDomain("bench"));
  const planHash = digestOf(Buffer.from("plan"), nodeSha256);
  must(await store.ledger.create({ runId, tenantId, trustDomain, planHash }, new Map(), []));
  const rules: EgressRule[] = [
    { host: PEER_HOST, port: tls, protocol: "tls", allowPrivate: true, maxBytes: 100 * GIBI },
    { host: PEER_HOST, port: http, protocol: "http", allowPrivate: true },
  ];
  const egress = createEgress({ lines: store.lines, clock: systemClock, resolve: async () => ["127.0.0.1"] });
  const egressQuota = { requests: 100_000, bytes: 100 * GIBI };
  const limits = { cpus: 1, memoryBytes: MEBI, pids: 1, logBytes: 1, artifactBytes: 1 };
  const session = must(
    await egress.open({
      runId,
      tenantId,
      stepId: "bench",
      attempt: 1,
      sandbox: { mode: "sealed", egressAllowlist: rules, egressQuota, limits },
      egressQuota,
      egressAllowlist: rules,
      redactor: createRedactor(),
    }),
  );
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const door = (server.address() as AddressInfo).port;
  session.serve(server);
  const close = async (): Promise<void> => {
    await session.close();
    await egress.close();
    await store.close();
  };
  return { door, close };
}

function must<T>(found: Result<T> | T | undefined): T {
  if (found === undefined) {
    throw new Error("there is no such value");
  }
  if (typeof found === "object" && found !== null && "ok" in found) {
    if (!found.ok) {
      throw new Error(JSON.stringify(found.fault));
    }
    return found.value;
  }
  return found;
}
