import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { promisify } from "node:util";
import type { Test } from "tap";

const run = promisify(execFile);

/** Names below `.example` that the test certificate is for; those of the rig's egress lead to this host. */
export const names = ["files.example", "registry.example", "other.example"] as const;

export type LocalNetwork = {
  readonly tls: number;
  readonly http: number;
  /** The certificate of the test authority, in PEM. */
  readonly authority: string;
  /** `GET https://files.example:443/hello`, for each request that came in. */
  readonly seen: readonly string[];
};

/** An HTTP and an HTTPS server on this host's loopback: a file, a git repository, an npm registry and a Python index. */
export async function openLocalNetwork(t: Test): Promise<LocalNetwork> {
  const folder = mkdtempSync(join(tmpdir(), "packrun-network-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const files = join(folder, "files");
  mkdirSync(files);
  writeFileSync(join(files, "hello"), "hello from outside\n");
  await Promise.all([makeCertificates(folder), makeRepository(files), makeNpmPackage(files), makeWheel(files)]);
  const seen: string[] = [];
  const answer = (scheme: string): RequestListener => {
    return (request, response) => {
      seen.push(`${request.method ?? ""} ${scheme}://${request.headers.host ?? ""}${request.url ?? ""}`);
      const body = bodyOf(request, scheme, files);
      response.statusCode = body === undefined ? 404 : 200;
      response.setHeader(
        "content-type",
        request.url?.startsWith("/simple/") === true ? "text/html" : "application/json",
      );
      response.end(body);
    };
  };
  const pem = (name: string): Buffer => readFileSync(join(folder, name));
  const tls = createTlsServer({ key: pem("leaf.key"), cert: pem("leaf.pem") }, answer("https"));
  const plain = createServer(answer("http"));
  return { tls: await listen(t, tls), http: await listen(t, plain), authority: String(pem("ca.pem")), seen };
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function bodyOf(request: IncomingMessage, scheme: string, files: string): Buffer | string | undefined {
  const path = normalize(new URL(request.url ?? "/", "http://x").pathname);
  if (path === "/acme-left") {
    const tarball = readFileSync(join(files, "acme-left-1.0.0.tgz"));
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    const dist = { tarball: `${scheme}://${request.headers.host ?? ""}/acme-left-1.0.0.tgz`, integrity };
    const version = { name: "acme-left", version: "1.0.0", dist };
    return JSON.stringify({ name: "acme-left", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } });
  }
  if (path === "/simple/acme-right/") {
    return `<!DOCTYPE html><a href="/${WHEEL}">${WHEEL}</a>`;
  }
  try {
    return readFileSync(join(files, path));
  } catch {
    return undefined;
  }
}

/** An authority and a certificate by it for all names, good for a day. */
async function makeCertificates(folder: string): Promise<void> {
  const openssl = (...args: readonly string[]): Promise<unknown> => run("openssl", [...args], { cwd: folder });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-x509", "-days", "1", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"];
  await openssl("req", ...newKey, ...authority, "-addext", "keyUsage=critical,keyCertSign");
  await openssl("req", ...newKey, "-subj", "/CN=test server", "-keyout", "leaf.key", "-out", "leaf.csr");
  writeFileSync(join(folder, "names"), `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\n`);
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "1", "-extfile", "names", "-out", "leaf.pem"];
  await openssl("x509", "-req", "-in", "leaf.csr", ...sign);
}

/** A bare repository with one commit, laid out so that plain files serve it (gitrepository-layout(5)). */
async function makeRepository(files: string): Promise<void> {
  const author = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example", GIT_CONFIG_GLOBAL: "/dev/null" };
  const env = { ...process.env, ...author, GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example" };
  const git = (...args: readonly string[]): Promise<unknown> => run("git", [...args], { cwd: files, env });
  await git("init", "-q", "work");
  writeFileSync(join(files, "work", "README"), "cloned\n");
  await git("-C", "work", "add", "README");
  await git("-C", "work", "commit", "-q", "-m", "first");
  await git("clone", "-q", "--bare", "work", "repository.git");
  await git("-C", "repository.git", "update-server-info");
}

async function makeNpmPackage(files: string): Promise<void> {
  mkdirSync(join(files, "npm", "package"), { recursive: true });
  const manifest = JSON.stringify({ name: "acme-left", version: "1.0.0", main: "index.js" });
  writeFileSync(join(files, "npm", "package", "package.json"), manifest);
  writeFileSync(join(files, "npm", "package", "index.js"), 'module.exports = "installed";\n');
  await run("tar", ["-czf", "../acme-left-1.0.0.tgz", "package"], { cwd: join(files, "npm") });
}

const WHEEL = "acme_right-1.0-py3-none-any.whl";

/** A wheel (packaging.python.org, binary distribution format): a zip with four small files. */
async function makeWheel(files: string): Promise<void> {
  const folder = join(files, "wheel");
  const info = "acme_right-1.0.dist-info";
  mkdirSync(join(folder, info), { recursive: true });
  const texts = {
    "acme_right.py": 'word = "installed"\n',
    [`${info}/METADATA`]: "Metadata-Version: 2.1\nName: acme-right\nVersion: 1.0\n",
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = [...Object.keys(texts), `${info}/RECORD`].map((path) => `${path},,\n`).join("");
  const all = Object.entries({ ...texts, [`${info}/RECORD`]: record });
  all.forEach(([path, text]) => writeFileSync(join(folder, path), text));
  await run("/usr/bin/python3", ["-m", "zipfile", "-c", join(files, WHEEL), "acme_right.py", info], { cwd: folder });
}
