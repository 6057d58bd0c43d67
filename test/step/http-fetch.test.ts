import { execFileSync } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Json } from "#canon/json.ts";
import type { EgressRule, Sandbox } from "#plan/plan.ts";
import { NO_SOURCES } from "#plan/lint-sources.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { EgressLine } from "#run/egress-line.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import { createEgress } from "#sandbox/egress/egress.ts";
import { httpFetch } from "#step/http-fetch/http-fetch.ts";
import { readFetchUrl } from "#step/http-fetch/fetch-target.ts";
import { builtIns } from "#step/built-ins.ts";
import { prepareBuiltIn } from "#step/run/prepare-built-in.ts";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { COMPILED } from "../compiled.ts";
import { createSample, readBytes, sampleRun } from "../port/sample-run.ts";
import { systemClock } from "../port/system-clock.ts";
import { planOf, run } from "../run/sample-plan.ts";
import { bench, closed, sha256 } from "./built-in-request.ts";

const text = "advisories of january\n".repeat(1000);
const hex = sha256(text);

const sandboxOf = (rules: readonly Partial<EgressRule>[], more: Partial<Sandbox> = {}): Sandbox => ({
  ...closed,
  egressAllowlist: rules.map((rule) => ({
    host: "127.0.0.1",
    port: 443,
    protocol: "http",
    allowPrivate: false,
    ...rule,
  })),
  egressQuota: { requests: 10, bytes: 1_000_000 },
  ...more,
});

