import type { OnReadOpts, Socket } from "node:net";
import type { Clock } from "#port/clock.ts";
import type { Reached } from "./dial.ts";
import type { EgressTry } from "./egress-try.ts";
import { hangUp } from "./refusal-answer.ts";

/** Bytes that are read of a host at once. One buffer for each tunnel: it is read into again when the client has all of it. */
const READ_SIZE = 128 * 1024;

/**
 * Both ways of a tunnel, from socket to socket.
 * 1. Bytes are counted before they go on; exactly those that the quotas allow pass, in both directions together.
 * 2. Then both sides end: what was allowed still arrives, what comes after it is dropped.
 * 3. Neither side is read while the other does not take what was read.
 */
export class TunnelPump {
  readonly #try: EgressTry;
  readonly #client: Socket;
  readonly #clock: Clock;
  #host: Socket | undefined;
  #isCut = false;
  /** Of what the host sent, something is still in its buffer on the way to the client. */
  #isHeld = false;
  /** Bytes of the client wait for their quota; its end, when it comes meanwhile, waits for them. */
  #isWaiting = false;
  #hasClientEnded = false;

  constructor(attempt: EgressTry, client: Socket, clock: Clock) {
    this.#try = attempt;
    this.#client = client;
    this.#clock = clock;
  }

  /** For the connection to the host. */
  get onread(): OnReadOpts {
    const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
    return { buffer, callback: (size) => this.#received(buffer.subarray(0, size)) };
  }

  /** Until both sides have ended; the try ends when the host's connection is gone. `head` is what the client said before. */
  start({ socket: host, readsInto }: Reached, head: Buffer): void {
    const client = this.#client;
    this.#host = host;
    const forget = this.#try.onCut(() => host.destroy());
    host.on("error", (error: NodeJS.ErrnoException) => this.#hostFailed(error));
    host.on("end", () => this.#hostEnded());
    host.on("drain", () => this.#resumeClient());
    host.on("close", () => {
      forget();
      this.#try.end();
      client.destroySoon();
    });
    if (client.destroyed || host.destroyed) {
      host.destroy();
      return;
    }
    client.on("close", () => this.#clientClosed());
    client.on("end", () => this.#clientEnded());
    client.on("data", (chunk: Buffer) => this.#send(chunk));
    if (!readsInto) {
      host.on("data", (chunk: Buffer) => {
        if (!this.#received(chunk)) {
          host.pause();
        }
      });
    }
    client.resume();
    host.resume();
    if (head.length > 0) {
      this.#send(head);
    }
  }

  /** False when the host has to wait; then it is resumed as soon as it need not. */
  #received(chunk: Buffer): boolean {
    const { allowed, ready } = this.#try.take("in", chunk.length);
    if (ready === undefined) {
      return this.#deliver(chunk, allowed);
    }
    ready.then(
      () => (this.#deliver(chunk, allowed) ? this.#host?.resume() : undefined),
      (error: unknown) => this.#unrecorded(error),
    );
    return false;
  }

  #deliver(chunk: Buffer, allowed: number): boolean {
    const client = this.#client;
    if (client.destroyed || this.#host?.destroyed === true) {
      return false;
    }
    if (allowed > 0) {
      client.write(allowed < chunk.length ? chunk.subarray(0, allowed) : chunk, this.#flushed);
    }
    if (allowed < chunk.length) {
      this.#cut();
      return false;
    }
    // What the kernel took is out of the buffer; the rest is still in it.
    this.#isHeld = client.writableLength > 0;
    return !this.#isHeld;
  }

  readonly #flushed = (): void => {
    if (this.#isHeld && this.#client.writableLength === 0) {
      this.#isHeld = false;
      this.#host?.resume();
    }
  };

  #send(chunk: Buffer): void {
    const { allowed, ready } = this.#try.take("out", chunk.length);
    if (ready === undefined) {
      this.#forward(chunk, allowed);
      return;
    }
    this.#isWaiting = true;
    this.#client.pause();
    const goOn = (): void => {
      this.#isWaiting = false;
      this.#forward(chunk, allowed);
      this.#resumeClient();
      if (this.#hasClientEnded) {
        this.#clientEnded();
      }
    };
    ready.then(goOn, (error: unknown) => this.#unrecorded(error));
  }

  #forward(chunk: Buffer, allowed: number): void {
    const host = this.#host;
    if (host === undefined || host.destroyed || this.#isCut) {
      return;
    }
    if (allowed > 0 && !host.write(allowed < chunk.length ? chunk.subarray(0, allowed) : chunk)) {
      this.#client.pause();
    }
    if (allowed < chunk.length) {
      this.#cut();
    }
  }

  #resumeClient(): void {
    if (!this.#isWaiting && !this.#isCut && this.#host?.writableNeedDrain === false) {
      this.#client.resume();
    }
  }

  /** Nothing more is read of the host, and what was allowed goes out on both sides. */
  #cut(): void {
    if (!this.#isCut) {
      this.#isCut = true;
      this.#host?.pause();
      this.#host?.destroySoon();
      hangUp(this.#client, this.#clock);
    }
  }

  #clientEnded(): void {
    this.#hasClientEnded = true;
    if (!this.#isWaiting && !this.#isCut) {
      this.#host?.end();
    }
  }

  #clientClosed(): void {
    // What was allowed is still on its way.
    if (!this.#isCut) {
      this.#host?.destroy();
    }
  }

  #hostEnded(): void {
    if (!this.#isCut) {
      this.#client.end();
    }
  }

  #hostFailed(error: NodeJS.ErrnoException): void {
    // A client that hung up is no fault of the host's.
    if (!this.#client.destroyed && !this.#isCut) {
      this.#try.refuse("EGRESS_UPSTREAM", { problem: error.code ?? error.message });
    }
  }

  #unrecorded(error: unknown): void {
    this.#try.cut("EGRESS_RECORD", { problem: error instanceof Error ? error.message : String(error) });
  }
}
