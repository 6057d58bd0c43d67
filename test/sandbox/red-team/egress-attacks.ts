import { prints, type Attack } from "./attack.ts";
import { egressAttack, requests, rule } from "./egress-bait.ts";
import { amounts, messages } from "./egress-messages.ts";
import { textOf, type Rig } from "../sandbox-rig.ts";
import type { EgressRule } from "#plan/plan.ts";

const http = (port: number): readonly EgressRule[] => [rule("allowed.example", port, "http")];
const tls = (port: number): readonly EgressRule[] => [rule("allowed.example", port, "tls")];
const tcp = (port: number): readonly EgressRule[] => [rule("allowed.example", port, "tcp")];

/** A step beside it with a way out of its own, which listens wherever it can. */
async function neighbour(rig: Rig, port: number): Promise<() => Promise<string | undefined>> {
  const script = `/usr/bin/python3 -u -c '
import socket, time
a = socket.create_server(("127.0.0.1", 4478))
print("ready")
a.accept()
print("reached")
'`;
  const prepared = await rig.prepare({ script, egress: tcp(port), stepId: "neighbour" });
  const ready = Promise.withResolvers<void>();
  let said = "";
  const ended = prepared.start((batch) => {
    said += textOf([batch]);
    ready.resolve();
    return Promise.resolve();
  });
  await Promise.race([ready.promise, ended]);
  return async () => {
    prepared.stop({ now: true });
    const { egress } = await ended;
    return said === "ready\n" && egress?.requests === 0 ? undefined : `the step beside it says ${said}`;
  };
}

/** A step with a way out that was there before, and has ended. */
async function before(rig: Rig, port: number): Promise<() => Promise<string | undefined>> {
  const { outcome } = await rig.run({ script: "true", egress: tcp(port), stepId: "before" });
  return () => Promise.resolve(outcome.kind === "succeeded" ? undefined : outcome.kind);
}

const unasked: readonly Attack[] = [
  egressAttack({
    name: "reach a host by ignoring the proxy that it was told of",
    rules: tcp,
    py: `
for family, to in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET6, ("::1", PORT)), (socket.AF_INET, ("192.0.2.1", PORT)), (socket.AF_INET6, ("::ffff:192.0.2.1", PORT))):
    print(answer(lambda: socket.socket(family).connect(to)))
try: print("won", socket.getaddrinfo("allowed.example", PORT))
except socket.gaierror: print("held")
`,
    record: [],
    expect: prints("ECONNREFUSED", "ECONNREFUSED", "ENETUNREACH", "ENETUNREACH", "held"),
  }),
  egressAttack({
    name: "reach a host with a client that is told to go there directly",
    rules: http,
    py: `
import subprocess
for options in (["--noproxy", "*"], ["--proxy", ""], ["--noproxy", "*", "--resolve", f"allowed.example:{PORT}:127.0.0.1"]):
    print(subprocess.run(["curl", "-s", *options, f"http://{A}/"]).returncode)
`,
    record: [],
    expect: { stdout: /^6\n6\n7\n$/ },
  }),
  egressAttack({
    name: "listen on the port of the proxy in its place",
    rules: tcp,
    py: `
for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        peer = socket.socket(family)
        if option: peer.setsockopt(socket.SOL_SOCKET, option, 1)
        print(answer(lambda: (peer.bind((host, 3128)), peer.listen())))
`,
    record: [],
    expect: prints(...Array.from({ length: 9 }, () => "EADDRINUSE")),
  }),
  egressAttack({
    name: "take the socket of the proxy from another process",
    rules: tcp,
    py: `
held = [f"{pid} {fd}" for pid in os.listdir("/proc") if pid.isdigit() for fd in (os.listdir(f"/proc/{pid}/fd") if os.access(f"/proc/{pid}/fd", os.R_OK) else []) if os.path.exists(f"/proc/{pid}/fd/{fd}") and os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")]
print(held)
pidfd = libc.syscall(NUMBERS["pidfd_open"][COLUMN], 1, 0)
print({call("pidfd_getfd", pidfd if pidfd >= 0 else 0, fd, 0) for fd in range(64)} <= {"EPERM", "EBADF", "ENOSYS"})
`,
    record: [],
    expect: prints("[]", "True"),
  }),
  egressAttack({
    name: "trace process 1, which opened the way out, or read its memory",
    rules: tcp,
    py: `
print(call("ptrace", 16, 1, 0, 0), call("ptrace", 0x4206, 1, 0, 0), call("process_vm_readv", 1, 0, 0, 0, 0, 0))
print(answer(lambda: os.open("/proc/1/mem", os.O_RDWR)) in ("EACCES", "EPERM"))
`,
    record: [],
    expect: prints("EPERM EPERM EPERM", "True"),
  }),
  egressAttack({
    name: "reach what listens in another step's namespace, or that step's proxy",
    rules: () => [rule("127.0.0.1", 4478, "tcp"), rule("127.0.0.1", 3128, "tcp")],
    beside: neighbour,
    py: `
print(answer(lambda: socket.socket().connect(("127.0.0.1", 4478))))
for port in (4478, 3128): print(told(talk(tunnel(f"127.0.0.1:{port}"))))
`,
    record: ["allowed 127.0.0.1:3128 EGRESS_UPSTREAM", "allowed 127.0.0.1:4478 EGRESS_UPSTREAM"],
    expect: prints("ECONNREFUSED", "502 EGRESS_UPSTREAM", "502 EGRESS_UPSTREAM"),
  }),
  egressAttack({
    name: "use the way out of a step that has ended",
    rules: () => [],
    beside: before,
    py: `print(answer(lambda: socket.socket().connect(("127.0.0.1", 3128))))`,
    record: [],
    expect: prints("ECONNREFUSED"),
  }),
];

