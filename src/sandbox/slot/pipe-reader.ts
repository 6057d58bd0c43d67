import { closeSync, constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { systemCode } from "#fault/system-problem.ts";

/** One for all: what was read is copied or understood before anything else is read. */
const buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The reading end of a FIFO, for us, whether or not anybody has it open for writing. */
export class PipeReader {
  readonly #fd: number;
  #socket: Socket | undefined;
  #failure: Error | undefined;
  #isClosed = false;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /**
   * Has what comes handed over as it comes; the bytes are lent for the call. After an answer of false nothing more is
   * handed over until `goOn`. `ended` is called when there was a writer and none is left, or when this was closed.
   */
  listen(take: (bytes: Buffer) => boolean, ended: () => void = () => undefined): void {
    const callback = (count: number, bytes: Uint8Array): boolean => take(lent(bytes, count));
    const socket = new Socket({ fd: this.#fd, readable: true, writable: false, onread: { buffer, callback } });
    this.#socket = socket;
    socket.once("error", (error) => (this.#failure = error));
    socket.once("close", ended);
    socket.resume();
  }

  goOn(): void {
    this.#socket?.resume();
  }

  /** What is there now, lent until the next reading; undefined when that is nothing. Throws what kept it from being read. */
  read(): Buffer | undefined {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    // A socket that has met the end closes the descriptor, which may be another file's by now.
    if (this.#isClosed || this.#socket?.destroyed === true) {
      return undefined;
    }
    try {
      const count = readSync(this.#fd, buffer, 0, buffer.length, null);
      return count === 0 ? undefined : lent(buffer, count);
    } catch (error) {
      if (systemCode(error) === "EAGAIN") {
        return undefined;
      }
      throw error;
    }
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    if (this.#socket === undefined) {
      closeSync(this.#fd);
    } else {
      this.#socket.destroy();
    }
  }
}

function lent(bytes: Uint8Array, count: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, count);
}
