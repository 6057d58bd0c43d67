import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place, until } from "./place.ts";

const PACK = { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] };

const VERIFIERS = [
  ["node", "scripts/packs/verify_offline_bundle.mjs"],
  ["python3", "scripts/packs/verify_offline_bundle.py"],
] as const;

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
    isRenewed: false,
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

t.test("under development trust the refusal for want of a list says what makes one, and that does", async (t) => {
  const place = new Place(t);
  place.pack("hello", PACK);
  t.equal((await place.packrun("run", "hello")).code, 0);
  const create = ["bundle", "create", "hello", "--key", ".packrun/trust/dev.key", "-o", "x.tar", "--json"];
  const refused = faultOf(await place.packrun(...create));
  t.equal(refused.code, "REVOCATIONS_MISSING");
  const [, command = ""] = /packrun (revoke --renew --key \S+)/.exec(refused.hint ?? "") ?? [];
  const made = await place.packrun(...command.split(" "));
  t.equal(made.code, 0, made.err);
  const created = await place.packrun(...create);
  t.equal(created.code, 0, created.err);
});

t.test("lint takes a pack of the registry by its name, as its publisher signed it", async (t) => {
  const place = await acme(t);
  await place.packrun("bundle", "create", "hello", "--key", "press.key", "-o", "x.tar");
  const unknown = await place.packrun("lint", "acme/hello@1.0.0", "hello", "--json");
  t.equal(unknown.code, 2);
  t.match(JSON.parse(unknown.out), {
    packs: [
      { pack: "acme/hello@1.0.0", diagnostics: [{ code: "REGISTRY_UNKNOWN" }] },
      { pack: "hello", diagnostics: [] },
    ],
  });
  await place.packrun("bundle", "import", "x.tar", "--registry", "packs");
  t.match(await place.packrun("lint", "acme/hello@1.0.0", "--registry", "packs"), {
    code: 0,
    out: "acme/hello@1.0.0: no findings\n",
  });
  const file = place.here("packs/acme/hello/1.0.0/pack/pack.yaml");
  chmodSync(file, 0o644);
  appendFileSync(file, "nope");
  const changed = await place.packrun("lint", "acme/hello@1.0.0", "--registry", "packs", "--format", "sarif");
  t.equal(changed.code, 7);
  t.match(changed.out, /"ruleId":"REGISTRY_CHANGED"/);
});

t.test("a pack of the registry is bundled again by its name, and a layout in a folder imported as it is", async (t) => {
  const place = await acme(t);
  const create = ["bundle", "create", "--key", "press.key"];
  await place.packrun(...create, "hello", "-o", "one.tar");
  place.write("layout/.keep", "");
  rmSync(place.here("layout/.keep"));
  spawnSync("tar", ["-C", place.here("layout"), "-xf", place.here("one.tar")]);
  t.match(await place.packrun("bundle", "import", "layout", "--registry", "packs"), {
    code: 0,
    out: /^acme\/hello@1\.0\.0 imported into /,
  });
  const kept = place.here("packs/acme/hello/1.0.0/bundle.packbundle.tar");
  t.ok(readFileSync(kept).equals(readFileSync(place.here("one.tar"))), "the archive that it was");
  t.equal(statSync(kept).mode & 0o777, 0o444);
  t.match(await place.packrun("bundle", "import", "hello"), { code: 7, err: /PACK_LAYOUT/ });
  t.match(await place.packrun("bundle", "import", "nothing"), { code: 2, err: /PACK_BUNDLE_NOT_FOUND/ });
  t.equal(existsSync(place.here(".packrun/registry/acme")), false, "what is refused leaves nothing");

  const again = [...create, "acme/hello@1.0.0", "--registry", "packs", "-o"];
  t.match(await place.packrun(...again, "two.tar"), { code: 0 });
  t.ok(readFileSync(place.here("two.tar")).equals(readFileSync(place.here("one.tar"))));
  place.write("none.json", "{}");
  const planned = await place.packrun(...again, "three.tar", "--inputs", "none.json", "--json");
  t.match(JSON.parse(planned.out), { name: "acme/hello", planHash: /^sha256:/ });
  t.match(await place.packrun(...create, "acme/hello@1.0.0", "-o", "z.tar"), { code: 2, err: /REGISTRY_UNKNOWN/ });
  const file = place.here("packs/acme/hello/1.0.0/pack/pack.yaml");
  chmodSync(file, 0o644);
  appendFileSync(file, "\n");
  t.match(await place.packrun(...again, "z.tar"), { code: 7, err: /REGISTRY_CHANGED/ });
  t.equal(existsSync(place.here("z.tar")), false);
});