const targets: readonly Attack[] = [
  egressAttack({
    name: "reach a host or a port that no rule names",
    rules: tcp,
    py: `
for target in (f"other.example:{PORT}", "allowed.example:1", f"sub.allowed.example:{PORT}", f"example:{PORT}", f"notallowed.example:{PORT}", "169.254.169.254:80", f"127.0.0.1:{PORT}", f"[::1]:{PORT}"):
    print(told(talk(tunnel(target))))
print(told(talk(f"GET http://other.example:{PORT}/ HTTP/1.1\\r\\nHost: other.example:{PORT}\\r\\n\\r\\n".encode())))
`,
    record: [
      "EGRESS_DENIED 127.0.0.1",
      "EGRESS_DENIED 169.254.169.254:80",
      "EGRESS_DENIED ::1",
      "EGRESS_DENIED allowed.example:1",
      "EGRESS_DENIED example",
      "EGRESS_DENIED notallowed.example",
      "EGRESS_DENIED other.example ×2",
      "EGRESS_DENIED sub.allowed.example",
    ],
    expect: prints(...Array.from({ length: 9 }, () => "403 EGRESS_DENIED")),
  }),
  egressAttack({
    name: "reach loopback by other spellings of an address",
    rules: tcp,
    py: `
for host in ("127.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "0", "localhost", "localhost.", "LOCALHOST"):
    reply = told(talk(tunnel(f"{host}:{PORT}")))
    print("held" if reply in ("403 EGRESS_DENIED", "400 EGRESS_MALFORMED") else "won " + host + reply)
`,
    record: [
      "EGRESS_DENIED 0.0.0.0",
      "EGRESS_DENIED 127.0.0.1 ×6",
      "EGRESS_DENIED ::1",
      "EGRESS_DENIED ::ffff:7f00:1 ×2",
      "EGRESS_DENIED localhost ×3",
    ],
    expect: prints(...Array.from({ length: 13 }, () => "held")),
  }),
  egressAttack({
    name: "name a host in a way that two readers read differently",
    rules: tcp,
    py: `
for host in ("allowed.example@127.0.0.1", "127.0.0.1#allowed.example", "127.0.0.1?allowed.example", "127.0.0.1/allowed.example", "allowed.example%00.other.example", "allowed%2eexample", "[fe80::1%lo]", "[fe80::1%25lo]", "*.example", "allowed.example..", "", "allowed.example:80", "127.0.0.1\\\\allowed.example"):
    reply = told(talk(tunnel(f"{host}:{PORT}")))
    print("held" if reply in ("403 EGRESS_DENIED", "400 EGRESS_MALFORMED") else "won " + host + reply)
`,
    record: [
      "EGRESS_MALFORMED *.example:0",
      "EGRESS_MALFORMED 127.0.0.1:0 ×3",
      "EGRESS_MALFORMED :0 ×3",
      "EGRESS_MALFORMED [fe80::1%25lo]:0",
      "EGRESS_MALFORMED [fe80::1%lo]:0",
      "EGRESS_MALFORMED allowed%2eexample:0",
      "EGRESS_MALFORMED allowed.example%00.other.example:0",
      "EGRESS_MALFORMED allowed.example..:0",
      "EGRESS_MALFORMED allowed.example:80:0",
    ],
    expect: prints(...Array.from({ length: 13 }, () => "held")),
  }),
  egressAttack({
    name: "be recorded under another name by spelling an allowed one differently",
    rules: tcp,
    py: `
for host in ("ALLOWED.Example", "allowed.example."):
    peer = through(f"{host}:{PORT}")
    peer.close()
print("held")
`,
    record: ["allowed allowed.example ×2"],
    saw: ({ connections, bytes }) => (connections === 2 && bytes === 0 ? undefined : `${connections} connections`),
    expect: prints("held"),
  }),
  egressAttack({
    name: "pass a look-alike in another script for an allowed name",
    rules: tcp,
    py: `
for host in ("\\u0430llowed.example", "xn--llowed-3nf.example", "allowed.ex\\u0430mple", "allowed\\u2024example", "allowed.example\\u200b"):
    reply = told(talk(tunnel(f"{host}:{PORT}")))
    print("held" if reply[:3] in ("403", "400") else "open " + reply)
`,
    record: ["EGRESS_DENIED xn--llowed-3nf.example", "EGRESS_MALFORMED :0 ×4"],
    expect: prints("held", "held", "held", "held", "held"),
  }),
  egressAttack({
    name: "reach private networks, loopback or metadata by names that lead there",
    rules: (port) => [
      ...["private", "loopback", "mapped"].map((name) => rule(`${name}.example`, port, "tcp", { allowPrivate: false })),
      rule("metadata.example", port, "http"),
    ],
    py: `
for name in ("private", "loopback", "mapped", "metadata"):
    print(told(talk(tunnel(f"{name}.example:{PORT}") if name != "metadata" else f"GET http://metadata.example:{PORT}/latest HTTP/1.1\\r\\nHost: metadata.example:{PORT}\\r\\n\\r\\n".encode())))
`,
    record: ["loopback", "mapped", "metadata", "private"].map((name) => `EGRESS_ADDRESS ${name}.example`),
    expect: prints(...Array.from({ length: 4 }, () => "403 EGRESS_ADDRESS")),
  }),
  egressAttack({
    name: "go on over an open connection when its host's name leads elsewhere",
    rules: (port) => [rule("turning.example", port, "http")],
    py: `
ask = f"GET http://turning.example:{PORT}/ HTTP/1.1\\r\\nHost: turning.example:{PORT}\\r\\n\\r\\n".encode()
peer = begin(ask)
print(peer.recv(65536)[9:12].decode())
time.sleep(0.05)
peer.sendall(ask)
print(told(rest(peer)))
`,
    record: ["EGRESS_ADDRESS turning.example", "allowed turning.example"],
    saw: requests("GET /"),
    expect: prints("200", "403 EGRESS_ADDRESS"),
  }),
];

