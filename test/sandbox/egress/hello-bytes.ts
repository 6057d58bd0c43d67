type Extension = readonly [type: number, data: Buffer];

function vector(size: 1 | 2, bytes: Buffer): Buffer {
  const head = Buffer.alloc(size);
  head.writeUIntBE(bytes.length, 0, size);
  return Buffer.concat([head, bytes]);
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

export function serverName(name: string, kind = 0): Extension {
  return [0, vector(2, Buffer.concat([Buffer.from([kind]), vector(2, Buffer.from(name))]))];
}

/** A ClientHello message with these extensions, or with none at all. */
export function helloBytes(extensions: readonly Extension[] | undefined): Buffer {
  const list = (extensions ?? []).map(([type, data]) => Buffer.concat([number16(type), vector(2, data)]));
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 1)),
    vector(2, Buffer.from([0x13, 0x01, 0x13, 0x02])),
    vector(1, Buffer.from([0])),
    ...(extensions === undefined ? [] : [vector(2, Buffer.concat(list))]),
  ]);
  const head = Buffer.alloc(4, 1);
  head.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([head, body]);
}

/** A handshake message in records of these sizes, again and again; in one record without any. */
export function recordsOf(message: Buffer, sizes: readonly number[]): Buffer {
  const records: Buffer[] = [];
  for (let at = 0, next = 0; at < message.length; next += 1) {
    const size = sizes.length === 0 ? message.length : (sizes[next % sizes.length] ?? 1);
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(records);
}
