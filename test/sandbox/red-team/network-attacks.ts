import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { held, none, prints, type Attack, type Bait } from "./attack.ts";
import type { Rig } from "../sandbox-rig.ts";

/** A server on the host that nobody may reach; `env` says where it listens. */
async function server(
  where: { readonly host: string; readonly port: 0 } | { readonly path: string },
  env: (port: number) => Readonly<Record<string, string>>,
): Promise<Bait> {
  let reached = 0;
  const listening: Server = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    listening.once("error", reject);
    listening.listen(where, resolve);
  });
  const address = listening.address();
  return {
    env: env(typeof address === "object" ? (address?.port ?? 0) : 0),
    damage: () => (reached === 0 ? undefined : "the server was reached"),
    remove: () => void listening.close(),
  };
}

async function datagrams(): Promise<Bait> {
  let reached = 0;
  const socket = createSocket("udp4", () => (reached += 1));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    env: { PORT: String(socket.address().port) },
    damage: () => (reached === 0 ? undefined : "a datagram arrived"),
    remove: () => void socket.close(),
  };
}

/** A step beside it that listens wherever a step can. */
async function listener(rig: Rig): Promise<Bait> {
  const text = `python3 -u -c '
import socket, time
a = socket.create_server(("127.0.0.1", 4477)); b = socket.socket(socket.AF_UNIX); b.bind(b"\\0red-team"); b.listen()
print("ready")
a.accept()
print("reached")
time.sleep(4021)
'`;
  const prepared = await rig.prepare({ script: text });
  let said = "";
  let ready: () => void = () => undefined;
  const listens = new Promise<void>((resolve) => (ready = resolve));
  const ended = prepared.start((batch) => {
    said += batch.lines.join("\n");
    ready();
    return Promise.resolve();
  });
  await Promise.race([listens, ended]);
  return {
    damage: () => (said === "ready" ? undefined : `the other step says ${said}`),
    remove: async () => {
      prepared.stop({ now: true });
      await ended;
    },
  };
}

const connect = (family: string, address: string): string => `
import socket
peer = socket.socket(socket.${family})
peer.settimeout(5)
print(answer(lambda: peer.connect(${address})))
`;

/** An address of this host that others could reach, or one that nobody has. */
const outside = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

