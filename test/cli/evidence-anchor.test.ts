import { cpSync, existsSync } from "node:fs";
import { createServer } from "node:http";
import t, { type Test } from "tap";
import { timestampOf } from "#canon/timestamp.ts";
import { localAuthority } from "../anchor/local-authority.ts";
import { localLog } from "../anchor/local-log.ts";
import { answerOf, faultOf, Place } from "./place.ts";

const clock = await localAuthority();
const log = await localLog("log.test/2026");
t.teardown(() => Promise.all([clock, log].map((server) => server[Symbol.asyncDispose]())));

const CONFIG = "trust: trust-root.json\nrequester: { key: asker.key }\nattestor: { key: attestor.key }\n";
const HOUR = 3_600_000;
/** A timestamp is of whole seconds: it may lie before the moment at which a key was added. */
const window = ["--valid-from", timestampOf(Date.now() - HOUR), "--valid-until", timestampOf(Date.now() + HOUR)];
/** When the keys are out of their windows and the root is still fresh. */
const MONTH_LATER = timestampOf(Date.now() + 30 * 24 * HOUR);

/** A place whose root believes the clock and the log, with keys that are valid for an hour. */
async function believing(t: Test): Promise<Place> {
  const at = new Place(t);
  const done = async (...args: readonly string[]): Promise<void> => {
    const { code, err } = await at.packrun(...args);
    t.equal(code, 0, `${args.join(" ")} ${err}`);
  };
  await Promise.all(["root", "asker", "attestor"].map((name) => done("keys", "generate", name)));
  await done("trust", "init", "--domain", "acme-prod", "--root", "root.pub", "-o", "trust-root.json");
  at.write("packrun.config.yaml", CONFIG);
  await done("trust", "add", "asker.pub", "--principal", "asker", "--role", "requester", ...window);
  await done("trust", "add", "attestor.pub", "--principal", "ci", "--role", "run-attestor", ...window);
  at.write("chain.pem", clock.certificates.join(""));
  at.write("log.pub", log.publicKey);
  await done("trust", "authority", "chain.pem", "--name", "clock", "--url", clock.url);
  await done("trust", "log", "log.pub", "--origin", log.origin);
  at.pack("hello", { steps: [{ id: "hello", run: { script: "echo hello" } }] });
  return at;
}

const first = believing(t);

/** A copy of it, as long as nothing was done in the first. */
async function place(t: Test, config = ""): Promise<Place> {
  const at = new Place(t);
  cpSync((await first).folder, at.folder, { recursive: true });
  at.write("packrun.config.yaml", `${CONFIG}${config}`);
  return at;
}

t.test("a run is anchored as configured, and verifies when its keys are long out of their windows", async (t) => {
  const at = await place(t, `anchor: { tsa: "${clock.url}", rekor: "${log.url}" }\n`);
  const ran = await at.packrun("run", "hello", "--json");
  t.match(ran, { code: 0, err: /^(?!.*not anchored)/ });
  t.ok(existsSync(`${answerOf(ran).evidence}.anchor.sigstore.json`));
  const later = ["verify", "last", "--at", MONTH_LATER];
  t.match(await at.packrun(...later), { code: 0, out: /anchor .*says clock; in the log log\.test\/2026/ });
  t.match(await at.packrun("evidence", "anchor", "last"), {
    code: 0,
    out: /timestamp {2}by clock, .* \(was there\)\nlog entry {2}by log\.test\/2026 {2}\(was there\)\n/,
  });
  t.match(await at.packrun("trust", "policy", "--anchor", "tsa", "rekor"), { code: 0 });
  t.match(await at.packrun("trust", "sign", "--key", "root.key"), { code: 0 });
  t.match(await at.packrun(...later), { code: 0 });
  t.match(await at.packrun("evidence", "export", "last", "-o", "run.tar"), { code: 0 });
  t.match(await at.packrun("verify", "run.tar", "--at", MONTH_LATER), { code: 0 }, "its anchor goes along");
  await at.packrun("trust", "remove", "clock");
  t.match(await at.packrun("verify", "run.tar"), { code: 7, out: /TRUST_ROOT_THRESHOLD/ });
  await at.packrun("trust", "sign", "--key", "root.key");
  t.match(await at.packrun("verify", "run.tar"), { code: 7, out: /ANCHOR_MISSING/ });
});

t.test("where nobody vouches the run is as it is, and says so in one line", async (t) => {
  const nobody = createServer((request) => request.socket.destroy());
  await new Promise<void>((resolve) => void nobody.listen(0, "127.0.0.1", resolve));
  t.teardown(() => void nobody.close());
  const { port } = nobody.address() as { port: number };
  const at = await place(t, `anchor: { tsa: "http://127.0.0.1:${port}/tsr" }\n`);
  const ran = await at.packrun("run", "hello", "--json");
  t.match(ran, { code: 0, err: /^packrun: the evidence is sealed, but not anchored: .* \[ANCHOR_UNREACHABLE\]/m });
  t.match(answerOf(ran), { status: "succeeded", exitCode: 0 });
  t.match(await at.packrun("verify", "last", "--at", MONTH_LATER), { code: 11, out: /KEY_WINDOW/ });
  const failed = await at.packrun("evidence", "anchor", "last", "--json");
  t.match(failed, { code: 10 });
  t.match(faultOf(failed), { code: "ANCHOR_UNREACHABLE", exitCode: 10 });
  const anchored = await at.packrun("evidence", "anchor", "last", "--tsa", clock.url, "--json");
  t.match(anchored, { code: 0, err: "" });
  t.match(JSON.parse(anchored.out), { schemaVersion: 1, anchors: [{ kind: "tsa", added: true, by: "clock" }] });
  t.match(await at.packrun("verify", "last", "--at", MONTH_LATER), { code: 0 });
});

t.test("a root shows whom it believes, and takes nobody who cannot vouch for a time", async (t) => {
  const at = await place(t);
  t.match(await at.packrun("trust", "show"), {
    code: 0,
    out: /timestamps of clock, from[^]*log log\.test\/2026, from/,
  });
  at.write("root-only.pem", clock.certificates[1]);
  const wrong = await at.packrun("trust", "authority", "root-only.pem", "--name", "wrong", "--json");
  t.match(faultOf(wrong), { code: "ANCHOR_AUTHORITY", message: /not for timestamps/ });
  at.write("signer-only.pem", clock.certificates[0]);
  const alone = await at.packrun("trust", "authority", "signer-only.pem", "--name", "wrong", "--json");
  t.match(faultOf(alone), { code: "ANCHOR_AUTHORITY", message: /does not end in a root/ });
  t.match(await at.packrun("trust", "authority", "root.pub", "--name", "wrong"), {
    code: 7,
    err: /holds no certificates/,
  });
  t.match(await at.packrun("evidence", "anchor", "./none", "--tsa", clock.url), { code: 2, err: /BUNDLE_NOT_FOUND/ });
});
