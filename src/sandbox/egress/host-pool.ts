import type { Agent, ClientRequest, RequestOptions } from "node:http";
import type { Clock } from "#port/clock.ts";
import type { HostPort } from "#pack/egress-rule.ts";
import type { EgressTry } from "./egress-try.ts";
import { MeteredSocket } from "./metered-socket.ts";
import { nodeHttp } from "./node-http.ts";
import { hostPortText } from "./target.ts";

/** Connections that wait for a next request: to one host at one address, and of the attempt altogether. */
const MOST_IDLE_OF_ONE = 4;
const MOST_IDLE = 16;
/** Less than servers wait (Node.js 5 s, Apache 5 s), so that few requests meet a connection that is just being closed. */
const IDLE_MS = 4_000;

/** A host under the name that it was asked for, at the address that was vetted for it. */
export type Place = HostPort & { readonly address: string };
/** A request that has begun, and what it goes over. */
export type Asked = { readonly passed: ClientRequest; readonly connection: MeteredSocket };

/**
 * Connections of one attempt that carried a request and may carry the next one: of the same host and port, and so of the
 * same rule, to an address that was vetted for that next request too. Nothing of it outlives the attempt.
 */
export class HostPool {
  readonly #clock: Clock;
  /** Each with what takes its end back. */
  readonly #idle = new Map<MeteredSocket, () => void>();
  #agent: Agent | undefined;
  /** What the request that is being made is for; its connection, once it has one. */
  #making: { readonly attempt: EgressTry; connection: MeteredSocket | undefined } | undefined;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first of these addresses to which a connection waits. */
  find(host: HostPort, addresses: readonly string[]): Place | undefined {
    const { host: name, port } = host;
    const address = addresses.find((each) =>
      (this.#agent?.freeSockets[nameOf({ host: name, port, address: each })] ?? []).some(({ destroyed }) => !destroyed),
    );
    return address === undefined ? undefined : { host: name, port, address };
  }

  /** Makes a request over this connection; without one, over one that waits: `find` has just said that there is one. */
  ask(attempt: EgressTry, place: Place, fresh: MeteredSocket | undefined, options: RequestOptions): Asked {
    this.#making = { attempt, connection: fresh };
    fresh?.once("close", () => this.#forget(fresh));
    const agent = (this.#agent ??= this.#newAgent());
    const passed = nodeHttp().request({ ...options, agent, host: nameOf(place) });
    const { connection } = this.#making;
    this.#making = undefined;
    if (connection === undefined) {
      throw new Error("no connection was there");
    }
    return { passed, connection };
  }

  /** Closes what waits; nothing waits from here on. */
  end(): void {
    this.#isOver = true;
    for (const connection of this.#idle.keys()) {
      connection.destroy();
    }
  }

  /** Its ways of keeping and reusing sockets are those that Node.js documents; time is kept by the clock that was given. */
  #newAgent(): Agent {
    const agent = new (nodeHttp().Agent)({ keepAlive: true, maxFreeSockets: MOST_IDLE_OF_ONE });
    agent.getName = (options) => String(options?.host);
    agent.createConnection = () => this.#making?.connection;
    agent.keepSocketAlive = (socket) => socket instanceof MeteredSocket && this.#keep(socket);
    agent.reuseSocket = (socket, request) => {
      request.reusedSocket = true;
      this.#reuse(socket);
    };
    return agent;
  }

  #keep(connection: MeteredSocket): boolean {
    if (!connection.release() || this.#isOver || this.#idle.size >= MOST_IDLE) {
      return false;
    }
    const stop = this.#clock.after(IDLE_MS, () => connection.destroy());
    this.#idle.set(connection, stop);
    return true;
  }

  #reuse(socket: unknown): void {
    if (socket instanceof MeteredSocket && this.#making !== undefined) {
      this.#forget(socket);
      this.#making.connection = socket;
      socket.carry(this.#making.attempt);
    }
  }

  #forget(connection: MeteredSocket): void {
    this.#idle.get(connection)?.();
    this.#idle.delete(connection);
  }
}

function nameOf(place: Place): string {
  return `${hostPortText(place)} ${place.address}`;
}
