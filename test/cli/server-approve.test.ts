import { existsSync, readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { issueToken, type TokenOrder } from "#api/issue-token.ts";
import { ensureTokenKey, serverFolder } from "#api/token-key.ts";
import { parseTenantId } from "#canon/ids.ts";
import { value } from "../attest/signing.ts";
import type { Ended } from "./command-line.ts";
import { pasted, shownStep } from "./pasted.ts";
import { answerOf, faultOf, Place, until } from "./place.ts";

const place = new Place(t);
const ISSUER = "{issuer: 'packrun:local', audience: packrun, jwksFile: .packrun/server/jwks.json}";
place.pack("gated", {
  approvals: { go: { required: 1, from: ["approver"], ttl: "1h", reasonRequired: true } },
  steps: [{ id: "ok", gate: { approval: "go", message: "Go on?" } }],
});
const waiting = answerOf(await place.packrun("run", "gated", "--no-wait", "--json"));
const other = answerOf(await place.packrun("run", "gated", "--no-wait", "--json"));
const elsewhere = answerOf(await place.packrun("run", "gated", "--no-wait", "--json"));
const { runId, planHash } = waiting;
const alice = await place.person("alice");
const key = value(await ensureTokenKey(serverFolder(place.here(".packrun"))));
place.write("packrun.config.yaml", `server: {issuers: [${ISSUER}]}\n`);
const server = place.start(["serve", "--listen", "127.0.0.1:0"]);
const url = await until("the server", () => /^listening on (\S+)$/m.exec(server.out())?.[1]);

type Wish = {
  readonly now?: number;
  readonly tenant?: string;
  readonly gate?: string;
  readonly run?: string;
  readonly scopes?: TokenOrder["scopes"];
};
const SCOPES = ["packs.read", "packs.approve", "packs.run"] as const;

/** A token as its issuer would make it, of an hour from `now` on. */
async function token(wish: Wish = {}): Promise<string> {
  const { now = Date.now(), tenant = "default", gate, run = runId, scopes = SCOPES } = wish;
  const tenantId = parseTenantId(tenant);
  if (tenantId === undefined) {
    throw new Error(`${tenant} is no tenant`);
  }
  const about = { issuer: "packrun:local", audience: "packrun", subject: "alice", tenantId, now, ttlMs: 3_600_000 };
  const approval =
    gate === undefined
      ? {}
      : { approval: { runId: run, gateId: gate, planHash } as NonNullable<TokenOrder["approval"]> };
  return issueToken({ ...about, scopes, ...approval }, key);
}

async function withToken(wish: Wish, ...args: readonly string[]): Promise<Ended> {
  const PACKRUN_TOKEN = await token(wish);
  const ended = await place.start(args, { PACKRUN_TOKEN, PACKRUN_SERVER: url }).ended;
  if (`${ended.out}${ended.err}`.includes(PACKRUN_TOKEN)) {
    throw new Error("the token was shown");
  }
  return ended;
}

t.test("a token that expired, or is of another tenant, shows nothing", async (t) => {
  const expired = await withToken({ now: Date.now() - 7_200_000 }, "runs", "show", runId, "--json");
  t.equal(expired.code, 2);
  t.equal(faultOf(expired).code, "TOKEN_INVALID");
  const foreign = await withToken({ tenant: "another" }, "runs", "show", runId, "--json");
  t.equal(foreign.code, 2);
  t.equal(faultOf(foreign).code, "RUN_UNKNOWN");
});

t.test("a token without the scope of a command does nothing of it", async (t) => {
  const admin: readonly (readonly string[])[] = [
    ["incident", "open", runId, "--reason", "odd"],
    ["incident", "close", runId],
    ["evidence", "snapshot", runId],
    ["evidence", "export", runId, "--snapshot", "-o", "none.tar"],
  ];
  for (const args of admin) {
    t.equal(faultOf(await withToken({}, ...args, "--json")).code, "TOKEN_SCOPE", args.join(" "));
  }
  const scopes = ["packs.approve"] as const;
  const seen: readonly (readonly string[])[] = [
    ["approvals", "list"],
    ["approvals", "request", runId, "ok", "-o", "none.tar"],
    ["runs", "timeline", runId],
    ["explain", "ok", "--run", runId],
    ["diff", runId, runId],
  ];
  for (const args of seen) {
    t.equal(faultOf(await withToken({ scopes }, ...args, "--json")).code, "TOKEN_SCOPE", args.join(" "));
  }
  t.notOk(existsSync(place.here("none.tar")));
  t.notOk(place.ledger(runId).some(({ eventType }) => eventType.startsWith("incident")));
});

t.test("what waits at a server, what it asks, and what was signed elsewhere go through it", async (t) => {
  const { runId: run } = elsewhere;
  const wish = { gate: "ok", run };
  const listed = await withToken({}, "approvals", "list");
  t.match(listed.out, "may approve  alice");
  const step = shownStep(listed, `approve ${run}`);
  t.equal(step, `packrun approve ${run} ok --token-file TOKEN --key KEY --reason TEXT`);
  t.equal(
    shownStep(await withToken(wish, "approvals", "list"), `approve ${run}`),
    `packrun approve ${run} ok --key KEY --reason TEXT`,
    "this token is for the gate",
  );
  const asked = await withToken({}, "approvals", "request", run, "ok", "-o", "asked.tar");
  t.equal(asked.code, 0, asked.err);
  const says = ["--decision", "approve", "--reason", "read it", "-o", "alice.json"];
  const signed = await place.packrun("approvals", "sign", "asked.tar", "--key", alice, ...says);
  t.equal(signed.code, 0, signed.err);
  const unsuited = await withToken({}, "approvals", "import", "alice.json", "--json");
  t.equal(unsuited.code, 5);
  t.match(JSON.parse(unsuited.out), { items: [{ file: "alice.json", error: { code: "APPROVAL_TOKEN_CLAIM" } }] });
  const imported = await withToken(wish, "approvals", "import", "alice.json", "--json");
  t.equal(imported.code, 0, imported.err);
  const decided = { runId: run, gateId: "ok", decision: "approve", principal: "alice" };
  t.strictSame(JSON.parse(imported.out), {
    schemaVersion: 1,
    items: [{ file: "alice.json", ...decided, again: false }],
  });
  t.equal((await withToken({}, "resume", run)).code, 0);

  place.write("token", await token({ gate: "ok", run: other.runId }), 0o600);
  const env = { PACKRUN_SERVER: url, PACKRUN_TOKEN: await token() };
  const line = shownStep(listed, `approve ${other.runId}`).replace("approve", "reject");
  const rejected = await pasted(place, line, { TOKEN: "token", KEY: alice, TEXT: "no" }, env);
  t.equal(rejected.out, "rejected ok as alice\n", rejected.err);
});

const DECIDE = ["--key", alice, "--reason", "read it", "--json"];

t.test("a decision goes through only with a token for this gate, signed here after it was shown", async (t) => {
  const plain = await withToken({}, "approve", runId, "ok", ...DECIDE);
  t.equal(faultOf(plain).code, "APPROVAL_TOKEN_CLAIM");
  t.equal(plain.code, 5);
  const unknown = await withToken({ gate: "no" }, "approve", runId, "no", ...DECIDE);
  t.equal(faultOf(unknown).code, "GATE_UNKNOWN");
  const unreasoned = await withToken({ gate: "ok" }, "approve", runId, "ok", "--key", alice, "--json");
  t.equal(faultOf(unreasoned).code, "APPROVAL_REASON_MISSING");
  const approved = await withToken({ gate: "ok" }, "approve", runId, "ok", ...DECIDE);
  t.equal(approved.code, 0, approved.err);
  t.strictSame(JSON.parse(approved.out), {
    schemaVersion: 1,
    runId,
    gateId: "ok",
    decision: "approve",
    principal: "alice",
  });
  t.match(approved.err, `APPROVE gate ok of run ${runId}`);
  const ended = await withToken({}, "resume", runId, "--json");
  t.equal(ended.code, 0, ended.err);
  t.match(answerOf(ended), { status: "succeeded" });
});

t.test("a rejection ends the run as it would here", async (t) => {
  const ended = await withToken({}, "resume", other.runId, "--json");
  t.equal(ended.code, 5, ended.err);
  t.match(answerOf(ended), { status: "failed", reason: "GATE_REJECTED" });
});

t.test("without a trust root that knows the server's attestor nothing is signed", async (t) => {
  const run = answerOf(await place.packrun("run", "gated", "--no-wait", "--json"));
  const stranger = JSON.parse(readFileSync(place.here(".packrun/trust/trust-root.json"), "utf8")) as {
    keys: Record<string, { principal: string }>;
    roles: Record<string, { keyids: readonly string[] }>;
  };
  const [approver = ""] = Object.keys(stranger.keys).filter((keyid) => stranger.keys[keyid]?.principal === "alice");
  stranger.roles["run-attestor"] = { ...stranger.roles["run-attestor"], keyids: [approver] };
  writeFileSync(place.here("stranger.json"), JSON.stringify(stranger));
  const wish = { gate: "ok", run: run.runId };
  const refused = await withToken(wish, "approve", run.runId, "ok", ...DECIDE, "--trust", "stranger.json");
  t.not(refused.code, 0);
  t.notMatch(refused.err, "APPROVE gate", "nothing is shown of a request that nobody vouches for");
});
