import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { pae } from "#attest/pae.ts";
import { PAYLOAD_TYPE } from "#attest/sidecar.ts";
import { COMPILED } from "../compiled.ts";
import { MAIN } from "./command-line.ts";
import { answerOf, faultOf, Place } from "./place.ts";

const hold = { id: "hold", run: { script: "sleep 60" }, timeout: "50s", continueOnError: true };
const gate = { id: "ok", gate: { approval: "release", message: "Release it?" } };
const pack = (required: number, ...steps: readonly object[]) => ({
  inputs: { channel: { type: "string", default: "beta" } },
  approvals: { release: { required, from: ["approver"], ttl: "1h", reasonRequired: true } },
  steps,
});

t.jobs = 2;

/** Alice's own machine: her key, the trust root that was brought there, and nothing else. */
async function desk(t: Test, site: Place): Promise<Place> {
  const place = new Place(t);
  for (const name of ["alice.key", "alice.pub"]) {
    copyFileSync(site.here(name), place.here(name));
  }
  copyFileSync(site.here(".packrun/trust/trust-root.json"), place.here("trust-root.json"));
  return place;
}

t.test("two people, two machines, one stick: asked here, decided there, recorded here", async (t) => {
  const site = new Place(t);
  site.pack("gated", pack(1, gate));
  const first = answerOf(await site.packrun("run", "gated", "--no-wait", "--json"));
  await site.person("alice");
  t.match(JSON.parse((await site.packrun("approvals", "list", "--json")).out), {
    schemaVersion: 1,
    items: [
      {
        runId: first.runId,
        gateId: "ok",
        approval: "release",
        required: 1,
        have: 0,
        decided: [],
        mayApprove: ["alice"],
        expired: false,
        message: "Release it?",
        pack: { name: "acme/gated", version: "1.0.0" },
        planHash: first.planHash,
      },
    ],
  });
  const there = await desk(t, site);
  const exported = await site.packrun("approvals", "request", "last", "ok", "-o", there.here("request.tar"));
  t.equal(exported.code, 0, exported.err);
  t.match(exported.err, /good until 20/);

  const sign = ["approvals", "sign", "request.tar", "--key", "alice.key", "--decision", "approve", "--reason", "read"];
  const alone = await there.packrun(...sign, "-o", "alice.json", "--json");
  t.equal(alone.code, 7);
  t.equal(faultOf(alone).code, "APPROVAL_TRUST_MISSING");
  const signed = await there.packrun(...sign, "-o", "alice.json", "--trust", "trust-root.json", "--json");
  t.equal(signed.code, 0, signed.err);
  t.match(JSON.parse(signed.out), { schemaVersion: 1, runId: first.runId, gateId: "ok", approver: "alice" });
  for (const shown of [/APPROVE gate ok of run/, first.planHash, /Release it\?/, /channel = "beta" {2}\(default\)/]) {
    t.match(signed.err, shown);
  }
  t.notOk(existsSync(there.here(".packrun")), "no store was needed");

  const list = await site.packrun("approvals", "import", there.here("alice.json"), there.here("request.tar"), "--json");
  t.equal(list.code, 5, "one of them is no response");
  t.match(JSON.parse(list.out), {
    items: [{ principal: "alice", again: false }, { error: { code: "APPROVAL_UNREADABLE", exitCode: 5 } }],
  });
  t.equal((await site.packrun("resume", "last")).code, 0);
  t.match((await site.packrun("approvals", "list")).err, /no gate waits here/);
  const bundle = site.here(".packrun/evidence", first.runId);
  t.equal(
    readFileSync(join(bundle, "approvals/ok/1.sigstore.json"), "utf8"),
    readFileSync(there.here("alice.json"), "utf8"),
  );
  t.equal((await site.packrun("verify", "last")).code, 0);

  await site.packrun("run", "gated", "--no-wait", "-i", "channel=stable");
  await site.packrun("approvals", "request", "last", "ok", "-o", there.here("second"));
  const again = ["approvals", "sign", "second", "--key", "alice.key", "--decision", "reject", "--reason", "no"];
  const compared = [...again, "-o", "no.json", "--trust", "trust-root.json", "--previous", bundle];
  const rejected = await there.packrun(...compared);
  t.equal(rejected.code, 0, rejected.err);
  t.match(rejected.err, /changed since run \S+ \(succeeded, approved by alice\)[^]*"beta"[^]*"stable"/);
  const spoilt = join(bundle, "outputs.json");
  chmodSync(spoilt, 0o644);
  writeFileSync(spoilt, readFileSync(spoilt, "utf8").replace("outputs", "OUTPUTS"));
  const unproven = await there.packrun(...compared, "--json");
  t.equal(unproven.code, 7);
  t.match(faultOf(unproven), { code: "APPROVAL_PREVIOUS", message: /does not verify/ });
  const taken = await site.packrun("approvals", "import", there.here("no.json"));
  t.match(taken.out, /^rejected ok of \S+ as alice\n$/, taken.err);
  t.equal((await site.packrun("resume", "last")).code, 5);
});

