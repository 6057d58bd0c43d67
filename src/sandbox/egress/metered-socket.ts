import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { EgressTry } from "./egress-try.ts";

/**
 * The connection to a host that HTTP is spoken on, through which every byte is counted before it goes on. It carries one
 * try after the other.
 * 1. Exactly the bytes that the quotas of its try allow pass, in both directions together.
 * 2. Then both directions end: what was allowed still arrives, what comes after it is dropped.
 * 3. Nothing is read while nobody takes it, and nothing is taken while the host does not read.
 * 4. While it carries no try, whatever comes from the host ends it.
 */
export class MeteredSocket extends Duplex {
  readonly #socket: Socket;
  #try: EgressTry | undefined;
  #forget: (() => void) | undefined;
  #isOver = false;
  #isCut = false;

  /** Takes over a connection that stands still. */
  constructor(socket: Socket, attempt: EgressTry) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.pause();
    socket.on("end", () => (this.#try === undefined ? this.destroy() : this.#endReading()));
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
    // What is on top of it (TLS) says what was wrong right after it was closed.
    this.on("close", () => process.nextTick(() => this.release()));
    this.carry(attempt);
  }

  /** From here on it is used for this try, and ends with it when that is cut. */
  carry(attempt: EgressTry): void {
    // Those of what it carried before; whoever uses it may stop listening before it is closed.
    this.removeAllListeners("error");
    this.on("error", () => undefined);
    this.#try = attempt;
    this.#forget = attempt.onCut(() => {
      this.#socket.destroy();
      this.destroy();
    });
  }

  /** Takes the try off it, which goes on elsewhere. */
  detach(): EgressTry | undefined {
    const carried = this.#try;
    this.#forget?.();
    this.#try = undefined;
    return carried;
  }

  /** Ends the try. True when the connection may carry another one. */
  release(): boolean {
    const ended = this.detach();
    ended?.end();
    return ended !== undefined && ended.fault === undefined && !this.#isOver && !this.destroyed;
  }

  override _read(): void {
    this.#socket.resume();
  }

  #receive(chunk: Buffer): void {
    if (this.#try === undefined) {
      // An answer that nobody asked for.
      this.destroy();
      return;
    }
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
    if (this.#isCut || this.#try === undefined) {
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
    this.#try?.refuse("EGRESS_RECORD", { problem: problem.message });
    if (done === undefined) {
      this.destroy(problem);
    } else {
      done(problem);
    }
  }
}
