import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t from "tap";
import { archiveOf } from "../bundle/bundle-world.ts";
import { COMPILED, MAIN, packrun } from "./command-line.ts";

t.test("what a fault tells of a file of others does not steer the terminal", (t) => {
  const folder = t.testdir({});
  const layout = { path: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' };
  const index = { path: "index.json", text: JSON.stringify({ "\u001b[2J\u009b\u202e": 1 }) };
  writeFileSync(join(folder, "x.packbundle.tar"), archiveOf([layout, index]));
  const { code, out, err } = packrun(folder, "bundle", "show", "x.packbundle.tar");
  t.equal(code, 7);
  t.equal(out, "");
  t.match(err, 'unknown member "\\x1b[2J\\x9b\\u{202e}"');
  t.notMatch(err, /[^\P{Cc}\n]|\u202e/u);
  t.end();
});

t.test("what a server calls its runs and steps does not steer the terminal", async (t) => {
  const folder = t.testdir({});
  const runId = "0198c2f0-0000-7000-8000-000000000001";
  const planHash = `sha256:${"a".repeat(64)}`;
  const at = "2026-01-01T00:00:00.000Z";
  const named = { schemaVersion: 1, runId, tenantId: "default", trustDomain: "acme", planHash, status: "failed" };
  const about = { pack: { name: "acme/x", version: "1.0.0", digest: planHash }, requestedBy: "a", sequence: 1 };
  const step = { kind: "run", status: "failed", attempts: 1, parent: null, needs: [], section: "steps" };
  const steps = [{ id: "\u001b[2J\u009b\u202e\n$ make all", ...step }];
  const run = { ...named, ...about, createdAt: at, updatedAt: at, outputs: {}, pendingGates: [], steps };
  const answers: Readonly<Record<string, object>> = {
    "GET /api/packs/acme%2Fx/1.0.0": { inputs: {} },
    "POST /api/runs": { schemaVersion: 1, runId: "\u001b[2Jx", planHash, status: "pending" },
    [`GET /api/runs/${runId}`]: run,
    [`POST /api/runs/${runId}/resume`]: { schemaVersion: 1, runId, status: "failed" },
  };
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`];
    response.writeHead(answer === undefined ? 404 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told = (...args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", CI: "1", NODE_COMPILE_CACHE: COMPILED };
      const token = { PACKRUN_SERVER: url, PACKRUN_TOKEN: "secret" };
      execFile(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...env, ...token } }, (_, out, err) =>
        resolve(out + err),
      );
    });
  const [resumed, began] = [await told("resume", runId), await told("run", "acme/x@1.0.0")];
  t.match(resumed, "packrun explain '\\x1b[2J\\x9b\\u{202e}\n  $ make all' --run");
  t.match(began, "it names its run as none is named");
  for (const text of [resumed, began]) {
    t.notMatch(text, /[^\P{Cc}\n]|\u202e/u);
  }
});
