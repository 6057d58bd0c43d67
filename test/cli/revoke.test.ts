import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Verdict } from "#verify/verdict.ts";
import { blocksOf, documented } from "../docs/document.ts";
import { answerOf, faultOf, Place } from "./place.ts";

t.jobs = 2;

const VERIFIER = join(import.meta.dirname, "../../scripts/packs/verify_offline_bundle.mjs");
const GUIDE = "docs/guide/trust.md";

const gated = {
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [
    { id: "ok", gate: { approval: "release" } },
    { id: "ship", run: { command: ["echo", "shipped"] } },
  ],
};

/** Runs lines of the guide in a place; `packrun` there is this one. */
async function follow(t: Test, place: Place, script: string): Promise<void> {
  for (const line of script.trim().split("\n")) {
    for (const command of line.split(" && ")) {
      const words = (command.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      const [program = "", ...args] = words;
      if (program === "packrun") {
        const ended = await place.packrun(...args);
        t.equal(ended.code, 0, `${command}: ${ended.err}`);
      } else {
        execFileSync(program, args, { cwd: place.folder, stdio: "ignore" });
      }
    }
  }
}

/** A place as the guide makes it: an own trust root, and OpenSSL as the signer of the attestor. */
async function made(t: Test): Promise<Place> {
  const place = new Place(t);
  const [people = ""] = documented(GUIDE, "## Make a trust root");
  const [signer = ""] = documented(GUIDE, "## Keys that are no files");
  const config = blocksOf(GUIDE).find(({ language }) => language === "yaml")?.text ?? "";
  await follow(t, place, people);
  await follow(t, place, signer);
  place.write("packrun.config.yaml", config);
  return place;
}

const first = made(t);

/** A copy of it, as long as nothing was done in the first. */
async function acme(t: Test): Promise<Place> {
  const place = new Place(t);
  cpSync((await first).folder, place.folder, { recursive: true });
  return place;
}

async function keyidOf(place: Place, file: string): Promise<string> {
  return (JSON.parse((await place.packrun("keys", "show", file, "--json")).out) as { readonly keyid: string }).keyid;
}

/** The verdict of the single-file verifier, which knows nothing but its arguments. */
function verdictOf(bundle: string, ...args: readonly string[]): Verdict & { readonly exitCode: number | null } {
  const { status, stdout } = spawnSync(process.execPath, [VERIFIER, bundle, "--format", "json", ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
  });
  return { ...(JSON.parse(stdout) as Verdict), exitCode: status };
}

const codesOf = ({ checks }: Verdict): readonly string[] =>
  checks.flatMap((found) => ("code" in found ? [`${found.name}: ${found.code}`] : []));

t.test(
  "the guide's trust root and external signer run, approve, seal and verify; what is revoked later counts no more",
  async (t) => {
    const place = await acme(t);
    const first = await place.packrun("revoke", "--renew", "--key", "security.key", "--json");
    t.match(JSON.parse(first.out), { schemaVersion: 1, trustDomain: "acme", sequence: 1, entries: 0 });
    const ran = await place.packrun("run", place.pack("gated", gated), "--no-wait", "--json");
    t.equal(ran.code, 4, ran.err);
    const approved = await place.packrun("approve", "last", "ok", "--key", "alice.key", "--reason", "read it");
    t.equal(approved.code, 0, approved.err);
    const ended = await place.packrun("resume", "last", "--json");
    t.equal(ended.code, 0, ended.err);
    const evidence = answerOf(ended).evidence ?? "";
    const verified = await place.packrun("verify", "last");
    t.equal(verified.code, 0, verified.out);
    t.match(verified.out, /revocation +nothing here is revoked by the site's list, sequence 1/);

    const trust = ["--trust", place.here("trust-root.json")];
    t.match(
      verdictOf(evidence, ...trust),
      { verdict: "verified", exitCode: 0 },
      "the bundle carries the list as a floor",
    );
    const alice = await keyidOf(place, "alice.key");
    const revoked = await place.packrun("revoke", "key", alice, "--reason", "laptop stolen", "--key", "security.key");
    t.equal(revoked.code, 0, revoked.err);
    t.match(revoked.out, /sequence 2, 1 revoked/);
    t.equal((await place.packrun("verify", "last")).code, 7);
    const judged = verdictOf(evidence, ...trust, "--revocations", place.here("revocations.json"));
    t.match(judged, { verdict: "failed", exitCode: 7 });
    t.same(codesOf(judged), ["approvals: REVOKED_KEY"]);
    t.match(verdictOf(evidence, ...trust), { verdict: "verified" }, "who does not know of it cannot tell");

    copyFileSync(place.here("1.revocations.json"), place.here("revocations.json"));
    copyFileSync(place.here("1.revocations.json.sigstore.json"), place.here("revocations.json.sigstore.json"));
    const back = await place.packrun("verify", "last", "--json");
    t.equal(back.code, 7);
    const { checks } = JSON.parse(back.out) as { readonly checks: readonly object[] };
    t.match(
      checks.filter((check) => "code" in check),
      [{ name: "revocation", code: "REVOCATIONS_ROLLBACK" }],
    );
  },
);

t.test(
  "a list that is demanded stops plan, run and approval where it is absent or old; a revoked key approves nothing",
  async (t) => {
    const place = await acme(t);
    const pack = place.pack("gated", gated);
    const strict = await place.packrun("trust", "policy", "--revocations", "required", "--max-age-hours", "1");
    t.equal(strict.code, 0, strict.err);
    for (const command of ["plan", "run"]) {
      const refused = await place.packrun(command, pack, "--json");
      t.equal(refused.code, 7, command);
      t.equal(faultOf(refused).code, "REVOCATIONS_MISSING");
    }
    t.strictSame(place.runs(), [], "no run was made");
    t.equal((await place.packrun("revoke", "--renew", "--key", "security.key")).code, 0);
    t.equal((await place.packrun("run", pack, "--no-wait")).code, 4);
    const alice = await keyidOf(place, "alice.key");
    t.equal((await place.packrun("revoke", "key", alice, "--reason", "left", "--key", "security.key")).code, 0);
    const decided = await place.packrun("approve", "last", "ok", "--key", "alice.key", "--reason", "fine", "--json");
    t.equal(decided.code, 5);
    t.match(faultOf(decided), { code: "APPROVAL_REVOKED", hint: /left \(REVOKED_KEY\)/ });
    rmSync(place.here("revocations.json"));
    const blind = await place.packrun(
      "approve",
      "last",
      "ok",
      "--key",
      "alice.key",
      "--reason",
      "fine again",
      "--json",
    );
    t.match(faultOf(blind), { code: "APPROVAL_REVOCATIONS_MISSING", hint: /REVOCATIONS_MISSING/ });
    const resumed = await place.packrun("resume", "last", "--json", "--no-wait");
    t.equal(faultOf(resumed).code, "REVOCATIONS_MISSING");
    const cancelled = await place.packrun("cancel", "last");
    t.equal(cancelled.code, 0, cancelled.err);
    t.equal((await place.packrun("trust", "check")).code, 7);
  },
);

t.test("a run is resumed only while the key that signed its own request may still sign", async (t) => {
  const place = await acme(t);
  t.equal((await place.packrun("run", place.pack("gated", gated), "--no-wait")).code, 4);
  const request = place.here(".packrun/runs", place.lastRun() ?? "", "request.sigstore.json");
  const bytes = readFileSync(request);
  rmSync(request);
  const unknown = await place.packrun("resume", "last", "--no-wait", "--json");
  t.equal(faultOf(unknown).code, "FILE_MISSING", "nobody can tell whose it is");
  t.equal(unknown.code, 10);
  writeFileSync(request, bytes);
  t.equal((await place.packrun("resume", "last", "--no-wait")).code, 4);
  // This site asks for runs with no key at all from now on: the run was asked for with one all the same.
  const config = readFileSync(place.here("packrun.config.yaml"), "utf8");
  const [, key = ""] = /requester:\s*\{?\s*key: ([\w.-]+)/.exec(config) ?? [];
  place.write("packrun.config.yaml", config.replace(/^requester:.*\n(?: +.*\n)*/m, ""));
  const revoked = await place.packrun(
    "revoke",
    "key",
    await keyidOf(place, key),
    "--reason",
    "lost",
    "--key",
    "security.key",
  );
  t.equal(revoked.code, 0, revoked.err);
  const resumed = await place.packrun("resume", "last", "--no-wait", "--json");
  t.equal(faultOf(resumed).code, "REVOKED_KEY");
  t.equal(resumed.code, 7);
  t.equal((await place.packrun("cancel", "last")).code, 0, "it may still be ended");
});

t.test(
  "a pack below the root's least version, or revoked, is not planned; a revoked run is only cancelled",
  async (t) => {
    const place = await acme(t);
    const pack = place.pack("gated", gated);
    t.equal((await place.packrun("run", pack, "--no-wait")).code, 4);
    const { runId } = { runId: place.lastRun() ?? "" };
    t.equal((await place.packrun("revoke", "run", runId, "--reason", "wrong inputs", "--key", "security.key")).code, 0);
    t.equal(faultOf(await place.packrun("resume", "last", "--no-wait", "--json")).code, "REVOKED_RUN");
    t.equal((await place.packrun("plan", pack)).code, 0, "another run of it may be made");
    const entry = ["pack", "acme/gated@1.0.0", "--reason", "a harmful step", "--key", "security.key"];
    t.equal((await place.packrun("revoke", ...entry)).code, 0);
    t.equal(faultOf(await place.packrun("plan", pack, "--json")).code, "REVOKED_PACK");
    t.equal(faultOf(await place.packrun("revoke", ...entry, "--json")).code, "REVOKED_ALREADY");
    t.equal((await place.packrun("cancel", "last")).code, 0);
    t.equal((await place.packrun("trust", "policy", "--min-version", "acme/gated@2.0.0")).code, 0);
    t.equal(faultOf(await place.packrun("plan", pack, "--json")).code, "TRUST_ROOT_THRESHOLD");
    t.equal((await place.packrun("trust", "sign", "--key", "root.key")).code, 0);
    t.equal(faultOf(await place.packrun("plan", pack, "--json")).code, "PACK_BELOW_MINIMUM");
  },
);

t.test("revoke takes what it needs, and only that", async (t) => {
  const place = new Place(t);
  for (const args of [[], ["key"], ["key", "SHA256:x"], ["--renew", "--reason", "why"], ["run", "last", "--renew"]]) {
    const ended = await place.packrun("revoke", ...args, "--key", "a.key");
    t.equal(ended.code, 2, args.join(" "));
    t.match(ended.err, /--renew/);
  }
  const unknown = await place.packrun("revoke", "--renew", "--key", "signer:kms", "--json");
  t.equal(faultOf(unknown).code, "SIGNER_UNKNOWN");
  const odd = await place.packrun("trust", "policy", "--min-version", "acme/gated");
  t.equal(odd.code, 2);
});

t.test(
  "an external signer approves, signs trust roots and revocation lists; one that lies stops the run",
  async (t) => {
    const place = await acme(t);
    const config = place.here("packrun.config.yaml");
    const signers = ["alice", "security", "root"].map(
      (name) => `  ${name}: {command: [openssl, dgst, -sha256, -sign, ${name}.key], publicKey: ${name}.pub}\n`,
    );
    const lying = "  liar: {command: [openssl, dgst, -sha256, -sign, alice.key], publicKey: me.pub}\n";
    const before = readFileSync(config, "utf8");
    place.write("packrun.config.yaml", `${before}${signers.join("")}${lying}`);
    t.equal((await place.packrun("trust", "sign", "--key", "signer:root")).code, 0);
    t.equal((await place.packrun("revoke", "--renew", "--key", "signer:security")).code, 0);
    const pack = place.pack("gated", gated);
    t.equal((await place.packrun("run", pack, "--no-wait")).code, 4);
    const approved = await place.packrun("approve", "last", "ok", "--key", "signer:alice", "--reason", "read it");
    t.equal(approved.code, 0, approved.err);
    const lied = await place.packrun("run", pack, "--as", "signer:liar", "--no-wait", "--json");
    t.equal(lied.code, 7);
    t.equal(faultOf(lied).code, "SIGNER_SIGNATURE");
    t.equal(place.runs().length, 1, "no run was made");
    const doctor = await place.packrun("keys", "show", "signer:release", "--json");
    t.match(JSON.parse(doctor.out), { algorithm: "ecdsa-p256-sha256", private: true });
  },
);

t.test("keys are imported from OpenSSH into the trust root", async (t) => {
  const place = await acme(t);
  const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0xG6jfDB1V/wdGQMEkEP1vy+SmVIegSsMwYez0vidF bob@example";
  place.write("id_ed25519.pub", `${line}\n`);
  const imported = await place.packrun("keys", "import", "id_ed25519.pub", "--name", "bob", "--json");
  t.match(JSON.parse(imported.out), { keys: [{ keyid: /^SHA256:gqBdQJza/, publicFile: "bob.pub" }] });
  const text = await place.packrun("keys", "import", "id_ed25519.pub", "--name", "rob");
  t.equal(text.out, "SHA256:gqBdQJza+0TM638S0rpvnsWgviStDVVelXm0OLGobRA\nrob.pub\n");
  t.equal((await place.packrun("trust", "add", "bob.pub", "--principal", "bob", "--role", "approver")).code, 0);
  const keyid = await keyidOf(place, "id_ed25519.pub");
  t.match((await place.packrun("trust", "show")).out, keyid);
  t.equal((await place.packrun("trust", "remove", keyid)).code, 0);
  t.notMatch((await place.packrun("trust", "show")).out, keyid);
});