const tunnels: readonly Attack[] = [
  egressAttack({
    name: "ask an allowed server for another host by TLS",
    rules: tls,
    py: `
for name in ("other.example", "sub.allowed.example", "allowed.example.other.example"):
    peer = through(A)
    peer.sendall(hello(name))
    print(list(rest(peer)[:7]))
`,
    record: ["EGRESS_SNI allowed.example ×3"],
    expect: prints(...Array.from({ length: 3 }, () => "[21, 3, 3, 0, 2, 2, 112]")),
  }),
  egressAttack({
    name: "keep back the name of the server that it asks for",
    rules: tls,
    py: `
peer = through(A)
peer.sendall(hello(None))
print(list(rest(peer)[:7]))
`,
    record: ["EGRESS_SNI allowed.example"],
    expect: prints("[21, 3, 3, 0, 2, 2, 112]"),
  }),
  egressAttack({
    name: "encrypt the name of the server that it asks for",
    rules: tls,
    py: `
def add(record, kind, data):
    body = bytearray(record[9:])
    at = 34 + 1 + body[34]
    at += 2 + int.from_bytes(body[at:at + 2], "big")
    at += 1 + body[at]
    size = int.from_bytes(body[at:at + 2], "big")
    more = kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data
    body[at:at + 2] = (size + len(more)).to_bytes(2, "big")
    body += more
    return record[:3] + (len(body) + 4).to_bytes(2, "big") + b"\\1" + len(body).to_bytes(3, "big") + bytes(body)
for kind in (0xfe0d, 0xffce):
    peer = through(A)
    peer.sendall(add(hello("allowed.example"), kind, bytes(32)))
    print(list(rest(peer)[:7]))
`,
    record: ["EGRESS_ECH allowed.example ×2"],
    expect: prints("[21, 3, 3, 0, 2, 2, 49]", "[21, 3, 3, 0, 2, 2, 49]"),
  }),
  egressAttack({
    name: "speak something else than TLS in a tunnel for TLS",
    rules: tls,
    py: `
for said in (b"SSH-2.0-x\\r\\n", b"GET / HTTP/1.1\\r\\n\\r\\n", b"\\x15\\3\\3\\0\\2\\1\\0", b"\\x16\\2\\0\\0\\5hello", b"\\x16\\3\\1\\0\\0", bytes(64), hello("allowed.example")[:40] + bytes(4000)):
    peer = through(A)
    peer.sendall(said)
    peer.shutdown(socket.SHUT_WR)
    rest(peer)
print("held")
`,
    record: ["EGRESS_NOT_TLS allowed.example ×7"],
    expect: prints("held"),
  }),
  egressAttack({
    name: "open a tunnel inside a tunnel",
    rules: http,
    py: `
for target in (A, f"other.example:{PORT}"):
    peer = through(A)
    peer.sendall(tunnel(target))
    print(told(rest(peer)))
`,
    record: ["EGRESS_UPGRADE allowed.example ×2"],
    expect: prints("403 EGRESS_UPGRADE", "403 EGRESS_UPGRADE"),
  }),
];

/** What a step with a way out may try to get more of the network than its rules say; each is looked at from both sides. */
export const egressAttacks: readonly Attack[] = [...unasked, ...targets, ...tunnels, ...messages, ...amounts];
