import { prints, type Attack } from "./attack.ts";
import { atMost, egressAttack, requests, rule } from "./egress-bait.ts";
import type { EgressRule } from "#plan/plan.ts";

const http = (port: number): readonly EgressRule[] => [rule("allowed.example", port, "http")];
const tcp = (port: number): readonly EgressRule[] => [rule("allowed.example", port, "tcp")];

/** By what is said to the proxy. */
export const messages: readonly Attack[] = [
  egressAttack({
    name: "reach another host of an allowed server by the Host of a request",
    rules: http,
    py: `
for host in (b"Host: other.example\\r\\n", HOST + HOST, HOST + b"Host: other.example\\r\\n", b"", b"Host: allowed.example\\r\\n", b"Host : x\\r\\n" + HOST):
    print(told(talk(b"GET " + URL + b" HTTP/1.1\\r\\n" + host + b"\\r\\n")))
peer = through(A)
peer.sendall(b"GET / HTTP/1.1\\r\\nHost: other.example\\r\\n\\r\\n")
print(told(rest(peer)))
peer = through(A)
peer.sendall(f"GET http://other.example:{PORT}/ HTTP/1.1\\r\\nHost: other.example:{PORT}\\r\\n\\r\\n".encode())
print(told(rest(peer)))
`,
    record: ["EGRESS_MALFORMED :0", "EGRESS_MALFORMED allowed.example ×7"],
    expect: prints(...Array.from({ length: 8 }, () => "400 EGRESS_MALFORMED")),
  }),
  egressAttack({
    name: "hide a request in one whose end is not clear",
    rules: http,
    py: `
inner = b"GET /smuggled HTTP/1.1\\r\\n" + HOST + b"\\r\\n"
post = b"POST " + URL + b" HTTP/1.1\\r\\n" + HOST
for head in (b"Content-Length: 5\\r\\nTransfer-Encoding: chunked", b"Content-Length: 5\\r\\nContent-Length: 6", b"Content-Length: 5, 5", b"Content-Length: +5", b"Content-Length: 0x5", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: chunked\\r\\nTransfer-Encoding: x", b"Transfer-Encoding : chunked", b"X: y\\r\\n Transfer-Encoding: chunked", b"X: y\\nContent-Length: 5", b"X: y\\rContent-Length: 5", b"Content-Length\\0: 5"):
    print(told(talk(post + head + b"\\r\\n\\r\\n0\\r\\n\\r\\n" + inner)))
`,
    record: ["EGRESS_MALFORMED :0 ×12", "EGRESS_MALFORMED allowed.example"],
    expect: prints(...Array.from({ length: 13 }, () => "400 EGRESS_MALFORMED")),
  }),
  egressAttack({
    name: "hide a request in the extensions or trailers of a chunked one",
    rules: http,
    py: `
post = b"POST " + URL + b" HTTP/1.1\\r\\nConnection: close\\r\\n" + HOST + b"Transfer-Encoding: chunked\\r\\n\\r\\n"
print(told(talk(post + b"3;smuggled=1\\r\\nabc\\r\\n0;smuggled\\r\\nX: smuggled\\r\\nHost: other.example\\r\\n\\r\\n")))
`,
    record: ["allowed allowed.example"],
    saw: requests("POST /"),
    expect: prints("200"),
  }),
  egressAttack({
    name: "hide a request behind a chunk of no clear size",
    rules: http,
    py: `
inner = b"GET /smuggled HTTP/1.1\\r\\n" + HOST + b"\\r\\n"
post = b"POST " + URL + b" HTTP/1.1\\r\\n" + HOST + b"Transfer-Encoding: chunked\\r\\n\\r\\n"
for size in (b"0x3\\r\\nabc", b"-1\\r\\nabc", b"fffffffffffffffff\\r\\nabc", b"3\\nabc", b" 3\\r\\nabc", b"3\\r\\nabcd", b"\\r\\n\\r\\n"):
    talk(post + size + b"\\r\\n" + inner)
print("held")
`,
    record: /^EGRESS_MALFORMED allowed\.example(?: ×\d)?\nallowed allowed\.example EGRESS_MALFORMED(?: ×\d)?$/,
    saw: ({ text, open }) => (/smuggled/.test(text) || open > 0 ? `the server saw ${text}` : undefined),
    expect: prints("held"),
  }),
  egressAttack({
    name: "change the protocol of a request",
    rules: http,
    py: `
for name in (b"websocket", b"h2c", b"TLS/1.0"):
    print(told(talk(b"GET " + URL + b" HTTP/1.1\\r\\n" + HOST + b"Connection: Upgrade, HTTP2-Settings\\r\\nHTTP2-Settings: AAMAAABk\\r\\nUpgrade: " + name + b"\\r\\n\\r\\n")))
print(told(talk(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")))
`,
    record: ["EGRESS_MALFORMED :0", "EGRESS_UPGRADE allowed.example ×3"],
    expect: prints("403 EGRESS_UPGRADE", "403 EGRESS_UPGRADE", "403 EGRESS_UPGRADE", "400 EGRESS_MALFORMED"),
  }),
  egressAttack({
    name: "have headers for the proxy passed on, or split a head by its path",
    rules: http,
    py: `
print(told(talk(b"GET " + URL + b"a%0d%0aX:%20smuggled HTTP/1.1\\r\\n" + HOST + b"Connection: close, X-Hop\\r\\nX-Hop: other.example\\r\\nProxy-Authorization: other.example\\r\\nTE: other.example\\r\\nKeep-Alive: other.example\\r\\n\\r\\n".replace(b"other.example", b"hop"))))
print(told(talk(b"GET " + URL + b"a\\rX: smuggled HTTP/1.1\\r\\n" + HOST + b"\\r\\n")))
`,
    record: ["EGRESS_MALFORMED :0", "allowed allowed.example"],
    saw: ({ text }) => (/hop|^X:/m.test(text) ? `the server saw ${text}` : undefined),
    expect: prints("200", "400 EGRESS_MALFORMED"),
  }),
  egressAttack({
    name: "bring the proxy down, or forge its record, by bytes that are no HTTP",
    rules: tcp,
    py: `
import random
chance = random.Random(7)
for number in range(40):
    talk(chance.randbytes(chance.randrange(1, 4000)) + b"\\r\\n\\r\\n")
print(told(talk(b'CONNECT a","decision":"allowed\\x1b[2J:1 HTTP/1.1\\r\\n\\r\\n')))
print(told(talk(b"GET " + URL + b" HTTP/1.1\\r\\nX: " + b"y" * 20000 + b"\\r\\n\\r\\n")))
through(A).close()
print("held")
`,
    record: ["EGRESS_MALFORMED :0 ×42", "allowed allowed.example"],
    saw: ({ connections, bytes }) => (connections === 1 && bytes === 0 ? undefined : "the server saw something"),
    expect: prints("400 EGRESS_MALFORMED", "400 EGRESS_MALFORMED", "held"),
  }),
];

