import type { RedactingStream, Redactor } from "#port/secrets.ts";
import type { OutputBatch, OutputSink } from "#port/step-runner.ts";
import { LineBatcher } from "./line-batcher.ts";
import type { PipeReader } from "./slot/pipe-reader.ts";

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
  readonly source: PipeReader;
  readonly stream: OutputBatch["stream"];
  readonly redactor: Pick<Redactor, "stream">;
  readonly meter: LogMeter;
  readonly sink: OutputSink;
  /** Called when the sink refuses a batch: nobody takes what the stream still brings. */
  readonly onRefusal: () => void;
};

/**
 * Carries one stream of a step to the sink: counted, redacted, cut into batches. The next bytes are read only after the
 * sink has taken the last ones, so a fast step waits in its write and memory stays flat.
 */
export class OutputPump {
  readonly #ports: PumpPorts;
  readonly #lines = new LineBatcher();
  /** There from the first bytes on: many a stream brings none. */
  #redacting: RedactingStream | undefined;
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #tail = "";

  constructor(ports: PumpPorts) {
    this.#ports = ports;
  }

  /** The last redacted text of the stream. */
  get tail(): string {
    return this.#tail;
  }

  /**
   * From now on what comes is carried as it comes; until then it waits in the pipe. Where that cannot be, nobody takes what
   * the stream brings, and the reason is met at the end.
   */
  listen(): void {
    const { source } = this.#ports;
    const goOn = (): void => source.goOn();
    const take = (bytes: Buffer): boolean => {
      const taken = this.#take(bytes);
      // A refusal is met at the end; until then what comes is dropped.
      taken?.then(goOn, goOn);
      return taken === undefined;
    };
    try {
      source.listen(take);
    } catch (error) {
      this.#refuse(error).catch(() => undefined);
    }
  }

  /** Carries the rest. To be called when nothing can write any more; fails as the sink has failed. */
  async finish(): Promise<void> {
    const { source, meter } = this.#ports;
    try {
      for (let bytes = source.read(); bytes !== undefined; bytes = source.read()) {
        await this.#take(bytes);
      }
      // What the redactor still holds at the limit may be the beginning of a secret whose end was dropped.
      await this.#deliver(meter.isPast ? new Uint8Array() : (this.#redacting?.end() ?? new Uint8Array()));
    } finally {
      this.drop();
    }
    await this.#inTurn(this.#lines.end());
  }

  /** Sends nothing more by itself. */
  drop(): void {
    clearTimeout(this.#timer);
  }

  /** Undefined when nothing was ready to be sent. What goes wrong is met at the end, as a refusal is. */
  #take(bytes: Uint8Array): Promise<unknown> | undefined {
    const { redactor, meter } = this.#ports;
    try {
      this.#redacting ??= redactor.stream();
      return this.#deliver(this.#redacting.push(meter.admit(bytes)));
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(problem: unknown): Promise<void> {
    return this.#queue(() => Promise.reject(problem));
  }

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
    // A refusal is met at the end.
    this.#inTurn(this.#lines.flush()).catch(() => undefined);
  }

  /** Batches reach the sink one after the other; they are taken off the pipe before they queue here. */
  #inTurn(part: Part | undefined): Promise<void> {
    return this.#queue(() => this.#send(part));
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    this.#turn.catch(() => this.#ports.onRefusal());
    return this.#turn;
  }

  async #send(part: Part | undefined): Promise<void> {
    if (part !== undefined) {
      this.#tail = `${this.#tail}${part.lines.join("\n")}\n`.slice(-TAIL_CHARACTERS);
      await this.#ports.sink({ stream: this.#ports.stream, ...part });
    }
  }
}
