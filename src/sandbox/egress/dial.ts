import { connect, type OnReadOpts, type Socket } from "node:net";
import type { Clock } from "#port/clock.ts";
import type { EgressTry } from "./egress-try.ts";
import { hostPortText } from "./target.ts";
import { openTunnel, type UpstreamProxy } from "./upstream-proxy.ts";

/** For all addresses together, and for one that is not the last. */
const CONNECT_MS = 15_000;
const NEXT_MS = 3_000;

/** How a host is reached: at addresses that were looked at, or by its name through the operator's proxy. */
export type Route =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "proxy"; readonly proxy: UpstreamProxy };

/** A connection that stands still until it is resumed. What comes through an upstream proxy is given by `data` events. */
export type Reached = { readonly socket: Socket; readonly address: string | undefined; readonly readsInto: boolean };

type Failed = "late" | "no descriptors" | { readonly problem: string };

/**
 * Connects to a host; undefined when that failed, and the try then has its reason and has ended. `onread` is what reads
 * of a direct connection, into a buffer of its own.
 */
export async function dial(
  attempt: EgressTry,
  route: Route,
  clock: Clock,
  onread?: OnReadOpts,
): Promise<Reached | undefined> {
  const reached =
    route.kind === "proxy"
      ? await dialProxy(attempt, route.proxy, clock)
      : await dialAddresses(attempt, route.addresses, { clock, onread });
  if (isReached(reached) && attempt.fault === undefined) {
    return reached;
  }
  if (isReached(reached)) {
    reached.socket.destroy();
  } else if (reached === "late") {
    attempt.refuse("EGRESS_TIMEOUT");
  } else if (reached === "no descriptors") {
    attempt.refuse("EGRESS_DESCRIPTORS");
  } else {
    attempt.refuse("EGRESS_UPSTREAM", { problem: reached.problem });
  }
  attempt.end();
  return undefined;
}

function isReached(found: Reached | Failed): found is Reached {
  return typeof found === "object" && "socket" in found;
}

async function dialAddresses(
  attempt: EgressTry,
  addresses: readonly string[],
  { clock, onread }: { readonly clock: Clock; readonly onread: OnReadOpts | undefined },
): Promise<Reached | Failed> {
  const deadline = clock.monotonic() + CONNECT_MS;
  let failed: Failed = { problem: "it has no address" };
  for (const [at, address] of addresses.entries()) {
    const left = deadline - clock.monotonic();
    if (left <= 0 || attempt.fault !== undefined) {
      break;
    }
    const wait = at === addresses.length - 1 ? left : Math.min(left, NEXT_MS);
    const host = { host: address, port: attempt.wanted.port };
    const reached = await connectTo(attempt, onread === undefined ? host : { ...host, onread }, wait, clock, address);
    if (reached === "no descriptors") {
      return reached;
    }
    if (isSocket(reached)) {
      return { socket: reached, address, readsInto: onread !== undefined };
    }
    failed = reached;
  }
  return failed;
}

async function dialProxy(attempt: EgressTry, proxy: UpstreamProxy, clock: Clock): Promise<Reached | Failed> {
  const { host, port } = proxy;
  const reached = await connectTo(attempt, { host, port }, CONNECT_MS, clock, undefined);
  if (!isSocket(reached)) {
    return reached;
  }
  let late = false;
  const stop = clock.after(CONNECT_MS, () => {
    late = true;
    reached.destroy();
  });
  const forget = attempt.onCut(() => reached.destroy());
  const tunnel = await openTunnel(reached, proxy, hostPortText(attempt.wanted));
  stop();
  forget();
  if (late) {
    return "late";
  }
  return typeof tunnel === "string" ? { problem: tunnel } : { socket: tunnel, address: undefined, readsInto: false };
}

function isSocket(found: Socket | Failed): found is Socket {
  return typeof found === "object" && !("problem" in found);
}

type To = { readonly host: string; readonly port: number; readonly onread?: OnReadOpts };

/** The try is allowed from here on, unless there is no descriptor left for a connection. */
async function connectTo(
  attempt: EgressTry,
  to: To,
  milliseconds: number,
  clock: Clock,
  address: string | undefined,
): Promise<Socket | Failed> {
  return new Promise((resolve) => {
    const takeBack = attempt.dial(address);
    const socket = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const answer = (found: Socket | Failed): void => {
      stop();
      forget();
      resolve(found);
    };
    const stop = clock.after(milliseconds, () => {
      socket.destroy();
      answer("late");
    });
    const forget = attempt.onCut(() => {
      socket.destroy();
      answer({ problem: "it was given up" });
    });
    socket.on("connect", () => {
      if (address !== undefined) {
        socket.pause();
      }
      answer(socket);
    });
    // Stays for errors after the answer: whoever takes the socket over listens too.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (isOutOfDescriptors(error)) {
        // Not even a socket could be made: nothing was dialled.
        takeBack();
        answer("no descriptors");
      } else {
        answer({ problem: error.code ?? error.message });
      }
    });
  });
}

/** Of this process, or of its host. */
export function isOutOfDescriptors({ code }: NodeJS.ErrnoException): boolean {
  return code === "EMFILE" || code === "ENFILE";
}
