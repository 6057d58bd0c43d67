import { copyFileSync, chmodSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { EgressRule } from "#plan/plan.ts";
import { openEgress } from "./egress-rig.ts";
import { names, openLocalNetwork } from "./local-network.ts";
import { MIB, openRig, reasonOf, type Ran } from "./sandbox-rig.ts";

// Real programs, in the real sandbox, through the real proxy, to servers on this host's loopback.
const network = await openLocalNetwork(t);
const { egress, lines } = await openEgress(Object.fromEntries(names.map((name) => [name, "127.0.0.1"])));
const rig = openRig(t, { egress });
t.teardown(() => egress.close());
rig.stage("pack/ca.pem", network.authority);
copyFileSync(process.execPath, join(rig.packFolder, "node"));
chmodSync(join(rig.packFolder, "node"), 0o555);

const rule = (host: string, port: number, protocol: EgressRule["protocol"]): EgressRule => ({
  host,
  port,
  protocol,
  allowPrivate: true,
});
/** Everything but `other.example`. */
const allowed = [
  rule("files.example", network.tls, "tls"),
  rule("registry.example", network.tls, "tls"),
  rule("files.example", network.http, "http"),
  rule("registry.example", network.http, "http"),
];
const ca = "/run/packrun/pack/ca.pem";
const env = {
  SSL_CERT_FILE: ca,
  CURL_CA_BUNDLE: ca,
  GIT_SSL_CAINFO: ca,
  PIP_CERT: ca,
  NODE_EXTRA_CA_CERTS: ca,
  npm_config_cafile: ca,
};
const limits = { memoryBytes: 1024 * MIB, pids: 128 };
const reach = (script: string, more: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  rig.run({ script, egress: allowed, env: { ...env, ...more }, limits });

const fetching = "fetch(process.argv[1]).then((r) => r.text()).then(console.log, () => process.exit(9))";
const urllib = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())";
const npm = "npm --registry $1 --cache /tmp/npm --no-audit --no-fund --fetch-retries 0 install acme-left >&2";
const pip =
  "pip --disable-pip-version-check --no-cache-dir install -q --retries 0 --trusted-host $2 --target got --index-url $1/simple";

/** Each is given `https://host:port` or `http://host:port` as `$1`, and the host as `$2`. */
const clients: readonly (readonly [name: string, script: string, prints: RegExp])[] = [
  ["curl", "curl -sSf $1/hello", /^hello from outside\n$/],
  ["wget", "wget -q --tries 1 --ca-certificate $SSL_CERT_FILE -O - $1/hello", /^hello from outside\n$/],
  ["git", "git clone -q $1/repository.git got && cat got/README", /^cloned\n$/],
  ["npm", `cd $(mktemp -d); ${npm} && node -p 'require("acme-left")'`, /^installed\n$/],
  [
    "pip",
    `${pip} acme-right && PYTHONPATH=got /usr/bin/python3 -c 'import acme_right; print(acme_right.word)'`,
    /^installed\n$/,
  ],
  ["urllib", `/usr/bin/python3 -c '${urllib}' $1/hello`, /hello from outside/],
  ["fetch of Node.js 24", `$PACKRUN_PACK/node -e '${fetching}' $1/hello`, /hello from outside/],
];

for (const [name, script, prints] of clients) {
  for (const [scheme, port] of [
    ["https", network.tls],
    ["http", network.http],
  ] as const) {
    const client = (host: string): string => `set -- ${scheme}://${host}:${port} ${host}; ${script}`;

    t.test(`${name} reaches an allowed host over ${scheme} as it does outside, and no other host`, async (t) => {
      const host = name === "npm" || name === "pip" ? "registry.example" : "files.example";
      const seen = network.seen.length;
      const good = await reach(client(host));
      t.equal(reasonOf(good.outcome), "succeeded", good.stderr);
      t.match(good.stdout, prints);
      t.match(network.seen[seen], new RegExp(`${scheme}://${host}:${port}/`));
      t.ok((good.outcome.egress?.requests ?? 0) > 0);
      t.ok((good.outcome.egress?.bytesIn ?? 0) > 0);
      t.strictSame(good.outcome.denied, []);

      const before = (await lines()).length;
      const after = network.seen.length;
      const bad = await reach(client("other.example"));
      t.equal(reasonOf(bad.outcome), "STEP_EXIT");
      t.notMatch(bad.stdout, prints);
      t.equal(network.seen.length, after, "nothing came through");
      t.match(bad.outcome.denied?.[0], { host: "other.example", port, code: "EGRESS_DENIED" });
      const added = (await lines()).slice(before);
      t.match(added, [{ host: "other.example", port, decision: "denied", stepId: "step" }]);
      t.notOk(added.some(({ decision }) => decision === "allowed"));
    });
  }
}

const python = (...statements: readonly string[]): string => `/usr/bin/python3 -c '${statements.join("\n")}'`;
/** Prints the name of the error that a call ends in. */
const tried = (call: string): string =>
  python(
    "import errno, socket",
    "def stream(family, *to): socket.socket(family, socket.SOCK_STREAM).connect(*to)",
    'def datagram(family, *to): socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", *to)',
    "try:",
    `  ${call}`,
    '  print("went through")',
    "except OSError as error: print(errno.errorcode[error.errno])",
  );

t.test("what does not ask the proxy has no network at all, and is told so at once", async (t) => {
  const reached: string[] = [];
  const host = createServer((socket) => {
    reached.push("the port");
    socket.destroy();
  });
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  const abstract = createServer((socket) => {
    reached.push("the abstract socket");
    socket.destroy();
  });
  const name = `packrun-test-${process.pid}`;
  await new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve));
  t.teardown(() => {
    host.close();
    abstract.close();
  });
  const { port } = host.address() as AddressInfo;
  for (const [what, script, says] of [
    ["a socket", tried('stream(socket.AF_INET, ("192.0.2.1", 80))'), "ENETUNREACH"],
    ["DNS over UDP", tried('datagram(socket.AF_INET, ("192.0.2.53", 53))'), "ENETUNREACH"],
    ["IPv6", tried('stream(socket.AF_INET6, ("2001:db8::1", 443))'), "ENETUNREACH"],
    ["IPv6 over UDP", tried('datagram(socket.AF_INET6, ("2001:db8::1", 53))'), "ENETUNREACH"],
    ["multicast", tried('datagram(socket.AF_INET, ("224.0.0.251", 5353))'), "ENETUNREACH"],
    ["an echo request", tried("socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"), "EPERM"],
    ["a packet", tried("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"), "EAFNOSUPPORT"],
    ["a port of the host", tried(`stream(socket.AF_INET, ("127.0.0.1", ${port}))`), "ECONNREFUSED"],
    ["a port of the host over IPv6", tried(`stream(socket.AF_INET6, ("::1", ${port}))`), "ECONNREFUSED"],
    ["an abstract socket of the host", tried(`stream(socket.AF_UNIX, "\\0${name}")`), "ECONNREFUSED"],
    [
      "curl without a proxy",
      "curl -sS --noproxy '*' http://192.0.2.1/ 2>&1 || echo exit $?",
      /unreachable|Couldn't connect|exit 7/,
    ],
    ["curl by name without a proxy", "curl -sS --noproxy '*' https://files.example/ 2>&1 || echo exit $?", /exit 6/],
  ] as const) {
    const { stdout, outcome } = await reach(script);
    t.match(stdout.trim(), says, what);
    t.equal(outcome.kind, "succeeded", what);
    t.match(outcome.egress, { requests: 0 }, what);
  }
  t.strictSame(reached, []);
});
