import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { decidedText } from "#cli/decided-text.ts";
import { archiveOf } from "../bundle/bundle-world.ts";
import { COMPILED } from "../compiled.ts";
import { MAIN, packrun } from "./command-line.ts";

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

/** Answers each request with its JSON, others with 404, and gives what a command prints that works with it. */
async function toldBy(t: Test, answers: Readonly<Record<string, object>>) {
  const folder = t.testdir({});
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`];
    response.writeHead(answer === undefined ? 404 : 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return (...args: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", CI: "1", NODE_COMPILE_CACHE: COMPILED };
      const token = { PACKRUN_SERVER: url, PACKRUN_TOKEN: "secret" };
      execFile(process.execPath, [MAIN, ...args], { cwd: folder, env: { ...env, ...token } }, (_, out, err) =>
        resolve(out + err),
      );
    });
}

const RUN = "0198c2f0-0000-7000-8000-000000000001";
const PLAN = `sha256:${"a".repeat(64)}`;
const AT = "2026-01-01T00:00:00.000Z";
const NAMED = { schemaVersion: 1, runId: RUN, tenantId: "default", trustDomain: "acme", planHash: PLAN };
const ABOUT = { pack: { name: "acme/x", version: "1.0.0", digest: PLAN }, sequence: 1, createdAt: AT, updatedAt: AT };

t.test("what a server calls its runs and steps does not steer the terminal", async (t) => {
  const step = { kind: "run", status: "failed", attempts: 1, parent: null, needs: [], section: "steps" };
  const steps = [{ id: "\u001b[2J\u009b\u202e\n$ make all", ...step }];
  const run = { ...NAMED, ...ABOUT, status: "failed", requestedBy: "a", outputs: {}, pendingGates: [], steps };
  const told = await toldBy(t, {
    "GET /api/packs/acme%2Fx/1.0.0": { inputs: {} },
    "POST /api/runs": { schemaVersion: 1, runId: "\u001b[2Jx", planHash: PLAN, status: "pending" },
    [`GET /api/runs/${RUN}`]: run,
    [`POST /api/runs/${RUN}/resume`]: { schemaVersion: 1, runId: RUN, status: "failed" },
  });
  const [resumed, began] = [await told("resume", RUN), await told("run", "acme/x@1.0.0")];
  t.match(resumed, "packrun explain '\\x1b[2J\\x9b\\u{202e}\n  $ make all' --run");
  t.match(began, "it names its run as none is named");
  for (const text of [resumed, began]) {
    t.notMatch(text, /[^\P{Cc}\n]|\u202e/u);
  }
});

t.test(
  "whom a server names as asking and deciding steers no terminal, and makes no lines like the tool's own",
  async (t) => {
    const principal = "\u001b[2Jann\n  approve      packrun approve OTHER";
    const requestedBy = "bob\npackrun: all is well";
    const gate = { id: "ok", approval: "release", required: 2, have: 1, missing: 1, from: ["approver"], notAfter: AT };
    const decided = [{ principal, decision: "approve" }];
    const pendingGates = [{ ...gate, separationOfDuties: false, decided, expired: false }];
    const run = { ...NAMED, ...ABOUT, status: "waiting", requestedBy, outputs: {}, pendingGates, steps: [] };
    const { runId, tenantId, trustDomain, planHash, createdAt, updatedAt } = run;
    const about = { runId, tenantId, trustDomain, planHash, createdAt, updatedAt, status: "waiting", requestedBy };
    const row = { ...about, packName: "acme/x", packVersion: "1.0.0" };
    const told = await toldBy(t, {
      "GET /api/runs?limit=500&status=waiting": { schemaVersion: 1, items: [row] },
      "GET /api/runs?limit=500&status=running": { schemaVersion: 1, items: [] },
      [`GET /api/runs/${RUN}`]: run,
    });
    const listed = await told("approvals", "list");
    t.match(listed, `1 of 2 (\\x1b[2Jann\n${" ".repeat(17)}approve      packrun approve OTHER)`);
    t.match(listed, `asked by     bob\n${" ".repeat(15)}packrun: all is well`);
    t.notMatch(listed, /[^\P{Cc}\n]/u);
  },
);

t.test("who decided, as a server tells it, is one entry that steers no terminal", (t) => {
  const principal = "\u009b2Jann\napproved other as bob";
  t.equal(
    decidedText({ decision: "approve", gateId: "ok", principal }),
    "approved ok as \\x9b2Jann\n  approved other as bob\n",
  );
  t.equal(
    decidedText({ decision: "reject", gateId: "ok", principal: "ann", runId: RUN, again: true }),
    `rejected ok of ${RUN} as ann (recorded before)\n`,
  );
  t.end();
});
