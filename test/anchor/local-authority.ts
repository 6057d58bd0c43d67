import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { passingFolder } from "../app/passing-folder.ts";

/** An RFC 3161 authority: `openssl ts` with a chain of its own, behind a small HTTP server. */
export type LocalAuthority = {
  readonly url: string;
  /** PEM: the certificate that signs timestamps, then its root. */
  readonly certificates: readonly [string, string];
  /** The bytes that `openssl ts` answers to a query. */
  readonly answer: (query: Uint8Array) => Promise<Uint8Array>;
  /** How many queries were answered. */
  readonly asked: () => number;
  /** Whether `openssl ts -verify` takes an answer as one of this authority over these bytes. */
  readonly takes: (answer: Uint8Array, message: Uint8Array) => boolean;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type AuthorityOptions = {
  readonly key?: "ec" | "rsa";
  /** Extended key usage of the signer; `timeStamping` unless given. */
  readonly usage?: string;
  readonly signerDigest?: "sha256" | "sha384" | "sha512";
  /** Digests that it takes. */
  readonly digests?: string;
};

export async function localAuthority(options: AuthorityOptions = {}): Promise<LocalAuthority> {
  const folder = passingFolder("authority");
  const { key = "ec", signerDigest = "sha256", digests = "sha256, sha384, sha512" } = options;
  // `openssl ts` itself refuses to sign with another usage, so that such a certificate only stands in for this one's.
  const usage = options.usage ?? "critical,timeStamping";
  writeFileSync(
    join(folder, "tsa.cnf"),
    [
      "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = unused",
      "[root]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash",
      `[signer]\nbasicConstraints = CA:FALSE\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = ${usage}`,
      "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid",
      "[tsa]\ndefault_tsa = here",
      `[here]\nserial = ${folder}/serial\ndefault_policy = 1.2.3.4.1\ndigests = ${digests}`,
      `signer_digest = ${signerDigest}\naccuracy = secs:1\ness_cert_id_alg = sha256\n`,
    ].join("\n"),
  );
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  const pair = (name: string): void => {
    const kind =
      key === "ec" ? ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    openssl("genpkey", "-algorithm", ...kind, "-out", `${name}.key`);
  };
  pair("root");
  pair("signer");
  const days = ["-days", "3650", "-config", "tsa.cnf"];
  openssl(
    "req",
    "-new",
    "-x509",
    "-key",
    "root.key",
    "-subj",
    `/CN=root of ${basename(folder)}`,
    "-extensions",
    "root",
    "-out",
    "root.pem",
    ...days,
  );
  openssl("req", "-new", "-key", "signer.key", "-subj", "/CN=signer", "-config", "tsa.cnf", "-out", "signer.csr");
  const issue = ["-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "0x4711", "-extfile", "tsa.cnf"];
  openssl(
    "x509",
    "-req",
    "-in",
    "signer.csr",
    ...issue,
    "-extensions",
    "signer",
    "-days",
    "3650",
    "-out",
    "signer.pem",
  );
  let asked = 0;
  const answer = async (query: Uint8Array): Promise<Uint8Array> => {
    const at = mkdtempSync(join(folder, "query-"));
    writeFileSync(join(at, "q"), query);
    writeFileSync(join(at, "serial"), `${(asked += 1).toString(16).padStart(4, "0")}\n`);
    const config = readFileSync(join(folder, "tsa.cnf"), "utf8").replace(`${folder}/serial`, `${at}/serial`);
    writeFileSync(join(at, "tsa.cnf"), config);
    const files = ["-queryfile", join(at, "q"), "-signer", "signer.pem", "-inkey", "signer.key", "-out", join(at, "r")];
    const child = spawn("openssl", ["ts", "-reply", "-config", join(at, "tsa.cnf"), ...files], {
      cwd: folder,
      stdio: "ignore",
    });
    await once(child, "exit");
    return readFileSync(join(at, "r"));
  };
  const server = await listening(async (request, response) => {
    response.setHeader("content-type", "application/timestamp-reply");
    response.end(await answer(await bodyOf(request)));
  });
  return {
    url: `${server.url}/tsr`,
    certificates: [certificateOf(folder, "signer"), certificateOf(folder, "root")],
    answer,
    asked: () => asked,
    takes: (bytes, message) => {
      writeFileSync(join(folder, "taken"), bytes);
      writeFileSync(join(folder, "message"), message);
      const by = ["-CAfile", "root.pem", "-untrusted", "signer.pem"];
      try {
        openssl("ts", "-verify", "-in", "taken", "-data", "message", ...by);
        return true;
      } catch {
        return false;
      }
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function certificateOf(folder: string, name: string): string {
  const [pem = ""] =
    /-----BEGIN[^]*-----END CERTIFICATE-----\n/.exec(readFileSync(join(folder, `${name}.pem`), "utf8")) ?? [];
  return pem;
}

export type Listening = { readonly url: string; readonly close: () => Promise<void> };

/** An HTTP server on a free port of this machine. */
export async function listening(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<Listening> {
  const server: Server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}
