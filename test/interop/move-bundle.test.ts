import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { Place } from "../cli/place.ts";
import { documented } from "../docs/document.ts";
import { offline, type Ended } from "./offline.ts";
import { done } from "./signed-site.ts";
import { needs, stockTool } from "./stock-tool.ts";

const GUIDE = "docs/guide/move-a-bundle.md";
const BUNDLE = "quickstart.packbundle.tar";
const project = join(import.meta.dirname, "../..");
const cosign = stockTool("cosign");
const skopeo = stockTool("skopeo");
const registry = stockTool("docker-registry");
const COSIGN = { COSIGN_PASSWORD: "correct horse" };

/** A publisher's place with the sample pack, and every program that the guide names on its PATH. */
async function publisher(of: Test): Promise<Place> {
  const place = new Place(of);
  cpSync(join(project, "packs/quickstart"), place.here("packs/quickstart"), { recursive: true });
  mkdirSync(place.here("programs"));
  symlinkSync(join(project, "packrun"), place.here("programs/packrun"));
  for (const { name, program } of [cosign, skopeo].filter((tool) => tool.missing === undefined)) {
    symlinkSync(program, place.here("programs", name));
  }
  await shell(place, block("# Move a pack bundle", 0));
  await shell(place, block("# Move a pack bundle", 1));
  return place;
}

/** The commands of one block of the guide. */
function block(heading: string, at: number): string {
  const found = documented(GUIDE, heading)[at];
  if (found === undefined) {
    throw new Error(`the guide has no block ${at} below "${heading}"`);
  }
  return found;
}