/** By how much there is of it. */
export const amounts: readonly Attack[] = [
  egressAttack({
    name: "pass more bytes than its quota over many connections at once",
    rules: (port) => [rule("allowed.example", port, "tcp", { maxBytes: 100_000 })],
    py: `
def push(number):
    peer = begin(tunnel(A))
    if peer.recv(4096).startswith(b"HTTP/1.1 200"):
        try:
            for _ in range(50): peer.sendall(bytes(1000))
            peer.shutdown(socket.SHUT_WR)
        except OSError: pass
    rest(peer)
every(24, push)
print("held")
`,
    record: /^(?:(?:EGRESS_QUOTA_BYTES |allowed )allowed\.example(?: EGRESS_QUOTA_BYTES)?(?: ×\d+)?\n?)+$/,
    saw: atMost(100_000),
    expect: prints("held"),
  }),
  egressAttack({
    name: "pass more bytes than its quota in one body",
    rules: (port) => [rule("allowed.example", port, "http", { maxBytes: 100_000 })],
    py: `
peer = begin(b"POST " + URL + b" HTTP/1.1\\r\\n" + HOST + b"Content-Length: 5000000\\r\\n\\r\\n")
try: peer.sendall(bytes(5000000))
except OSError: pass
rest(peer)
print("held")
`,
    record: ["allowed allowed.example EGRESS_QUOTA_BYTES"],
    saw: atMost(100_000),
    expect: prints("held"),
  }),
  egressAttack({
    name: "make more requests than its quota at once",
    rules: (port) => [rule("allowed.example", port, "http", { maxRequests: 5 })],
    py: `
got = []
every(20, lambda number: got.append(told(talk(b"GET " + URL + b" HTTP/1.1\\r\\nConnection: close\\r\\n" + HOST + b"\\r\\n"))))
print(sorted(got))
`,
    record: ["EGRESS_QUOTA_REQUESTS allowed.example ×15", "allowed allowed.example ×5"],
    saw: requests(...Array.from({ length: 5 }, () => "GET /")),
    expect: prints(
      `[${[...Array.from({ length: 5 }, () => "'200'"), ...Array.from({ length: 15 }, () => "'429 EGRESS_QUOTA_REQUESTS'")].join(", ")}]`,
    ),
  }),
  egressAttack({
    name: "hold more sockets of the runner than it may by requests that never end",
    rules: http,
    py: `
held = [begin(b"GET " + URL + b" HTTP/1.1\\r\\nX: ") for _ in range(64)]
late = [begin(b"GET ") for _ in range(16)]
print({told(rest(peer)) for peer in late})
for peer in held: peer.sendall(b"y")
print("held")
`,
    record: /^(?:EGRESS_MALFORMED :0(?: ×\d+)?\n)?EGRESS_TOO_MANY :0 ×16$/,
    expect: prints("{'429 EGRESS_TOO_MANY'}", "held"),
  }),
  egressAttack({
    name: "flood the ledger with refused tries",
    rules: tcp,
    py: `
for number in range(1100): talk(tunnel(f"n{number % 2}.example:{PORT}"))
print("held")
`,
    record: ["EGRESS_DENIALS *:0", "EGRESS_DENIED n0.example ×500", "EGRESS_DENIED n1.example ×500"],
    expect: prints("held"),
  }),
  egressAttack({
    name: "leave a connection open when it ends",
    rules: tcp,
    py: `
peer = through(A)
peer.sendall(b"still here")
if os.fork() == 0:
    os.setsid()
    os.close(1)
    os.close(2)
    while True: time.sleep(1)
print("held", flush=True)
os._exit(0)
`,
    record: /^allowed allowed\.example(?: EGRESS_ENDED)?$/,
    saw: ({ open, text }) => (open === 0 && /^(?:still here)?$/.test(text) ? undefined : `${open} are open`),
    expect: prints("held"),
  }),
];
