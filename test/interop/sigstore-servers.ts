import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { passingFolder } from "../app/passing-folder.ts";

/** A server of Sigstore's own, on this machine. */
type RunningServer = { readonly url: string; readonly [Symbol.asyncDispose]: () => Promise<void> };

/** Sigstore's timestamp authority with a fresh chain in memory; `certificates` is that chain, its signer first. */
export async function timestampServer(
  program: string,
): Promise<RunningServer & { readonly certificates: readonly string[] }> {
  const [port] = await freePorts();
  const server = await started(
    program,
    ["serve", "--port", `${port}`, "--host", "127.0.0.1", "--disable-ntp-monitoring"],
    {
      url: `http://127.0.0.1:${port}`,
      ready: "/ping",
    },
  );
  const chain = await (await fetch(`${server.url}/api/v1/timestamp/certchain`)).text();
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/g) ?? [];
  return { ...server, url: `${server.url}/api/v1/timestamp`, certificates };
}

/** A Rekor v2 log that keeps its tiles in a folder; `publicKey` is what its checkpoints are signed with. */
export async function rekorServer(
  program: string,
  origin: string,
): Promise<RunningServer & { readonly publicKey: string }> {
  const folder = passingFolder("rekor");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  writeFileSync(join(folder, "log.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const [http, grpc, metrics] = await freePorts();
  const args = [
    ["--hostname", origin, "--storage-dir", join(folder, "log"), "--signer-filepath", join(folder, "log.key")],
    ["--http-port", `${http}`, "--grpc-port", `${grpc}`, "--http-metrics-port", `${metrics}`],
    ["--checkpoint-interval", "1s", "--batch-max-age", "100ms"],
  ];
  const server = await started(program, ["serve", ...args.flat()], {
    url: `http://127.0.0.1:${http}`,
    ready: "/healthz",
  });
  return { ...server, publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

async function started(
  program: string,
  args: readonly string[],
  { url, ready }: { readonly url: string; readonly ready: string },
): Promise<RunningServer> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const said: Buffer[] = [];
  child.stderr.on("data", (part: Buffer) => said.push(part));
  for (let tries = 0; !(await answers(`${url}${ready}`)); tries += 1) {
    if (child.exitCode !== null || tries > 300) {
      child.kill("SIGKILL");
      throw new Error(`${program} does not answer: ${Buffer.concat(said).toString().slice(-2000)}`);
    }
    await pause(100);
  }
  return { url, [Symbol.asyncDispose]: () => ended(child) };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** Three ports that nobody listens at. */
async function freePorts(): Promise<readonly [number, number, number]> {
  const servers = [createServer(), createServer(), createServer()] as const;
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const [a, b, c] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number, number];
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return [a, b, c];
}
