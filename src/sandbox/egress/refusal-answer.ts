import type { Socket } from "node:net";
import type { Fault } from "#fault/fault.ts";
import type { Clock } from "#port/clock.ts";
import type { EgressCode } from "./codes.ts";
import { nodeHttp } from "./node-http.ts";

/** How long a client that was answered may take to hang up: closing at once could take the answer from it. */
const LINGER_MS = 1000;

/** HTTP status of a refusal. */
export function statusOf(code: EgressCode): number {
  switch (code) {
    case "EGRESS_MALFORMED":
      return 400;
    case "EGRESS_QUOTA_REQUESTS":
    case "EGRESS_QUOTA_BYTES":
    case "EGRESS_TOO_MANY":
      return 429;
    case "EGRESS_DNS":
    case "EGRESS_UPSTREAM":
      return 502;
    case "EGRESS_RECORD":
    case "EGRESS_DESCRIPTORS":
    case "EGRESS_ENDED":
      return 503;
    case "EGRESS_TIMEOUT":
      return 504;
    case "EGRESS_DENIED":
    case "EGRESS_PROTOCOL":
    case "EGRESS_ADDRESS":
    case "EGRESS_SNI":
    case "EGRESS_NOT_TLS":
    case "EGRESS_ECH":
    case "EGRESS_UPGRADE":
    case "EGRESS_DENIALS":
    case "EGRESS_SECRET":
    case "EGRESS_PROXY":
      return 403;
  }
}

/** Code, what was refused, and what to do: the text that curl shows to whoever looks. */
export function refusalText({ code, message, hint = "" }: Fault<EgressCode>): string {
  return `${code}: ${message}\n${hint}\n`;
}

export function refusalHeaders(fault: Fault<EgressCode>): Readonly<Record<string, string>> {
  return {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(refusalText(fault))),
    "X-Packrun-Egress": fault.code,
    Connection: "close",
  };
}

/** The whole answer, for a connection that nobody else answers on. */
export function refusalBytes(fault: Fault<EgressCode>): string {
  const status = statusOf(fault.code);
  const headers = Object.entries(refusalHeaders(fault)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${nodeHttp().STATUS_CODES[status] ?? ""}\r\n${headers.join("")}\r\n${refusalText(fault)}`;
}

/** Says a last thing to a client and hangs up; what it still sends is dropped. */
export function hangUp(client: Socket, clock: Clock, bytes: string | Uint8Array = ""): void {
  if (client.destroyed) {
    return;
  }
  const stop = clock.after(LINGER_MS, () => client.destroy());
  client.once("close", stop);
  client.on("end", () => client.destroySoon());
  client.end(bytes);
  client.resume();
}

/** Answers the first thing that a client says, and is rid of it at once. */
export function turnAway(client: Socket, clock: Clock, bytes: string): void {
  const stop = clock.after(LINGER_MS, () => client.destroy());
  client.once("close", stop);
  client.once("end", () => client.destroy());
  client.once("data", () => client.end(bytes, () => client.destroy()));
}