t.test("a trust root that steps without signatures publishes nothing", async (t) => {
  const place = await acme(t);
  const create = ["bundle", "create", "hello", "--key", "press.key", "-o", "x.tar"];
  t.match(await place.packrun("run", "hello"), { code: 0 });
  await place.packrun("trust", "policy", "--revocations", "required");
  t.match(await place.packrun(...create), { code: 7, err: /TRUST_ROOT_THRESHOLD/ });
  await place.packrun("trust", "sign", "--key", "root.key");
  t.match(await place.packrun(...create), { code: 0 });
});

t.test("a bundle with the next list renews what was imported, and says so", async (t) => {
  const place = await acme(t);
  const create = ["bundle", "create", "hello", "--key", "press.key", "-o"];
  await place.packrun(...create, "one.tar");
  t.match(await place.packrun("bundle", "import", "one.tar"), { code: 0, out: /^acme\/hello@1\.0\.0 imported into / });
  await place.packrun("revoke", "--renew", "--key", "me.key");
  await place.packrun(...create, "two.tar");
  const renewed = await place.packrun("bundle", "import", "two.tar", "--json");
  t.match(JSON.parse(renewed.out), { isNew: false, isRenewed: true, verdict: { verdict: "verified" } });
  const kept = place.here(".packrun/registry/acme/hello/1.0.0/bundle.packbundle.tar");
  t.ok(readFileSync(kept).equals(readFileSync(place.here("two.tar"))));
  const again = await place.packrun("bundle", "import", "two.tar");
  t.match(again, { code: 0, out: /^acme\/hello@1\.0\.0 was already in / });
  const trust = ["--trust", place.here("trust-root.json")];
  for (const [program, file] of VERIFIERS) {
    t.equal(spawnSync(program, [file, kept, ...trust]).status, 0, `${file} reads it where it lies`);
  }
  t.match(await place.packrun("lint", "acme/hello@1.0.0"), { code: 0 });
});

t.test("zone, language, rights and times of the machine are not in a bundle; what is attached is", async (t) => {
  const place = await acme(t);
  place.write("doc.json", '{"spdxVersion": "SPDX-2.3"}');
  place.write("hello/b.txt", "b");
  place.write("hello/a.txt", "a");
  const create = ["bundle", "create", "hello", "--key", "press.key", "--attach", "doc.json", "-o"];
  await place.packrun(...create, "one.tar");
  cpSync(place.here("hello"), place.here("elsewhere/copy"), { recursive: true });
  utimesSync(place.here("elsewhere/copy/a.txt"), 7, 7);
  chmodSync(place.here("elsewhere/copy/b.txt"), 0o600);
  const before = process.umask(0o077);
  const far = { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" };
  const other = await place
    .start(["bundle", "create", "elsewhere/copy", ...create.slice(3), "two.tar"], far)
    .ended.finally(() => process.umask(before));
  t.equal(other.code, 0, other.err);
  t.ok(readFileSync(place.here("one.tar")).equals(readFileSync(place.here("two.tar"))));
  t.equal(
    (await place.packrun("bundle", "show", "one.tar", "--names")).out,
    "1.0.0\n1.0.0.sbom\n1.0.0.sbom-attestation\n1.0.0.spdx\n1.0.0.revocations\n1.0.0.publisher\n",
  );
  t.match((await place.packrun("bundle", "show", "one.tar")).out, /^ {2}spdx +sha256:/m);
  t.match(
    await place.packrun("bundle", "create", "hello", "--key", "press.key", "--attach", "press.pub", "-o", "z.tar"),
    {
      code: 2,
      err: /PACK_ATTACHMENT_TYPE/,
    },
  );
  t.match(await place.packrun("bundle", "from-layout", "hello", "-o", "z.tar"), { code: 7, err: /PACK_LAYOUT/ });
  t.notOk(existsSync(place.here("z.tar")));
});

t.test("an import that is broken off leaves nothing, and one that was killed nothing for long", async (t) => {
  const place = await acme(t);
  place.write("hello/large", "");
  truncateSync(place.here("hello/large"), 128 * 1024 * 1024);
  await place.packrun("bundle", "create", "hello", "--key", "press.key", "-o", "x.tar");
  const registry = place.here(".packrun/registry");
  const left = (): readonly string[] => (existsSync(registry) ? readdirSync(registry) : []);
  const broken = async (signal: NodeJS.Signals): Promise<number | null> => {
    const { child, ended } = place.start(["bundle", "import", "x.tar"]);
    await until("a draft", () => left().some((name) => /^\.import\.[0-9a-f]{16}$/.test(name)));
    child.kill(signal);
    return (await ended).code;
  };
  t.equal(await broken("SIGINT"), 130);
  t.strictSame(left(), []);
  t.equal(await broken("SIGTERM"), 143);
  t.strictSame(left(), []);
  t.equal(await broken("SIGKILL"), null);
  t.not(left().length, 0);
  t.equal((await place.packrun("bundle", "import", "x.tar")).code, 0);
  t.strictSame(left(), ["acme"]);
});
