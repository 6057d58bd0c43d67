import { connect, type Socket } from "node:net";
import type { Clock } from "#port/clock.ts";
import type { EgressTry } from "./egress-try.ts";
import { MeteredSocket } from "./metered-socket.ts";
import { openTunnel, type UpstreamProxy } from "./upstream-proxy.ts";

/** For all addresses together, and for one that is not the last. */
const CONNECT_MS = 15_000;
const NEXT_MS = 3_000;

/** How a host is reached: at addresses that were looked at, or by its name through the operator's proxy. */
export type Route =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "proxy"; readonly proxy: UpstreamProxy };

/** Connects to a host; undefined when that failed, and the try then has its reason and has ended. */
export async function dial(attempt: EgressTry, route: Route, clock: Clock): Promise<MeteredSocket | undefined> {
  const deadline = clock.monotonic() + CONNECT_MS;
  const reached =
    route.kind === "proxy"
      ? await dialProxy(attempt, route.proxy, clock)
      : await dialAddresses(attempt, route.addresses, deadline, clock);
  if (typeof reached !== "string" && attempt.fault === undefined) {
    return new MeteredSocket(reached, attempt);
  }
  if (typeof reached !== "string") {
    reached.destroy();
  } else if (reached === TIMED_OUT) {
    attempt.refuse("EGRESS_TIMEOUT");
  } else {
    attempt.refuse("EGRESS_UPSTREAM", { problem: reached });
  }
  attempt.end();
  return undefined;
}

const TIMED_OUT = "it did not answer in time";

async function dialAddresses(
  attempt: EgressTry,
  addresses: readonly string[],
  deadline: number,
  clock: Clock,
): Promise<Socket | string> {
  let problem = "it has no address";
  for (const [at, address] of addresses.entries()) {
    const left = deadline - clock.monotonic();
    if (left <= 0 || attempt.fault !== undefined) {
      break;
    }
    attempt.dial(address);
    const wait = at === addresses.length - 1 ? left : Math.min(left, NEXT_MS);
    const reached = await connectTo(attempt, address, attempt.wanted.port, wait, clock);
    if (typeof reached !== "string") {
      return reached;
    }
    problem = reached;
  }
  return problem;
}

async function dialProxy(attempt: EgressTry, proxy: UpstreamProxy, clock: Clock): Promise<Socket | string> {
  attempt.dial(undefined);
  const reached = await connectTo(attempt, proxy.host, proxy.port, CONNECT_MS, clock);
  if (typeof reached === "string") {
    return reached;
  }
  let late = false;
  const stop = clock.after(CONNECT_MS, () => {
    late = true;
    reached.destroy();
  });
  const forget = attempt.onCut(() => reached.destroy());
  const tunnel = await openTunnel(reached, proxy, attempt.target);
  stop();
  forget();
  return late ? TIMED_OUT : tunnel;
}

async function connectTo(
  attempt: EgressTry,
  host: string,
  port: number,
  milliseconds: number,
  clock: Clock,
): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const answer = (found: Socket | string): void => {
      stop();
      forget();
      resolve(found);
    };
    const stop = clock.after(milliseconds, () => {
      socket.destroy();
      answer(TIMED_OUT);
    });
    const forget = attempt.onCut(() => {
      socket.destroy();
      answer("it was given up");
    });
    socket.on("connect", () => answer(socket));
    // Stays for errors after the answer: whoever takes the socket over listens too.
    socket.on("error", (error: NodeJS.ErrnoException) => answer(error.code ?? error.message));
  });
}
