import { createServer, type AddressInfo, type Socket } from "node:net";
import type { EgressRule } from "#plan/plan.ts";
import type { EgressLine } from "#run/egress-line.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { createEgress, type SandboxEgress } from "../../../src/sandbox/egress/egress.ts";
import { readLines, rigRun } from "../egress-rig.ts";
import { systemClock } from "../../port/system-clock.ts";
import type { Rig } from "../sandbox-rig.ts";
import type { Attack, Bait, Expected } from "./attack.ts";

/** Where names lead to in these attacks; what is not here does not exist. Of several answers each look-up takes the next. */
const names: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "allowed.example": [["127.0.0.1"]],
  "other.example": [["127.0.0.1"]],
  "private.example": [["10.0.0.1", "192.168.0.1", "100.64.0.1", "fd00::1"]],
  "loopback.example": [["127.0.0.1", "::1"]],
  "mapped.example": [["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]],
  "metadata.example": [["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "fe80::1"]],
  "turning.example": [["127.0.0.1"], ["169.254.169.254"]],
};

const store = memoryRunStore({ clock: systemClock });

/** One egress for all attacks, on a record that all of them share. */
export async function bindEgress(): Promise<SandboxEgress> {
  await store.ledger.create(rigRun, new Map(), []);
  const looked = new Map<string, number>();
  const resolve = (host: string): Promise<readonly string[]> => {
    const answers = names[host] ?? [];
    const turn = looked.get(host) ?? 0;
    looked.set(host, turn + 1);
    return Promise.resolve(answers[Math.min(turn, answers.length - 1)] ?? []);
  };
  return createEgress({ lines: store.lines, clock: systemClock, resolve });
}

/** What a server on this host saw of an attack. */
export type Seen = {
  readonly connections: number;
  readonly bytes: number;
  readonly text: string;
  /** Connections that are open when the attempt has ended. */
  readonly open: number;
};

export type EgressAttack = {
  readonly name: string;
  readonly py: string;
  /** For the port of the server. */
  readonly rules: (port: number) => readonly EgressRule[];
  /**
   * Tries that have to stand in the record, `reason host` or `allowed host`, sorted, with how often where that is not
   * once. A pattern of all lines where how they are spread is up to chance.
   */
  readonly record: readonly string[] | RegExp;
  /** What is wrong with what the server saw. Without it, it must have seen nothing. */
  readonly saw?: (seen: Seen) => string | undefined;
  readonly expect: Expected;
  /** Something beside it that must be there before the step starts. */
  readonly beside?: (rig: Rig, port: number) => Promise<() => Promise<string | undefined>>;
};

export function rule(
  host: string,
  port: number,
  protocol: EgressRule["protocol"],
  more: Partial<EgressRule> = {},
): EgressRule {
  return { host, port, protocol, allowPrivate: true, ...more };
}

/** How the attacks in Python speak to the proxy. */
const prelude = `
import re, socket, ssl, threading
PORT = int(os.environ["PORT"])
def begin(data):
    peer = socket.create_connection(("127.0.0.1", 3128), 10)
    peer.sendall(data)
    return peer
def rest(peer):
    got = b""
    try:
        while chunk := peer.recv(65536):
            got += chunk
    except OSError as error:
        got += b"<" + name_of(error.errno or 0).encode() + b">"
    peer.close()
    return got
def talk(data): return rest(begin(data))
def told(reply):
    codes = re.findall(rb"EGRESS_[A-Z_]+", reply)
    return reply[9:12].decode() + (" " + codes[-1].decode() if codes else "")
def tunnel(target):
    data = b"CONNECT " + (target if isinstance(target, bytes) else target.encode()) + b" HTTP/1.1\\r\\n\\r\\n"
    return data
def through(target):
    peer = begin(tunnel(target))
    if not peer.recv(4096).startswith(b"HTTP/1.1 200"): print("no tunnel")
    return peer
def hello(name):
    context = ssl.create_default_context()
    context.check_hostname = False
    sent = ssl.MemoryBIO()
    try: context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError: pass
    return sent.read()
def every(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
A = f"allowed.example:{PORT}"
HOST = f"Host: {A}\\r\\n".encode()
URL = f"http://{A}/".encode()
`;

/** At most these bytes came, over all connections. */
export const atMost =
  (limit: number) =>
  ({ bytes, open }: Seen): string | undefined =>
    bytes <= limit && open === 0 ? undefined : `the server got ${bytes} bytes, ${open} connections are open`;

/** These requests came, and nothing of what was hidden in them. */
export const requests =
  (...lines: readonly string[]) =>
  ({ text }: Seen): string | undefined => {
    const found = [...text.matchAll(/^[A-Z]+ \S+ HTTP\/1\.1$/gm)].map(([line]) => line.slice(0, -9));
    const isClean = found.join() === lines.join() && !/smuggled|other\.example/.test(text);
    return isClean ? undefined : `the server saw ${text.slice(0, 500)}`;
  };

let attacks = 0;

/** The attack with a server to go for; what the server, the record and the attempt's own account say must agree. */
export function egressAttack({ name, py, rules, record, saw, expect, beside }: EgressAttack): Attack {
  const bait = async (rig: Rig): Promise<Bait> => {
    attacks += 1;
    const stepId = `attack-${attacks}`;
    const server = await serve();
    const check = await beside?.(rig, server.port);
    return {
      env: { PORT: String(server.port) },
      egress: rules(server.port),
      stepId,
      damage: async (outcome) =>
        (await check?.()) ??
        (await misrecorded(stepId, server.port, record, outcome)) ??
        (saw ?? sawNothing)(await server.seen()),
      remove: server.close,
    };
  };
  return { name, py: `${prelude}${py}`, expect, bait };
}

function sawNothing({ connections, text }: Seen): string | undefined {
  return connections === 0 ? undefined : `the server saw ${connections} connections: ${text.slice(0, 500)}`;
}

/** Answers HTTP as far as it has to, and remembers all that came. */
async function serve(): Promise<{ port: number; seen: () => Promise<Seen>; close: () => void }> {
  const live = new Set<Socket>();
  const chunks: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    live.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => live.delete(socket));
    let head = "";
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      head = `${head}${chunk.toString("latin1")}`.slice(-4096);
      if (/^(?:GET|HEAD) [^]*\r\n\r\n$/.test(head) || /\r\n0\r\n[^]*\r\n$/.test(head)) {
        head = "";
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const seen = async (): Promise<Seen> => {
    // What the runner closed arrives within a few turns of the event loop that both share.
    for (let turn = 0; turn < 1000 && live.size > 0; turn += 1) {
      await new Promise(setImmediate);
    }
    const all = Buffer.concat(chunks);
    return { connections, bytes: all.length, text: all.toString("latin1"), open: live.size };
  };
  const close = (): void => {
    server.close();
    live.forEach((socket) => socket.destroy());
  };
  return { port: (server.address() as AddressInfo).port, seen, close };
}

async function misrecorded(
  stepId: string,
  port: number,
  expected: readonly string[] | RegExp,
  { egress, denied }: AttemptOutcome,
): Promise<string | undefined> {
  const all = await readLines(store.lines.read(rigRun, "egress.jsonl"));
  const lines = all.filter((line) => line.stepId === stepId);
  const found = counted(lines.map((line) => lineText(line, port)));
  const isExpected = expected instanceof RegExp ? expected.test(found.join("\n")) : found.join() === expected.join();
  if (!isExpected) {
    return `the record says ${JSON.stringify(found)}`;
  }
  const sum = (member: "bytesIn" | "bytesOut"): number => lines.reduce((total, line) => total + line[member], 0);
  const allowed = lines.filter(({ decision }) => decision === "allowed").length;
  const said = [allowed, sum("bytesIn"), sum("bytesOut"), lines.length - allowed].join(" ");
  const { requests = 0, bytesIn = 0, bytesOut = 0 } = egress ?? {};
  const used = [requests, bytesIn, bytesOut, denied?.length ?? 0].join(" ");
  return said === used ? undefined : `the attempt says ${used}, its lines say ${said}`;
}

function lineText({ decision, reason, host, port }: EgressLine, own: number): string {
  const name = host.replace(`:${own}`, "");
  const place = port === own ? name : `${name}:${port}`;
  return decision === "denied" ? `${reason} ${place}` : `allowed ${place}${reason === undefined ? "" : ` ${reason}`}`;
}

function counted(texts: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts.toSorted()) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`));
}
