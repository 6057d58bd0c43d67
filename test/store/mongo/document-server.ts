import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { MongoClient } from "mongodb";

export type DocumentServer = {
  /** `mongodb://…` of the server. */
  readonly address: string;
  /** The name of a database that is not there yet; it is removed at the end. */
  readonly database: () => string;
  /** The folder in which it keeps everything; absent where it is not ours. */
  readonly folder?: string;
  /** Ends the server at once and starts it again on its port and files; absent where it is not ours. */
  readonly stop?: () => Promise<void>;
  readonly start?: () => Promise<void>;
};

/**
 * The server of `PACKRUN_TEST_MONGODB`, else one of our own for as long as the test runs; undefined, and said as a skipped
 * test, where there can be none.
 */
export async function documentServer(t: Test): Promise<DocumentServer | undefined> {
  const given = process.env["PACKRUN_TEST_MONGODB"];
  if (given !== undefined && given !== "") {
    return givenServer(t, given);
  }
  const build = fileURLToPath(new URL("../../../scripts/document-server/build", import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(build, { timeout: 1_600_000 });
    return await ownServer(t, stdout.trim());
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    t.test(`the store in MongoDB: there is no server to try it on: ${said}`, { skip: true }, () => undefined);
    return undefined;
  }
}

function givenServer(t: Test, address: string): DocumentServer {
  const names: string[] = [];
  t.teardown(async () => {
    await using client = new MongoClient(address);
    for (const name of names) {
      await client.db(name).dropDatabase();
    }
  });
  return { address, database: () => newName(names) };
}

async function ownServer(t: Test, program: string): Promise<DocumentServer> {
  const folder = t.testdir({ data: {} });
  const port = await freePort();
  const names: string[] = [];
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    server = spawn(program, [`127.0.0.1:${port}`, `${folder}/data`], { stdio: ["pipe", "ignore", "ignore"] });
    // The end of the tests is not the end of the server: it must not keep them waiting.
    server.unref();
    (server.stdin as Socket).unref();
    await answered(port, server);
  };
  const stop = async (): Promise<void> => {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      server.ref();
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    }
  };
  await start();
  t.teardown(stop);
  return {
    address: `mongodb://127.0.0.1:${port}`,
    database: () => newName(names),
    folder: `${folder}/data`,
    stop,
    start,
  };
}

function newName(names: string[]): string {
  const name = `packrun_test_${randomBytes(6).toString("hex")}`;
  names.push(name);
  return name;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Waits until the server takes connections, or has ended without. */
async function answered(port: number, server: ChildProcess): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) {
      return;
    }
    if (server.exitCode !== null) {
      throw new Error(`the server ended with ${server.exitCode}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
