import type { Socket } from "node:net";
import type { RedactingStream } from "#port/secrets.ts";
import type { OutputBatch, OutputSink } from "#port/step-runner.ts";
import { LineBatcher } from "./line-batcher.ts";

/** How long a line may wait for company. */
const BATCH_MS = 100;
/** How much of the end of a stream is kept for the hint of a set-up that failed. */
const TAIL_CHARACTERS = 2000;

/** Counts what both streams of one attempt print; past the limit the rest is read and dropped. */
export class LogMeter {
  readonly #limit: number;
  readonly #onFull: () => void;
  #seen = 0;

  constructor(limit: number, onFull: () => void) {
    this.#limit = limit;
    this.#onFull = onFull;
  }

  /** True when something was dropped. */
  get isPast(): boolean {
    return this.#seen > this.#limit;
  }

  /** The part of the chunk that is within the limit. */
  admit(chunk: Uint8Array): Uint8Array {
    const room = Math.max(0, this.#limit - this.#seen);
    this.#seen += chunk.length;
    if (chunk.length > room) {
      this.#onFull();
      return chunk.subarray(0, room);
    }
    return chunk;
  }
}

type Part = Omit<OutputBatch, "stream">;

export type PumpPorts = {
  readonly source: Socket;
  readonly stream: OutputBatch["stream"];
  readonly redacting: RedactingStream;
  readonly meter: LogMeter;
  readonly sink: OutputSink;
};

/**
 * Carries one stream of a step to the sink: counted, redacted, cut into batches. The next bytes are read only after the
 * sink has taken the last ones, so a fast step waits in its write and memory stays flat.
 */
export class OutputPump {
  readonly #ports: PumpPorts;
  readonly #lines = new LineBatcher();
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #tail = "";
  #bytes = 0;
  #isDelivering = false;
  readonly done: Promise<void>;

  constructor(ports: PumpPorts) {
    this.#ports = ports;
    this.done = this.#carry();
  }

  /** The last redacted text of the stream. */
  get tail(): string {
    return this.#tail;
  }

  /** The bytes read so far while it waits for more; undefined while the sink holds it up. */
  get waitingAt(): number | undefined {
    return this.#isDelivering ? undefined : this.#bytes;
  }

  /** Waits no longer for more. */
  cut(): void {
    this.#ports.source.destroy();
  }

  async #carry(): Promise<void> {
    const { redacting, meter } = this.#ports;
    let whole: boolean;
    try {
      whole = await this.#readAll();
    } finally {
      clearTimeout(this.#timer);
    }
    // What the redactor still holds at a cut of ours may be the beginning of a secret whose end was dropped.
    await this.#deliver(whole && !meter.isPast ? redacting.end() : new Uint8Array());
    clearTimeout(this.#timer);
    await this.#inTurn(this.#lines.end());
  }

  /** Resolves when there is no more: false when that is because it was cut. */
  #readAll(): Promise<boolean> {
    const { source } = this.#ports;
    if (source.destroyed) {
      return Promise.resolve(false);
    }
    return new Promise((resolve, reject) => {
      source.on("readable", () => void this.#readOn());
      source.once("end", () => resolve(true));
      source.once("error", reject);
      source.once("close", () => resolve(false));
    });
  }

  /** Delivers what there is to read; an iterator over the stream would do the same, and cost every step more. */
  async #readOn(): Promise<void> {
    const { source, redacting, meter } = this.#ports;
    if (this.#isDelivering) {
      return;
    }
    try {
      for (let bytes = next(source); bytes !== undefined; bytes = next(source)) {
        this.#bytes += bytes.length;
        const delivered = this.#deliver(redacting.push(meter.admit(bytes)));
        if (delivered !== undefined) {
          this.#isDelivering = true;
          await delivered;
          this.#isDelivering = false;
        }
      }
    } catch (error) {
      source.destroy(error as Error);
    }
  }

  /** Undefined when nothing was ready to be sent. */
  #deliver(bytes: Uint8Array): Promise<unknown> | undefined {
    if (bytes.length === 0) {
      return undefined;
    }
    this.#timer ??= setTimeout(() => this.#flushLater(), BATCH_MS);
    const batches = this.#lines.push(bytes);
    return batches.length === 0 ? undefined : Promise.all(batches.map((batch) => this.#inTurn(batch)));
  }

  #flushLater(): void {
    this.#timer = undefined;
    // A sink that fails ends the reading, wherever that stands.
    this.#inTurn(this.#lines.flush()).catch((error: unknown) => this.#ports.source.destroy(error as Error));
  }

  /** Batches reach the sink one after the other; they are taken off the stream before they queue here. */
  #inTurn(part: Part | undefined): Promise<void> {
    this.#turn = this.#turn.then(() => this.#send(part));
    return this.#turn;
  }

  async #send(part: Part | undefined): Promise<void> {
    if (part !== undefined) {
      this.#tail = `${this.#tail}${part.lines.join("\n")}\n`.slice(-TAIL_CHARACTERS);
      await this.#ports.sink({ stream: this.#ports.stream, ...part });
    }
  }
}

function next(source: Socket): Uint8Array | undefined {
  return (source.read() as Uint8Array | null) ?? undefined;
}
