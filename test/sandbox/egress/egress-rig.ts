import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { RunId, TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import type { EgressRule, Sandbox } from "#plan/plan.ts";
import type { EgressScope } from "#port/egress.ts";
import type { LineStore } from "#port/run-store.ts";
import type { EgressLine } from "#run/egress-line.ts";
import { createRedactor } from "#secret/redactor.ts";
import { createEgress, type EgressOptions, type SandboxEgress, type SandboxSession } from "#sandbox/egress/egress.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { systemClock } from "../../port/system-clock.ts";

const runId = "019b8cc2-8400-7000-8000-000000000001" as RunId;
const tenantId = "default" as TenantId;
export const MIB = 1024 * 1024;

/** Lines in memory, of which a test may see what is there and let appends fail. */
export type SeenLines = LineStore & {
  readonly text: (name: string) => string;
  readonly set: (name: string, text: string) => void;
  /** Called before each append; its answer is the append's when it is there. */
  hook: ((name: string) => Promise<Result<void> | undefined> | undefined) | undefined;
  appends: number;
};

export function seenLines(): SeenLines {
  const files = new Map<string, Buffer>();
  const seen: SeenLines = {
    hook: undefined,
    appends: 0,
    text: (name) => files.get(name)?.toString("utf8") ?? "",
    set: (name, text) => void files.set(name, Buffer.from(text)),
    append: async ({ runId: id }, name, lines, { behind }) => {
      seen.appends += 1;
      const answer = await seen.hook?.(name);
      if (answer?.ok === false) {
        return answer;
      }
      if (behind !== undefined && behind !== (files.get(name)?.length ?? 0)) {
        return fail(faultOf(storeCodes, "LEASE_LOST", { runId: id }));
      }
      files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), lines]));
      return ok(undefined);
    },
    read: async function* read(_, name, from = 0) {
      const bytes = files.get(name)?.subarray(from);
      if (bytes !== undefined && bytes.length > 0) {
        yield bytes;
      }
    },
  };
  return seen;
}

export function rule(host: string, port: number, more: Partial<EgressRule> = {}): EgressRule {
  return { host, port, protocol: "tls", allowPrivate: false, ...more };
}

export type Wanted = {
  readonly rules: readonly EgressRule[];
  readonly requests?: number;
  readonly bytes?: number;
  readonly scope?: Partial<Omit<EgressScope, "sandbox">>;
  readonly options?: Partial<EgressOptions>;
  readonly lines?: SeenLines;
};

export function scopeOf({ rules, requests = 1000, bytes = 64 * MIB, scope = {} }: Wanted): EgressScope {
  const sandbox: Sandbox = {
    mode: "sealed",
    egressAllowlist: rules,
    egressQuota: { requests, bytes },
    limits: { cpus: 1, memoryBytes: MIB, pids: 1, logBytes: 1, artifactBytes: 1 },
  };
  return {
    runId,
    tenantId,
    stepId: "build",
    attempt: 1,
    egressQuota: { requests, bytes },
    egressAllowlist: rules,
    redactor: createRedactor(),
    ...scope,
    sandbox,
  };
}

export type Rig = {
  readonly egress: SandboxEgress;
  readonly session: SandboxSession;
  readonly lines: SeenLines;
  /** Of the door that the step sees. */
  readonly port: number;
  readonly record: () => readonly EgressLine[];
};

export async function openRig(t: Test, wanted: Wanted): Promise<Rig> {
  const lines = wanted.lines ?? seenLines();
  const egress = createEgress({
    lines,
    clock: systemClock,
    resolve: async () => ["127.0.0.1"],
    ownAddresses: () => [],
    ...wanted.options,
  });
  t.teardown(async () => egress.close().catch(() => undefined));
  const session = must(await egress.open(scopeOf(wanted)));
  return { egress, session, lines, port: await openDoor(session), record: () => linesOf(lines) };
}

export async function openDoor(session: SandboxSession): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  session.serve(server);
  return portOf(server);
}

function linesOf(lines: SeenLines): readonly EgressLine[] {
  return lines
    .text("egress.jsonl")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EgressLine);
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function must<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.fault.code}: ${result.fault.message}`);
  }
  return result.value;
}

/** A server on the loopback that ends with the test. */
export async function serveTcp(t: Test, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return portOf(server);
}

export async function serveHttp(t: Test, listener: RequestListener): Promise<number> {
  const server = createHttpServer(listener);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return portOf(server);
}

/** A client on a raw connection, which remembers everything it was sent. */
export type Raw = {
  readonly socket: Socket;
  readonly text: () => string;
  readonly bytes: () => Buffer;
  /** Resolves when the text has come, or the connection is closed. */
  readonly until: (text: string) => Promise<string>;
  readonly closed: Promise<Buffer>;
};

export async function raw(t: Test, port: number): Promise<Raw> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  const chunks: Buffer[] = [];
  const bytes = (): Buffer => Buffer.concat(chunks);
  const text = (): string => bytes().toString("latin1");
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => undefined);
  const over = Promise.race([once(socket, "close"), once(socket, "end")]).catch(() => undefined);
  await once(socket, "connect");
  return {
    socket,
    text,
    bytes,
    until: async (wanted) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (text().includes(wanted)) {
          resolve();
        }
      };
      socket.on("data", look);
      look();
      await Promise.race([promise, over]);
      socket.off("data", look);
      return text();
    },
    closed: over.then(bytes),
  };
}

/** Asks the door for a tunnel and waits for its answer. */
export async function connectThrough(t: Test, door: number, target: string): Promise<Raw> {
  const client = await raw(t, door);
  client.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await client.until("\r\n\r\n");
  return client;
}

/** A certificate for these names, valid for a day. */
export function certificate(names: string): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "packrun-cert-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509", "-days", "1"];
    const subject = ["-subj", "/CN=packrun test", "-addext", `subjectAltName=${names}`];
    execFileSync("openssl", ["req", ...curve, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