async function attempt(place: Place, script: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const path = `${place.here("programs")}:${process.env["PATH"]}`;
  const child = spawn("sh", ["-euc", script], {
    cwd: place.folder,
    env: {
      PATH: path,
      HOME: place.folder,
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: place.here("compiled"),
      ...COSIGN,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (part: Buffer) => (out += part.toString()));
  child.stderr.on("data", (part: Buffer) => (err += part.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

async function shell(place: Place, script: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await attempt(place, script, env);
  if (ended.code !== 0) {
    throw new Error(`${script}ended with ${ended.code}: ${ended.out}${ended.err}`);
  }
  return ended;
}

/** What a site has before anything comes: the trust root and nothing else. */
function siteOf(of: Test, from: Place): Place {
  const site = new Place(of);
  for (const file of ["trust-root.json", "packrun.config.yaml"]) {
    site.write(file, readFileSync(from.here(file)));
  }
  cpSync(from.here("programs"), site.here("programs"), { recursive: true, verbatimSymlinks: true });
  return site;
}

const made = publisher(t);

t.test("on a stick, as the guide says", async (t) => {
  const from = await made;
  const site = siteOf(t, from);
  mkdirSync(from.here("stick"));
  const env = { STICK: from.here("stick") };
  const written = await shell(from, block("## On a USB stick", 0), env);
  const read = await shell(site, block("## On a USB stick", 1), env);
  const digest = /^ *pack +(sha256:[0-9a-f]{64})$/m;
  t.ok(digest.test(written.out));
  t.match(read.out, `pack ${digest.exec(written.out)?.[1]}`, "what is compared by eye is the same line");
  t.match(read.out, /: OK\n[^]*no findings\n/);
  const broken = readFileSync(site.here(BUNDLE));
  broken[2000] = (broken[2000] ?? 0) ^ 1;
  writeFileSync(join(env.STICK, BUNDLE), broken);
  t.match(await attempt(site, block("## On a USB stick", 1), env), { code: 1, out: /FAILED/ });
});

t.test("skopeo copies a bundle to a layout and back, and nothing of it changes", needs(skopeo), async (t) => {
  const place = await made;
  const site = siteOf(t, place);
  const copy = `for name in $(packrun bundle show "$FROM" --names); do
    skopeo --insecure-policy copy --preserve-digests "oci-archive:$FROM:$name" "oci:one:$name"
    skopeo --insecure-policy copy --preserve-digests "oci:one:$name" "oci:layout:$name"
  done
  packrun bundle from-layout layout -o again.packbundle.tar
  packrun bundle verify again.packbundle.tar`;
  const copied = await shell(site, copy, { FROM: place.here(BUNDLE) });
  t.match(copied.out, /^verified: packrun\/quickstart@1\.0\.0$/m);
  t.ok(readFileSync(place.here(BUNDLE)).equals(readFileSync(site.here("again.packbundle.tar"))), "byte for byte");
  const version = await shell(site, `skopeo inspect --raw "oci-archive:$FROM:1.0.0" | sha256sum`, {
    FROM: place.here(BUNDLE),
  });
  t.match((await place.packrun("bundle", "show", BUNDLE, "--json")).out, version.out.slice(0, 64));

  rmSync(site.here("layout"), { recursive: true });
  const part = copy.replace("--names", "--names | grep -v sbom-attestation");
  t.match(await attempt(site, part, { FROM: place.here(BUNDLE) }), { code: 7, err: /PACK_LAYOUT/ });
});

const both = needs(skopeo).skip === false ? needs(registry) : needs(skopeo);
t.test("through a registry, as the guide says", both, async (t) => {
  const place = await made;
  const site = siteOf(t, place);
  await using server = await localRegistry(t);
  const env = { REGISTRY: server.address };
  // The registry of this test has no certificate, and its machine may have no policy.
  const plain = (commands: string): string =>
    commands
      .replaceAll("skopeo copy", "skopeo --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false")
      .replaceAll("skopeo list-tags", "skopeo list-tags --tls-verify=false");
  await shell(place, plain(block("## Through a registry", 0)), env);
  await shell(site, plain(block("## Through a registry", 1)), env);
  t.ok(readFileSync(place.here(BUNDLE)).equals(readFileSync(site.here(BUNDLE))), "byte for byte");
  t.match((await site.packrun("bundle", "list")).out, "packrun/quickstart@1.0.0");
});

t.test("cosign verifies what a publisher signed, and attests SBOMs, as the guide says", needs(cosign), async (t) => {
  const place = await made;
  const heading = "## Look at what came, with other tools";
  const site = siteOf(t, place);
  cpSync(place.here(BUNDLE), site.here(BUNDLE));
  cpSync(place.here("press.pub"), site.here("press.pub"));
  const verify = block(heading, 0);
  const seen = await offline(["sh", "-euc", verify], {
    cwd: site.folder,
    env: { PATH: `${site.here("programs")}:${process.env["PATH"]}` },
  });
  t.equal(seen.code, 0, seen.err);
  t.equal(seen.err.match(/Verified OK/g)?.length, 2);
  const stranger = verify.replace("mkdir opened", "mkdir other").replaceAll("opened", "other");
  cpSync(place.here("revoker.pub"), site.here("press.pub"));
  t.not((await attempt(site, stranger)).code, 0, "another key did not sign that");

  await shell(place, "cosign generate-key-pair");
  await done(place, "trust", "add", "cosign.pub", "--principal", "carol", "--role", "pack-publisher");
  const [prepare = ""] = verify.split("cosign verify-blob-attestation");
  await shell(place, prepare + block(heading, 1));
  const statement = JSON.parse(readFileSync(place.here("sbom.sigstore.json"), "utf8")) as {
    dsseEnvelope: { payload: string };
  };
  t.match(Buffer.from(statement.dsseEnvelope.payload, "base64").toString(), "in-toto.io/Statement/v0.1");
  const later = siteOf(t, place);
  cpSync(place.here(BUNDLE), later.here(BUNDLE));
  const imported = await later.packrun("bundle", "import", BUNDLE, "--json");
  t.equal(imported.code, 0, imported.out);
  t.match(JSON.parse(imported.out), { verdict: { checks: [{}] } });
  t.match(imported.out, /"name":"sbom-attestation","status":"pass","why":"carol /);

  place.write("packs/quickstart/README.md", "another text\n");
  const stale = ["bundle", "create", "packs/quickstart", "--key", "press.key", "--sbom-attestation"];
  const refused = await place.packrun(...stale, "sbom.sigstore.json", "-o", "other.packbundle.tar");
  t.match(refused, { code: 7, err: /PACK_SBOM_ATTESTATION.*STATEMENT_SUBJECT/ });
});

/** Debian's registry on this machine, in memory of its own. */
async function localRegistry(of: Test): Promise<{ readonly address: string } & AsyncDisposable> {
  const port = await freePort();
  const place = new Place(of);
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: place.here("registry") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  const child = spawn(registry.program, ["serve", place.write("registry.yml", JSON.stringify(config))], {
    stdio: "ignore",
  });
  const address = `127.0.0.1:${port}`;
  for (let tries = 0; !(await answers(`http://${address}/v2/`)); tries += 1) {
    if (child.exitCode !== null || tries > 300) {
      child.kill("SIGKILL");
      throw new Error("the registry does not answer");
    }
    await pause(50);
  }
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
