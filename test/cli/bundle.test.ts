import { appendFileSync, chmodSync, cpSync, existsSync, readFileSync, statSync } from "node:fs";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

const PACK = { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] };

/** Everything that a publisher and a site need, in one place: keys, a trust root, a revocation list, and a pack. */
async function published(t: Test): Promise<Place> {
  const place = new Place(t);
  place.pack("hello", PACK);
  place.write("packrun.config.yaml", "trust: trust-root.json\nrequester: {key: me.key}\nattestor: {key: me.key}\n");
  const follow = async (...args: readonly string[]): Promise<void> => {
    const ended = await place.packrun(...args);
    t.equal(ended.code, 0, `${args.join(" ")}: ${ended.err}`);
  };
  await Promise.all([
    follow("keys", "generate", "root"),
    follow("keys", "generate", "me"),
    follow("keys", "generate", "press", "--ed25519"),
  ]);
  await follow("trust", "init", "--domain", "acme", "--root", "root.pub", "-o", "trust-root.json");
  await follow("trust", "add", "press.pub", "--principal", "press", "--role", "pack-publisher", "--packs", "acme/*");
  await follow("trust", "add", "me.pub", "--principal", "me", "--role", "requester", "run-attestor", "revoker");
  await follow("revoke", "--renew", "--key", "me.key");
  return place;
}

const first = published(t);

/** A copy of it, as it was before anything was done with it. */
async function acme(t: Test): Promise<Place> {
  const place = new Place(t);
  cpSync((await first).folder, place.folder, { recursive: true });
  return place;
}

t.test("a pack crosses a gap: created, verified, imported, run from the registry", async (t) => {
  const place = await acme(t);
  const create = ["bundle", "create", "hello", "--key", "press.key", "-o", "hello.packbundle.tar"];
  const made = await place.packrun(...create, "--json");
  t.match(JSON.parse(made.out), { schemaVersion: 1, name: "acme/hello", version: "1.0.0", planHash: null });
  t.match(made.err, /no plan in it/);
  const bytes = readFileSync(place.here("hello.packbundle.tar"));
  await place.packrun(...create);
  t.ok(bytes.equals(readFileSync(place.here("hello.packbundle.tar"))), "twice the same bytes");

  const verified = await place.packrun("bundle", "verify", "hello.packbundle.tar", "--json");
  t.equal(verified.code, 0);
  t.match(JSON.parse(verified.out), { schemaVersion: 1, verdict: "verified", subject: { type: "pack" } });
  t.match(
    (await place.packrun("bundle", "show", "hello.packbundle.tar")).out,
    /acme\/hello@1\.0\.0.*not verified[^]*pack\.yaml/,
  );

  const imported = await place.packrun("bundle", "import", "hello.packbundle.tar", "--json");
  t.match(JSON.parse(imported.out), {
    schemaVersion: 1,
    name: "acme/hello",
    isNew: true,
    verdict: { verdict: "verified" },
  });
  t.match(JSON.parse((await place.packrun("bundle", "list", "--json")).out), {
    schemaVersion: 1,
    packs: [{ name: "acme/hello", version: "1.0.0" }],
  });

  const planned = JSON.parse((await place.packrun("plan", "acme/hello@1.0.0", "--json")).out) as { planHash: string };
  t.match(planned.planHash, /^sha256:/);
  t.equal((await place.packrun("simulate", "acme/hello@1.0.0")).code, 0);
  const ran = answerOf(await place.packrun("run", "acme/hello@1.0.0", "--plan-hash", planned.planHash, "--json"));
  t.equal(ran.status, "succeeded");
  const evidence = ran.evidence ?? "";
  const ledger = readFileSync(`${evidence}/ledger.jsonl`, "utf8");
  t.match(ledger, /"packSource":"registry"/);
  t.ok(existsSync(`${evidence}/pack.attestation.sigstore.json`));
  const judged = await place.packrun("verify", evidence, "--json");
  t.equal(judged.code, 0);
  t.match(judged.out, /"name":"pack-source","status":"pass"/);

  t.match(faultOf(await place.packrun("run", "acme/hello@2.0.0", "--json")), { code: "REGISTRY_UNKNOWN", exitCode: 2 });
  const script = place.here(".packrun/registry/acme/hello/1.0.0/pack/pack.yaml");
  chmodSync(script, 0o644);
  appendFileSync(script, "\n");
  for (const command of ["plan", "simulate", "run"]) {
    const refused = faultOf(await place.packrun(command, "acme/hello@1.0.0", "--json"));
    t.match(refused, { code: "REGISTRY_CHANGED", exitCode: 7 }, command);
  }
});

t.test("a bundle with inputs carries its plan; one that is broken is refused by every command", async (t) => {
  const place = await acme(t);
  place.write("inputs.json", "{}");
  const made = await place.packrun(
    "bundle",
    "create",
    "hello",
    "--key",
    "press.key",
    "-o",
    "x.tar",
    "--inputs",
    "inputs.json",
    "--json",
  );
  const { planHash } = JSON.parse(made.out) as { readonly planHash: string };
  const planned = JSON.parse((await place.packrun("plan", "hello", "--json")).out) as { readonly planHash: string };
  t.equal(planHash, planned.planHash);
  t.match((await place.packrun("bundle", "verify", "x.tar")).out, new RegExp(`ok +plan +${planHash}`));

  appendFileSync(place.here("x.tar"), "more");
  t.match(await place.packrun("bundle", "verify", "x.tar"), { code: 7, out: /PACK_BUNDLE_TRAILING/ });
  t.match(await place.packrun("bundle", "import", "x.tar"), {
    code: 7,
    out: /PACK_BUNDLE_TRAILING/,
    err: /nothing was imported/,
  });
  t.match(faultOf(await place.packrun("bundle", "show", "x.tar", "--json")), { code: "PACK_BUNDLE_TRAILING" });
  t.equal((await place.packrun("bundle", "list")).out, "");

  place.write("hello/pack.yaml", "kind: TaskPack\n");
  const refused = await place.packrun("bundle", "create", "hello", "--key", "press.key", "-o", "y.tar");
  t.equal(refused.code, 3, "findings, as `lint` has them");
  t.notOk(existsSync(place.here("y.tar")));
  t.match(await place.packrun("bundle", "create", "hello", "-o", "y.tar"), { code: 2, err: /--key/ });
});

t.test("without any trust root nothing is verified, and nothing imported", async (t) => {
  const place = await acme(t);
  await place.packrun("bundle", "create", "hello", "--key", "press.key", "-o", "x.tar");
  const away = new Place(t);
  away.write("x.tar", readFileSync(place.here("x.tar")));
  t.match(await away.packrun("bundle", "verify", "x.tar"), {
    code: 7,
    out: /VERIFY_TRUST_MISSING/,
    err: /no trust root/,
  });
  t.equal((await away.packrun("bundle", "import", "x.tar")).code, 7);
  t.ok(statSync(away.here("x.tar")).size > 0);
});
