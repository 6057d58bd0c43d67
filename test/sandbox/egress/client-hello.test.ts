import { once } from "node:events";
import { connect } from "node:tls";
import { Duplex } from "node:stream";
import fc from "fast-check";
import t from "tap";
import { HelloReader } from "#sandbox/egress/client-hello.ts";
import { helloBytes, recordsOf, serverName } from "./hello-bytes.ts";

type Read = ReturnType<HelloReader["push"]>;

function readAll(pieces: readonly Buffer[]): { readonly read: Read; readonly reader: HelloReader } {
  const reader = new HelloReader();
  let read: Read;
  for (const piece of pieces) {
    read = reader.push(piece);
    if (read !== undefined) {
      break;
    }
  }
  return { read, reader };
}

const one = (bytes: Buffer): Read => readAll([bytes]).read;
const refused = (code: string) => ({ kind: "refused", code });
const hello = (name: string | undefined) => ({ kind: "hello", serverName: name });

t.test("the hello of a real client is read", async (t) => {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      sent.push(chunk);
      done();
      wire.emit("sent");
    },
  });
  const client = connect({ socket: wire, servername: "A.example.test", ALPNProtocols: ["h2", "http/1.1"] });
  client.on("error", () => undefined);
  if (sent.length === 0) {
    await once(wire, "sent");
  }
  client.destroy();
  t.strictSame(one(Buffer.concat(sent)), hello("a.example.test"));
});

t.test("however a hello is cut into records and segments, it is read and nothing of it is lost", async () => {
  const message = helloBytes([serverName("a.test"), [0x2b, Buffer.from([2, 3, 4])], [21, Buffer.alloc(700)]]);
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, sizes, (records, segments) => {
      const bytes = recordsOf(message, records);
      const pieces: Buffer[] = [];
      for (let at = 0, next = 0; at < bytes.length; next += 1) {
        const size = segments[next % segments.length] ?? 1;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      const { read, reader } = readAll(pieces);
      return (
        read?.kind === "hello" &&
        read.serverName === "a.test" &&
        bytes.subarray(0, reader.bytes.length).equals(reader.bytes)
      );
    }),
  );
});

t.test("what stands behind the hello is kept for the host", async (t) => {
  const early = Buffer.concat([recordsOf(helloBytes([serverName("a.test")]), []), Buffer.from([23, 3, 3, 0, 1, 9])]);
  const { read, reader } = readAll([early]);
  t.equal(read?.kind, "hello");
  t.ok(reader.bytes.equals(early));
});

t.test("a hello without a name is one, with two names or a malformed one is none", async (t) => {
  const of = (...extensions: (readonly [number, Buffer])[]): Read => one(recordsOf(helloBytes(extensions), []));
  t.strictSame(of(), hello(undefined));
  t.strictSame(one(recordsOf(helloBytes(undefined), [])), hello(undefined), "no extensions at all");
  t.strictSame(of(serverName("a.test"), serverName("a.test")), refused("EGRESS_SNI"));
  const [type, data] = serverName("a.test");
  t.strictSame(of([type, Buffer.concat([data, Buffer.from([0])])]), refused("EGRESS_SNI"), "a byte too many");
  t.strictSame(of([type, data.subarray(0, -1)]), refused("EGRESS_SNI"), "a byte too few");
  t.strictSame(of([type, Buffer.alloc(0)]), refused("EGRESS_SNI"));
  t.strictSame(of(serverName("")), refused("EGRESS_SNI"));
  t.strictSame(of(serverName("a.test", 1)), refused("EGRESS_SNI"), "another kind of name");
  const two = Buffer.concat([data.subarray(2), data.subarray(2)]);
  t.strictSame(of([0, Buffer.concat([Buffer.from([0, two.length]), two])]), refused("EGRESS_SNI"), "two in one list");
  t.strictSame(of([5, Buffer.alloc(1)], [5, Buffer.alloc(1)]), refused("EGRESS_NOT_TLS"), "an extension twice");
});

t.test("an encrypted hello is refused, in all its forms", async (t) => {
  for (const type of [0xfe0d, 0xfd00, 0xffce]) {
    t.strictSame(
      one(recordsOf(helloBytes([serverName("a.test"), [type, Buffer.alloc(8)]]), [])),
      refused("EGRESS_ECH"),
      type.toString(16),
    );
  }
});

t.test("what is no TLS is refused as soon as it shows", async (t) => {
  const whole = recordsOf(helloBytes([serverName("a.test")]), []);
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = value;
    return copy;
  };
  t.strictSame(one(Buffer.from("G")), refused("EGRESS_NOT_TLS"));
  t.strictSame(one(Buffer.from("SSH-2.0-x")), refused("EGRESS_NOT_TLS"));
  t.strictSame(one(Buffer.from([22, 2])), refused("EGRESS_NOT_TLS"), "a version before SSL 3");
  t.strictSame(one(Buffer.from([22, 3, 1, 0, 0])), refused("EGRESS_NOT_TLS"), "an empty record");
  t.strictSame(one(Buffer.from([22, 3, 1, 0x40, 1])), refused("EGRESS_NOT_TLS"), "a record too large");
  t.strictSame(one(changed(5, 2)), refused("EGRESS_NOT_TLS"), "another message");
  t.strictSame(one(changed(6, 1)), refused("EGRESS_NOT_TLS"), "a message too large");
  t.strictSame(one(changed(8, (whole[8] ?? 0) - 1)), refused("EGRESS_NOT_TLS"), "something behind it in its record");
  t.strictSame(one(changed(43, 33)), refused("EGRESS_NOT_TLS"), "a session id too long");
  const [first, second] = [recordsOf(helloBytes([]), [10]), Buffer.from([23, 3, 3, 0, 1, 0])];
  t.strictSame(
    one(Buffer.concat([first.subarray(0, 15), second])),
    refused("EGRESS_NOT_TLS"),
    "another record between",
  );
  t.equal(one(whole.subarray(0, -1)), undefined, "one byte is missing");
});

t.test("no byte of a hello can be changed so that reading it throws, or goes on for ever", async () => {
  const whole = recordsOf(helloBytes([serverName("a.test"), [43, Buffer.from([2, 3, 4])]]), [40]);
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
      const copy = Buffer.from(whole);
      copy[at] = value;
      const read = one(copy);
      return read === undefined || read.kind === "hello" || read.code.startsWith("EGRESS_");
    }),
  );
});

t.test("a hello that never ends is refused at the bound", async (t) => {
  const message = Buffer.alloc(16_000);
  message.set([1, 0, 0x3f, 0xff]);
  const bytes = recordsOf(message, [1]);
  const reader = new HelloReader();
  let read: Read;
  let pushed = 0;
  for (; read === undefined && pushed < bytes.length; pushed += 1000) {
    read = reader.push(bytes.subarray(pushed, pushed + 1000));
  }
  t.strictSame(read, refused("EGRESS_NOT_TLS"));
  t.ok(pushed < 40_000, "at most 32 KiB and a chunk were taken");
});
