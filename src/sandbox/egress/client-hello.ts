import type { EgressCode } from "./codes.ts";

/** RFC 8446: sizes in bytes. No client sends a hello that is nearly this large, post-quantum keys included. */
const MOST_MESSAGE = 16 * 1024;
const MOST_BYTES = 32 * 1024;
const MOST_RECORD = 16 * 1024;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** encrypted_client_hello, ech_outer_extensions (RFC 9849), and the encrypted_server_name before them. */
const ENCRYPTED = new Set([0xfe_0d, 0xfd_00, 0xff_ce]);

type Refused = { readonly kind: "refused"; readonly code: EgressCode };
export type Hello = { readonly kind: "hello"; readonly serverName: string | undefined };

const notTls: Refused = { kind: "refused", code: "EGRESS_NOT_TLS" };
const badName: Refused = { kind: "refused", code: "EGRESS_SNI" };

/** Gathers a ClientHello that may come in any pieces: segments of TCP, records of TLS. Cost is linear in its bytes. */
export class HelloReader {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Where the next record begins. */
  #at = 0;
  readonly #fragments: Buffer[] = [];
  #message = 0;
  /** Of the message without its head of four bytes, once that is there. */
  #size: number | undefined;

  /** Everything that was pushed so far; what stands behind the hello belongs to the connection too. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Undefined while there is more to come: at most `MOST_BYTES` and one chunk are held. */
  push(chunk: Buffer): Hello | Refused | undefined {
    if (this.#length > MOST_BYTES) {
      return notTls;
    }
    if (this.#length + chunk.length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#length + chunk.length, 2 * this.#bytes.length));
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#length += chunk.copy(this.#bytes, this.#length);
    for (;;) {
      const found = this.#nextRecord();
      if (found !== "next") {
        return found;
      }
    }
  }

  #nextRecord(): Hello | Refused | "next" | undefined {
    const record = this.#bytes.subarray(this.#at, this.#length);
    if (record.length > 0 && record[0] !== HANDSHAKE) {
      return notTls;
    }
    if (record.length > 1 && record[1] !== 3) {
      return notTls;
    }
    if (record.length < 5) {
      return undefined;
    }
    const size = record.readUInt16BE(3);
    if (size === 0 || size > MOST_RECORD) {
      return notTls;
    }
    if (record.length < 5 + size) {
      return undefined;
    }
    this.#fragments.push(record.subarray(5, 5 + size));
    this.#message += size;
    this.#at += 5 + size;
    return this.#wholeMessage();
  }

  #wholeMessage(): Hello | Refused | "next" {
    if (this.#message < 4) {
      return "next";
    }
    this.#size ??= sizeOf(Buffer.concat(this.#fragments));
    if (this.#size > MOST_MESSAGE || this.#message > 4 + this.#size) {
      return notTls;
    }
    return this.#message < 4 + this.#size ? "next" : readHello(Buffer.concat(this.#fragments).subarray(4));
  }
}

/** Infinity for a message that is no ClientHello. */
function sizeOf(head: Buffer): number {
  return head[0] === CLIENT_HELLO ? head.readUIntBE(1, 3) : Infinity;
}

/** Reads numbers and vectors off bytes; throws past the end. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError("past the end");
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }

  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

/** RFC 8446, 4.1.2: every length must fit exactly, no extension may stand twice. */
function readHello(body: Buffer): Hello | Refused {
  try {
    const cursor = new Cursor(body);
    cursor.take(2 + 32);
    const session = cursor.vector(1);
    const suites = cursor.vector(2);
    const compressions = cursor.vector(1);
    if (session.length > 32 || suites.length < 2 || suites.length % 2 !== 0 || compressions.length === 0) {
      return notTls;
    }
    // Before TLS 1.2 a hello could end here.
    const extensions = new Cursor(cursor.isAtEnd ? Buffer.alloc(0) : cursor.vector(2));
    return cursor.isAtEnd ? readExtensions(extensions) : notTls;
  } catch {
    return notTls;
  }
}

function readExtensions(cursor: Cursor): Hello | Refused {
  const seen = new Set<number>();
  let serverName: string | undefined;
  while (!cursor.isAtEnd) {
    const type = cursor.number(2);
    const data = cursor.vector(2);
    if (ENCRYPTED.has(type)) {
      return { kind: "refused", code: "EGRESS_ECH" };
    }
    if (seen.has(type)) {
      return type === SERVER_NAME ? badName : notTls;
    }
    seen.add(type);
    if (type === SERVER_NAME) {
      serverName = readServerName(data);
      if (serverName === undefined) {
        return badName;
      }
    }
  }
  return { kind: "hello", serverName };
}

/** RFC 6066, 3: a list of exactly one host name. */
function readServerName(data: Buffer): string | undefined {
  try {
    const cursor = new Cursor(data);
    const list = new Cursor(cursor.vector(2));
    const type = list.number(1);
    const name = list.vector(2);
    const isWhole = cursor.isAtEnd && list.isAtEnd && type === 0 && name.length > 0;
    return isWhole ? name.toString("latin1").toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
