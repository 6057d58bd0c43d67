import type { Socket } from "node:net";
import type { Fault } from "#fault/fault.ts";
import type { Clock } from "#port/clock.ts";
import type { AttemptNetwork } from "./attempt-network.ts";
import { HelloReader } from "./client-hello.ts";
import type { EgressCode } from "./codes.ts";
import type { EgressTry } from "./egress-try.ts";
import { hangUp, refusalBytes } from "./refusal-answer.ts";
import { TunnelPump } from "./tunnel-pump.ts";

/** A client that asked for a tunnel, and what it sent behind its request. */
export type Client = { readonly socket: Socket; readonly head: Buffer };

export const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";
/** For the whole ClientHello, from the moment at which the client may send it. */
const HELLO_MS = 10_000;

/** Carries out a CONNECT. */
export async function tunnel(network: AttemptNetwork, attempt: EgressTry, client: Client): Promise<void> {
  const { socket } = client;
  const { clock } = network;
  const forget = attempt.onCut(() => socket.destroy());
  const left = (): void => {
    if (!attempt.isDialled) {
      attempt.cut("EGRESS_ENDED");
      attempt.end();
    }
  };
  socket.on("close", left);
  const admitted = await network.admit(attempt);
  if (!admitted.ok) {
    forget();
    hangUp(socket, clock, refusalBytes(admitted.fault));
    return;
  }
  const isTls = attempt.wanted.protocol === "tls";
  const first = isTls ? await firstOfTls(attempt, client, clock) : client.head;
  if (first === undefined) {
    return;
  }
  const pump = new TunnelPump(attempt, socket, clock);
  const host = await network.dial(attempt, admitted.value, pump.onread);
  if (host === undefined) {
    const fault = attempt.refuse("EGRESS_UPSTREAM");
    hangUp(socket, clock, isTls ? alertFor(fault) : refusalBytes(fault));
    return;
  }
  if (!isTls) {
    socket.write(ESTABLISHED);
  }
  pump.start(host, first);
}

/** The bytes up to the end of a ClientHello for the right host; undefined when there is none, and all has ended. */
async function firstOfTls(attempt: EgressTry, { socket, head }: Client, clock: Clock): Promise<Buffer | undefined> {
  const reader = new HelloReader();
  socket.write(ESTABLISHED);
  const code = await readHello(attempt, reader, { socket, head }, clock);
  if (code === undefined) {
    return reader.bytes;
  }
  const fault = attempt.fail(code);
  const isText = /^[A-Z]+ /.test(reader.bytes.toString("latin1", 0, 10));
  hangUp(socket, clock, isText ? refusalBytes(fault) : alertFor(fault));
  return undefined;
}

async function readHello(
  attempt: EgressTry,
  reader: HelloReader,
  { socket, head }: Client,
  clock: Clock,
): Promise<EgressCode | undefined> {
  return new Promise((resolve) => {
    const answer = (code: EgressCode | undefined): void => {
      stop();
      socket.pause();
      socket.off("data", take).off("end", ended).off("close", ended);
      resolve(code);
    };
    const take = (chunk: Buffer): void => {
      const found = reader.push(chunk);
      if (found?.kind === "refused") {
        answer(found.code);
      } else if (found !== undefined) {
        answer(isNamed(found.serverName, attempt) ? attempt.fault?.code : "EGRESS_SNI");
      }
    };
    const ended = (): void => answer(reader.bytes.length === 0 ? "EGRESS_ENDED" : "EGRESS_NOT_TLS");
    const stop = clock.after(HELLO_MS, () => answer("EGRESS_TIMEOUT"));
    socket.on("data", take).on("end", ended).on("close", ended);
    if (head.length > 0) {
      take(head);
    }
    if (socket.destroyed) {
      ended();
    }
  });
}

/** RFC 6066: a server name is never an address, so a rule for one goes without; some clients send it all the same. */
function isNamed(serverName: string | undefined, { wanted: { host } }: EgressTry): boolean {
  const isAddress = host.includes(":") || /^[0-9.]+$/.test(host);
  return serverName === host || (isAddress && serverName === undefined);
}

/** A fatal alert (RFC 8446, 6): unrecognized_name, internal_error, or access_denied. */
function alertFor({ code }: Fault<EgressCode>): Uint8Array {
  const description = code === "EGRESS_SNI" ? 112 : code === "EGRESS_UPSTREAM" || code === "EGRESS_TIMEOUT" ? 80 : 49;
  return Uint8Array.of(21, 3, 3, 0, 2, 2, description);
}