t.test("at a terminal it asks before it signs, unless told not to", async (t) => {
  const site = new Place(t);
  site.pack("gated", pack(1, gate));
  await site.packrun("run", "gated", "--no-wait");
  await site.person("alice");
  await site.packrun("approvals", "request", "last", "ok", "-o", "request");
  const atTerminal = (typed: string, ...more: readonly string[]) => {
    const sign = ["approvals", "sign", "request", "--key", "alice.key", "--decision", "approve", "--reason", "read"];
    const command = [process.execPath, "--conditions=@packrun/source", MAIN, ...sign, "-o", "out.json", ...more];
    const env = { ...process.env, HOME: site.folder, NODE_COMPILE_CACHE: COMPILED };
    return spawnSync("script", ["-qec", command.map((word) => `'${word}'`).join(" "), "/dev/null"], {
      cwd: site.folder,
      env,
      input: typed,
      encoding: "utf8",
    });
  };
  const no = atTerminal("n\n");
  t.match(no, { status: 130, stdout: /Sign this: approve\? \[y\/N\][^]*APPROVAL_NOT_CONFIRMED/ });
  t.notOk(existsSync(site.here("out.json")));
  t.match(atTerminal("y\n"), { status: 0, stdout: /approve ok as alice/ });
  t.notMatch(atTerminal("", "--yes").stdout, /\[y\/N\]/);
});

t.test(
  "a signer that knows nothing of packrun signs the statement, and its bundle is evidence like any other",
  async (t) => {
    const site = new Place(t);
    site.pack("gated", pack(1, gate));
    const { runId } = answerOf(await site.packrun("run", "gated", "--no-wait", "--json"));
    await site.person("alice");
    await site.packrun("approvals", "request", "last", "ok", "-o", "request");
    const decision = ["--decision", "approve", "--reason", "read", "--approver", "alice", "-o", "statement.json"];
    t.equal((await site.packrun("approvals", "statement", "request", ...decision)).code, 0);
    const payload = readFileSync(site.here("statement.json"));
    const signing = { input: pae(PAYLOAD_TYPE, payload) };
    const { stdout } = spawnSync("openssl", ["dgst", "-sha256", "-sign", site.here("alice.key")], signing);
    const bundle = {
      dsseEnvelope: {
        signatures: [{ sig: stdout.toString("base64") }],
        payloadType: PAYLOAD_TYPE,
        payload: payload.toString("base64"),
      },
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: { publicKey: { hint: "Zm9yZWlnbg==" }, tlogEntries: [] },
    };
    const file = site.write("foreign.json", JSON.stringify(bundle, undefined, 2));
    t.equal((await site.packrun("approvals", "import", "foreign.json")).code, 0);
    t.equal((await site.packrun("resume", "last")).code, 0);
    const kept = site.here(".packrun/evidence", runId, "approvals/ok/1.sigstore.json");
    t.equal(readFileSync(kept, "utf8"), readFileSync(file, "utf8"), "kept as it was received");
    const verified = await site.packrun("verify", "last");
    t.match(verified, { code: 0, out: /ok passed: 1 of 1 \(alice\)/ });
  },
);

t.test("a decision that came before the runner was killed is recorded once by whoever goes on", async (t) => {
  const place = new Place(t);
  place.pack("gated", pack(1, { id: "both", parallel: { steps: [hold, gate] } }));
  const run = place.start(["run", "gated", "--max-parallel", "2"]);
  await place.event("the open gate", ({ eventType }) => eventType === "gate.opened");
  await place.event("the running step", ({ eventType }) => eventType === "step.started");
  const alice = await place.person("alice");
  run.child.kill("SIGSTOP");
  const sent = await place.packrun("approve", "last", "ok", "--key", alice, "--reason", "read", "--json");
  t.equal(faultOf(sent).code, "COMMAND_UNANSWERED", "it is in the inbox");
  run.child.kill("SIGKILL");
  await run.ended;
  t.notOk(place.ledger().some(({ eventType }) => eventType === "gate.decision"));
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 0, ended.err);
  const types = place.ledger().map(({ eventType }) => eventType);
  t.equal(types.filter((type) => type === "gate.decision").length, 1);
  t.equal(types.filter((type) => type === "gate.passed").length, 1);
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("a decision that was recorded before the runner was killed stands, and is not doubled", async (t) => {
  const place = new Place(t);
  place.pack("gated", pack(2, { id: "both", parallel: { steps: [hold, gate] } }));
  const run = place.start(["run", "gated", "--max-parallel", "2"]);
  await place.event("the open gate", ({ eventType }) => eventType === "gate.opened");
  await place.event("the running step", ({ eventType }) => eventType === "step.started");
  const alice = await place.person("alice");
  const approving = place.packrun("approve", "last", "ok", "--key", alice, "--reason", "read");
  await place.event("the decision", ({ eventType }) => eventType === "gate.decision");
  run.child.kill("SIGKILL");
  await Promise.all([run.ended, approving]);
  const bob = await place.person("bob");
  t.equal((await place.packrun("approve", "last", "ok", "--key", bob, "--reason", "read")).code, 0);
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 0, ended.err);
  const decisions = place.ledger().filter(({ eventType }) => eventType === "gate.decision");
  t.match(decisions, [{ metadata: { principal: "alice" } }, { metadata: { principal: "bob" } }]);
  t.equal((await place.packrun("verify", "last")).code, 0);
});