/** A server on this host, and attempts of `http.fetch` that reach it through the real door. */
async function rig(t: Test, answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const identity = sampleRun();
  const store = memoryRunStore({ clock: systemClock });
  await createSample(store, identity);
  const egress = createEgress({ lines: store.lines, clock: systemClock });
  t.teardown(async () => {
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  const folder = t.testdir();
  const artifacts = fileArtifactStore(folder);
  const { redactor } = bench(folder);
  const start = async (given: Json, sandbox = sandboxOf([{ port }]), timeoutMs = 60_000) => {
    const plan = { ...planOf([run("get")]), sandbox };
    const attempt = { stepId: "get", sandbox, timeoutMs } as ResolvedAttempt;
    const ports = { builtIns, packListing: [], artifacts, artifactsPath: folder, redactor, egress, plan };
    const context = { identity, attempt: 1, startedAt: 0 };
    const ready = prepareBuiltIn(attempt, { uses: "http.fetch", with: given }, context, ports);
    if (!ready.ok) {
      throw new Error(ready.fault.message);
    }
    return { outcome: ready.value.start(() => Promise.resolve()), stop: ready.value.stop };
  };
  return {
    port,
    url: (path = "/feed.tar") => `http://127.0.0.1:${port}${path}`,
    artifacts,
    redactor,
    start,
    fetch: async (given: Json, sandbox?: Sandbox): Promise<AttemptOutcome> => (await start(given, sandbox)).outcome,
    lines: async (): Promise<readonly EgressLine[]> =>
      (await readBytes(store.lines.read(identity, "egress.jsonl")))
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as EgressLine),
    kept: () => (existsSync(join(folder, "sha256")) ? readdirSync(join(folder, "sha256")) : []),
    unfinished: () => (existsSync(join(folder, "incoming")) ? readdirSync(join(folder, "incoming")) : []),
  };
}

async function textOf(artifacts: ArtifactStore, outcome: AttemptOutcome): Promise<string> {
  const value = outcome.kind === "succeeded" ? outcome.outputs["file"] : undefined;
  return value?.type === "file" ? (await readBytes(artifacts.open(sampleRun().tenantId, value.digest))).toString() : "";
}

t.test("a file with the right checksum is an output, and its transfer is recorded", async (t) => {
  const { fetch, url, artifacts, lines, port } = await rig(t, (_, response) => response.end(text));
  const outcome = await fetch({ url: url("/feed.tar?token=1"), checksumSha256: `sha256:${hex.toUpperCase()}` });
  t.match(outcome, {
    kind: "succeeded",
    outputs: { file: { type: "file", digest: `sha256:${hex}`, size: text.length } },
    artifacts: [{ name: "file", status: "captured", digest: `sha256:${hex}`, size: text.length }],
    denied: [],
  });
  t.equal(await textOf(artifacts, outcome), text);
  const [line] = await lines();
  t.match(line, {
    stepId: "get",
    attempt: 1,
    decision: "allowed",
    port,
    method: "GET",
    path: "/feed.tar",
    status: 200,
  });
  t.same(outcome.egress, { requests: 1, bytesIn: line?.bytesIn, bytesOut: line?.bytesOut });
});

t.test("the media type of the output is the one that the plan names", async (t) => {
  const { fetch, url } = await rig(t, (_, response) => response.setHeader("Content-Type", "text/html").end(text));
  const given = { url: url(), checksumSha256: hex };
  const plain = await fetch(given);
  t.notMatch(plain, { outputs: { file: { mediaType: String } } }, "what a server says is not held by the checksum");
  const named = await fetch({ ...given, mediaType: "application/x-tar" });
  t.match(named, {
    outputs: { file: { mediaType: "application/x-tar" } },
    artifacts: [{ mediaType: "application/x-tar" }],
  });
  t.match(await fetch({ ...given, mediaType: "tar" }), { reason: "STEP_WITH_INVALID" });
});

t.test("an empty file is a file", async (t) => {
  const { fetch, url, artifacts } = await rig(t, (_, response) => response.end());
  const outcome = await fetch({ url: url(), checksumSha256: sha256("") });
  t.match(outcome, { kind: "succeeded", outputs: { file: { size: 0 } } });
  t.equal(await textOf(artifacts, outcome), "");
});

t.test("bytes with another checksum fail the step, and nothing of them is kept", async (t) => {
  const { fetch, url, kept, unfinished } = await rig(t, (_, response) => response.end(`${text}x`));
  const outcome = await fetch({ url: url(), checksumSha256: hex });
  t.match(outcome, { kind: "failed", reason: "FETCH_CHECKSUM", artifacts: [], egress: { requests: 1 } });
  t.match(outcome.kind === "failed" && outcome.hint, new RegExp(`${sha256(`${text}x`)}, not ${hex}`));
  t.same([...kept(), ...unfinished()], []);
});

t.test("only an answer with status 200 carries the file", async (t) => {
  const { fetch, url } = await rig(t, (request, response) => {
    response.writeHead(Number(request.url?.slice(1))).end(text);
  });
  for (const status of [201, 204, 206, 304, 404, 500]) {
    const outcome = await fetch({ url: url(`/${status}`), checksumSha256: hex });
    t.match(outcome, { kind: "failed", reason: "FETCH_STATUS", hint: new RegExp(`answered ${status}, not 200`) });
  }
});

t.test("a redirect is not followed, and its host is told", async (t) => {
  let asked = 0;
  const places: Readonly<Record<string, string>> = {
    "/a": "https://cdn.acme.example/x?y#z",
    "/c": "//S3cr3tValue.test/",
  };
  const { fetch, url, redactor } = await rig(t, (request, response) => {
    asked += 1;
    response.writeHead(302, { Location: places[request.url ?? ""] ?? "//[" }).end();
  });
  redactor.add("token", "S3cr3tValue");
  const outcome = await fetch({ url: url("/a"), checksumSha256: hex });
  t.match(outcome, {
    kind: "failed",
    reason: "FETCH_REDIRECT",
    hint: /302 and points to cdn\.acme\.example; fetch from/,
  });
  const strange = await fetch({ url: url("/b"), checksumSha256: hex });
  t.match(strange, { kind: "failed", reason: "FETCH_REDIRECT", hint: /a place that cannot be read/ });
  const secret = await fetch({ url: url("/c"), checksumSha256: hex });
  t.match(secret, { kind: "failed", reason: "FETCH_REDIRECT", hint: /points to \[redacted:token\]\.test;/ });
  t.equal(asked, 3);
});

t.test("a transfer ends at maxBytes, and at limits.artifacts", async (t) => {
  const { fetch, url, port, kept, unfinished } = await rig(t, (_, response) => response.end(text));
  const given = { url: url(), checksumSha256: hex };
  const large = { kind: "failed", reason: "FETCH_TOO_LARGE" };
  for (const maxBytes of [text.length - 1, `${text.length - 1}`, "1Ki"]) {
    t.match(await fetch({ ...given, maxBytes }), large, `${maxBytes}`);
  }
  const limits = { ...closed.limits, artifactBytes: text.length - 1 };
  t.match(
    await fetch({ ...given, maxBytes: "1Gi" }, sandboxOf([{ port }], { limits })),
    large,
    "maxBytes raises nothing",
  );
  t.same([...kept(), ...unfinished()], []);
  t.match(await fetch({ ...given, maxBytes: text.length }), { kind: "succeeded" });
});

t.test("the quota of the run cuts a transfer, and nothing of it is kept", async (t) => {
  const { fetch, url, port, kept, lines } = await rig(t, (_, response) => response.end(text));
  const sandbox = sandboxOf([{ port }], { egressQuota: { requests: 10, bytes: 5000 } });
  const outcome = await fetch({ url: url(), checksumSha256: hex }, sandbox);
  t.match(outcome, { kind: "failed", reason: "EGRESS_QUOTA_BYTES" });
  t.equal((outcome.egress?.bytesIn ?? 0) + (outcome.egress?.bytesOut ?? 0), 5000);
  t.match(await lines(), [{ decision: "allowed", reason: "EGRESS_QUOTA_BYTES" }]);
  t.same(kept(), []);
});

t.test("an answer that breaks off is no file", async (t) => {
  const { fetch, url, kept } = await rig(t, (_, response) => {
    response.writeHead(200, { "Content-Length": text.length });
    response.write(text.slice(0, 100), () => response.destroy());
  });
  t.match(await fetch({ url: url(), checksumSha256: hex }), { kind: "failed", reason: "EGRESS_UPSTREAM" });
  t.same(kept(), []);
});

t.test("a URL that no rule allows is refused before anything is asked", async (t) => {
  const { fetch, url, port, lines } = await rig(t, (_, response) => response.end(text));
  const refused = { kind: "failed", reason: "FETCH_NOT_ALLOWED" };
  const given = { url: url(), checksumSha256: hex };
  t.match(await fetch(given, closed), refused, "no rules");
  t.match(await fetch(given, sandboxOf([{ port: port === 1 ? 2 : 1 }])), refused, "another port");
  t.match(await fetch(given, sandboxOf([{ port, protocol: "tls" }])), refused, "another protocol");
  t.match(await fetch(given, sandboxOf([{ port, protocol: "tcp" }])), refused);
  t.match(await fetch({ ...given, url: `http://localhost:${port}/` }), refused, "another name");
  t.same(await lines(), []);
});

t.test("an attempt that is stopped, or takes too long, ends its transfer", async (t) => {
  let begun: () => void = () => undefined;
  const { start, url, kept, unfinished } = await rig(t, (_, response) => {
    response.write("x");
    begun();
  });
  const given = { url: url(), checksumSha256: hex };
  const started = new Promise<void>((resolve) => (begun = resolve));
  const stopped = await start(given);
  await started;
  stopped.stop({ now: true });
  t.match(await stopped.outcome, { kind: "cancelled", egress: { requests: 1 } });
  const late = await start(given, undefined, 100);
  t.match(await late.outcome, { kind: "failed", reason: "STEP_TIMEOUT" });
  t.same([...kept(), ...unfinished()], []);
});

t.test("a URL with a secret in it is refused, and not repeated", async (t) => {
  const { fetch, url, redactor, lines } = await rig(t, (_, response) => response.end(text));
  redactor.add("token", "correct-horse");
  const outcome = await fetch({ url: url("/?key=correct-horse"), checksumSha256: hex });
  t.match(outcome, { kind: "failed", reason: "FETCH_URL", hint: /it holds a secret/ });
  t.notMatch(JSON.stringify(outcome), /correct-horse/);
  t.same(await lines(), []);
});

t.test("URLs are read in one way only", async (t) => {
  t.match(readFetchUrl("https://A.acme.example/x?y"), {
    value: { host: "a.acme.example", port: 443, protocol: "tls" },
  });
  t.match(readFetchUrl("http://[2001:DB8::1]:8080/"), { value: { host: "2001:db8::1", port: 8080, protocol: "http" } });
  t.match(readFetchUrl("https://acme.example:443"), { value: { port: 443 } });
  const bad = [
    "",
    "feed.tar",
    "//acme.example/x",
    "ftp://acme.example/x",
    "file:///etc/passwd",
    "https:acme.example",
    "https:///acme.example/",
    "https://",
    "https://ann@acme.example/",
    "https://ann:hunter2@acme.example/",
    "https://@acme.example/",
    "https://acme.example/#x",
    "https://acme.example/a b",
    "https://acme\t.example/",
    " https://acme.example/",
    "https://acme.example\\@evil.example/",
    "https://acme.example./",
    "https://*.acme.example/",
    "https://acme.example:0x50/",
    "https://acme.example:99999/",
  ];
  for (const url of bad) {
    const read = readFetchUrl(url);
    t.match(read, { ok: false, fault: { code: "FETCH_URL" } }, JSON.stringify(url));
    t.notMatch(JSON.stringify(read), /hunter2/);
  }
});

t.test("what is known of with is refused when the plan is made, with the member that is wrong", async (t) => {
  const sandbox = sandboxOf([{ host: "*.acme.example", protocol: "tls" }]);
  const refusals = (given: Readonly<Record<string, Json>>) => httpFetch.refusals(given, sandbox, NO_SOURCES);
  t.same(refusals({ url: "https://a.acme.example/feed.tar" }), []);
  t.same(refusals({ url: { $cel: [{ expr: "steps.a.outputs.url" }] } }), [], "not known yet");
  t.same(refusals({}), [], "its absence is a matter of the shape");
  t.match(refusals({ url: "http://a.acme.example/" }), [{ fault: { code: "FETCH_NOT_ALLOWED" }, member: "url" }]);
  t.match(refusals({ url: "https://acme.example/" }), [{ fault: { code: "FETCH_NOT_ALLOWED" }, member: "url" }]);
  t.match(refusals({ url: "https://ann@a.acme.example/" }), [{ fault: { code: "FETCH_URL" }, member: "url" }]);
});

/** The runner as a site starts it: with its own authority in the environment. */
const tlsRunner = `
  import { createServer } from "node:https";
  const { createEgress } = await import("#sandbox/egress/egress.ts");
  const { httpFetch } = await import("#step/http-fetch/http-fetch.ts");
  const { prepareBuiltIn } = await import("#step/run/prepare-built-in.ts");
  const { fileArtifactStore } = await import("#store/file/file-artifact-store.ts");
  const { memoryRunStore } = await import("#store/memory/memory-run-store.ts");
  const { systemClock: clock } = await import("./test/port/system-clock.ts");
  const { createRedactor } = await import("#secret/redactor.ts");
  const [folder, key, cert, checksumSha256, body, host] = process.argv.slice(1);
  const server = createServer({ key, cert }, (asked, answer) => answer.end(body)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  const identity = { tenantId: "default", runId: "019a0000-0000-7000-8000-000000000001", trustDomain: "a.example", planHash: "sha256:" + "0".repeat(64) };
  const store = memoryRunStore({ clock });
  await store.ledger.create(identity, new Map(), []);
  const egress = createEgress({ lines: store.lines, clock, resolve: async () => ["127.0.0.1"] });
  const sandbox = { mode: "sealed", egressAllowlist: [{ host, port, protocol: "tls", allowPrivate: true }], egressQuota: { requests: 9, bytes: 1e6 }, limits: { cpus: 1, memoryBytes: 1e6, pids: 1, logBytes: 1e6, artifactBytes: 1e6 } };
  const ports = { builtIns: new Map([[httpFetch.name, httpFetch]]), packListing: [], artifacts: fileArtifactStore(folder), artifactsPath: folder, redactor: createRedactor(), egress, plan: { sandbox } };
  const ready = prepareBuiltIn({ stepId: "get", sandbox, timeoutMs: 60000 }, { uses: "http.fetch", with: { url: "https://" + host + ":" + port + "/feed", checksumSha256 } }, { identity, attempt: 1, startedAt: 0 }, ports);
  const outcome = await ready.value.start();
  const [line] = await Array.fromAsync(store.lines.read(identity, "egress.jsonl"));
  console.log(JSON.stringify({ outcome, line: JSON.parse(Buffer.from(line).toString()) }));
  server.close();
  server.closeAllConnections();
`;

t.test(
  "a site's own authority is believed when its file is named in NODE_EXTRA_CA_CERTS, and not without",
  async (t) => {
    const host = "feeds.acme.example";
    const folder = t.testdir({});
    const openssl = (...args: readonly string[]): unknown =>
      execFileSync("openssl", [...args], { cwd: folder, stdio: "ignore" });
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl("req", ...newKey, "-x509", "-days", "1", "-subj", "/CN=site", "-keyout", "ca.key", "-out", "ca.pem");
    openssl("req", ...newKey, "-subj", "/CN=server", "-keyout", "leaf.key", "-out", "leaf.csr");
    writeFileSync(join(folder, "names"), `subjectAltName=DNS:${host}\n`);
    openssl(
      "x509",
      "-req",
      "-in",
      "leaf.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-days",
      "1",
      "-extfile",
      "names",
      "-out",
      "leaf.pem",
    );
    const pem = (name: string): string => readFileSync(join(folder, name), "utf8");
    const plain = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
    const fetched = (env: NodeJS.ProcessEnv): unknown => {
      const given = [join(folder, "artifacts"), pem("leaf.key"), pem("leaf.pem"), hex, text, host];
      const argv = ["--conditions=@packrun/source", "--input-type=module", "-e", tlsRunner, ...given];
      return JSON.parse(execFileSync(process.execPath, argv, { encoding: "utf8", env }));
    };
    t.match(fetched({ ...plain, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") }), {
      outcome: { kind: "succeeded", outputs: { file: { digest: `sha256:${hex}`, size: text.length } } },
      line: { decision: "allowed", protocol: "tls", host, status: 200, path: "/feed" },
    });
    t.match(fetched(plain), {
      outcome: { kind: "failed", reason: "EGRESS_UPSTREAM" },
      line: { decision: "allowed", protocol: "tls", host, reason: "EGRESS_UPSTREAM" },
    });
  },
);
