import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { EgressTry } from "./egress-try.ts";

/**
 * The connection to a host, through which every byte is counted before it goes on.
 * 1. Exactly the bytes that the quotas allow pass, in both directions together.
 * 2. Then both directions end: what was allowed still arrives, what comes after it is dropped.
 * 3. Nothing is read while nobody takes it, and nothing is taken while the host does not read.
 */
export class MeteredSocket extends Duplex {
  readonly #socket: Socket;
  readonly #try: EgressTry;
  #isOver = false;
  #isCut = false;

  constructor(socket: Socket, attempt: EgressTry) {
    super({ allowHalfOpen: true });
    // Whoever uses it may stop listening before it is closed.
    this.on("error", () => undefined);
    this.#socket = socket;
    this.#try = attempt;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.pause();
    socket.on("end", () => this.#endReading());
    socket.on("error", (error) => {
      if (!this.#isCut) {
        this.destroy(error);
      }
    });
    socket.on("close", () => {
      if (!this.#isOver) {
        this.destroy();
      }
    });
    attempt.onCut(() => {
      socket.destroy();
      this.destroy();
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  #receive(chunk: Buffer): void {
    const { allowed, ready } = this.#try.take("in", chunk.length);
    const deliver = (): void => {
      if (!this.#isOver && !this.destroyed) {
        if (allowed > 0 && !this.push(allowed < chunk.length ? chunk.subarray(0, allowed) : chunk)) {
          this.#socket.pause();
        }
        this.#afterTaking(allowed, chunk.length);
      }
    };
    if (ready === undefined) {
      deliver();
      return;
    }
    this.#socket.pause();
    const resume = (): void => {
      this.#socket.resume();
      deliver();
    };
    ready.then(resume, (error: unknown) => this.#failed(error));
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isCut) {
      done();
      return;
    }
    const { allowed, ready } = this.#try.take("out", chunk.length);
    const send = (): void => {
      const part = allowed < chunk.length ? chunk.subarray(0, allowed) : chunk;
      if (allowed === 0 || this.#socket.destroyed) {
        this.#afterTaking(allowed, chunk.length);
        done();
        return;
      }
      this.#socket.write(part, done);
      this.#afterTaking(allowed, chunk.length);
    };
    if (ready === undefined) {
      send();
    } else {
      ready.then(send, (error: unknown) => this.#failed(error, done));
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isCut || this.#socket.destroyed) {
      done();
    } else {
      this.#socket.end(() => done());
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#isOver = true;
    if (this.#isCut && !this.#socket.destroyed) {
      // What was allowed is still on its way.
      this.#socket.once("close", () => done(error));
    } else {
      this.#socket.destroy();
      done(error);
    }
  }

  #afterTaking(allowed: number, asked: number): void {
    if (allowed < asked && !this.#isCut) {
      this.#isCut = true;
      this.#socket.pause();
      this.#socket.destroySoon();
      this.#endReading();
    }
  }

  #endReading(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.push(null);
    }
  }

  #failed(error: unknown, done?: (error: Error) => void): void {
    const problem = error instanceof Error ? error : new Error(String(error));
    this.#try.refuse("EGRESS_RECORD", { problem: problem.message });
    if (done === undefined) {
      this.destroy(problem);
    } else {
      done(problem);
    }
  }
}