export const networkAttacks: readonly Attack[] = [
  {
    name: "see a network interface but its own loopback",
    sh: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | tr '\\n' ' ' | grep -qx 'lo ' && echo held",
    expect: held,
  },
  {
    name: "reach a port of the host's loopback",
    bait: () => server({ host: "127.0.0.1", port: 0 }, (port) => ({ PORT: String(port) })),
    py: connect("AF_INET", '("127.0.0.1", int(os.environ["PORT"]))'),
    expect: prints("ECONNREFUSED"),
  },
  {
    name: "reach a port of the host's loopback with a shell",
    bait: () => server({ host: "127.0.0.1", port: 0 }, (port) => ({ PORT: String(port) })),
    bash: none(
      'exec 3<>"/dev/tcp/127.0.0.1/$PORT"',
      'exec 3<>"/dev/tcp/localhost/$PORT"',
      'exec 3<>"/dev/tcp/0.0.0.0/$PORT"',
    ),
    expect: held,
  },
  {
    name: "reach a port of the host at its own address",
    bait: () => server({ host: "0.0.0.0", port: 0 }, (port) => ({ PORT: String(port), HOST: outside ?? "192.0.2.1" })),
    py: connect("AF_INET", '(os.environ["HOST"], int(os.environ["PORT"]))'),
    expect: prints("ENETUNREACH"),
  },
  {
    name: "send a datagram to the host",
    bait: datagrams,
    py: `
import socket
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(answer(lambda: peer.sendto(b"x", ("192.0.2.1", 9))))
peer.sendto(b"x", ("127.0.0.1", int(os.environ["PORT"])))
print("held")
`,
    expect: prints("ENETUNREACH", "held"),
  },
  {
    name: "reach IPv6, link-local or mapped",
    py: `
import socket
for address in ("2001:db8::1", "fe80::1%lo", "::ffff:192.0.2.1", "ff02::1"):
    peer = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    info = socket.getaddrinfo(address, 53, socket.AF_INET6, socket.SOCK_DGRAM)[0][4]
    print("held" if answer(lambda: peer.connect(info)) in ("ENETUNREACH", "EADDRNOTAVAIL", "EINVAL") else "won " + address)
`,
    expect: { stdout: /^(?:held\n){4}$/ },
  },
  {
    name: "reach the metadata service of a cloud",
    py: connect("AF_INET", '("169.254.169.254", 80)'),
    expect: prints("ENETUNREACH"),
  },
  {
    name: "resolve a name",
    py: `
import socket
try:
    print("won", socket.getaddrinfo("example.com", 80))
except socket.gaierror:
    print("held")
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(answer(lambda: peer.connect(("9.9.9.9", 53))))
`,
    expect: prints("held", "ENETUNREACH"),
  },
  {
    name: "reach an abstract socket of the host",
    bait: () => {
      const name = `packrun-red-team-${process.pid}`;
      return server({ path: `\0${name}` }, () => ({ NAME: name }));
    },
    py: connect("AF_UNIX", 'b"\\0" + os.environ["NAME"].encode()'),
    expect: prints("ECONNREFUSED"),
  },
  {
    name: "reach a named socket of the host",
    bait: (rig) =>
      server({ path: join(rig.scratch, "host.socket") }, () => ({ NAME: join(rig.scratch, "host.socket") })),
    py: connect("AF_UNIX", 'os.environ["NAME"]'),
    expect: prints("ENOENT"),
  },
  {
    name: "reach the daemons that listen on sockets in /run",
    sh: none(
      "[ -e /run/docker.sock ]",
      "[ -e /var/run/docker.sock ]",
      "[ -e /run/dbus ]",
      "[ -e /run/systemd ]",
      "[ -e /run/containerd ]",
      "[ -e /tmp/.X11-unix ]",
      '[ -n "${SSH_AUTH_SOCK-}" ]',
    ),
    expect: held,
  },
  {
    name: "talk to a step beside it",
    bait: listener,
    py: `${connect("AF_INET", '("127.0.0.1", 4477)')}${connect("AF_UNIX", 'b"\\0red-team"')}`,
    expect: prints("ECONNREFUSED", "ECONNREFUSED"),
  },
  {
    name: "use raw sockets or ping",
    py: `
import socket
for family, kind, protocol in ((2, socket.SOCK_RAW, 1), (2, socket.SOCK_RAW, 255), (10, socket.SOCK_RAW, 58), (2, socket.SOCK_DGRAM, 1), (17, socket.SOCK_RAW, 0x300)):
    print(answer(lambda: socket.socket(family, kind, protocol)))
`,
    expect: { stdout: /^(?:EPERM|EACCES)\n(?:EPERM|EACCES)\n(?:EPERM|EACCES)\n(?:EPERM|EACCES)\nEAFNOSUPPORT\n$/ },
  },
  {
    name: "change its network by netlink",
    py: `
import socket, struct
route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
def ask(kind, body, flags=5):
    route.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    code = struct.unpack_from("=i", route.recv(65536), 16)[0]
    return name_of(-code) if code else "won"
link_up = struct.pack("=BBHiII", 0, 0, 0, 1, 0, 1)
new_link = struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0) + struct.pack("=HHHH", 12, 18 | 0x8000, 10, 1) + b"dummy\\0\\0\\0"
address = struct.pack("=BBBBi", 2, 8, 0, 0, 1) + struct.pack("=HH4s", 8, 2, bytes((10, 9, 8, 7)))
print(ask(16, link_up), ask(16, new_link, 0x605), ask(20, address, 0x605))
`,
    expect: prints("EPERM EPERM EPERM"),
  },
  {
    name: "listen to the host's kernel by netlink",
    py: `
import socket, struct
def silent(protocol, groups, message):
    try:
        peer = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        peer.settimeout(0.2)
        peer.bind((0, groups))
        if message: peer.send(message)
        got = peer.recv(65536)
        return struct.unpack_from("=H", got, 4)[0] == 2 and struct.unpack_from("=i", got, 16)[0] != 0
    except OSError:
        return True
audit = struct.pack("=IHHII", 16, 1000, 5, 1, 0)
print(silent(9, 0, audit), silent(11, 1, None), silent(15, 1, None))
`,
    expect: prints("True True True"),
  },
  {
    name: "see the host's connections",
    sh: 'for f in tcp tcp6 udp udp6 unix packet netlink; do [ -e /proc/net/$f ] && [ "$(tail -n +2 /proc/net/$f | grep -vc \' 0 *$\')" -gt 20 ] && echo won $f; done; [ "$(tail -n +2 /proc/net/tcp | wc -l)" = 0 ] && echo held',
    expect: held,
  },
];
