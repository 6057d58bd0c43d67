import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { answerOf, Place } from "./place.ts";

const OFFLINE = join(import.meta.dirname, "../../scripts/packs/verify_offline_bundle.mjs");

/** Keys, a trust root, a revocation list, and the bundle of a pack, imported and run from the registry. */
async function site(place: Place): Promise<{ readonly evidence: string; readonly planHash: string }> {
  place.pack("hello", { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] });
  place.write("packrun.config.yaml", "trust: trust-root.json\nrequester: {key: me.key}\nattestor: {key: me.key}\n");
  const commands = [
    "keys generate root",
    "keys generate me",
    "keys generate press --ed25519",
    "trust init --domain acme --root root.pub -o trust-root.json",
    "trust add press.pub --principal press --role pack-publisher --packs acme/*",
    "trust add me.pub --principal me --role requester run-attestor revoker",
    "revoke --renew --key me.key",
    "bundle create hello --key press.key -o hello.packbundle.tar",
    "bundle import hello.packbundle.tar",
  ];
  for (const command of commands) {
    const { code, err } = await place.packrun(...command.split(" "));
    t.equal(code, 0, `${command}: ${err}`);
  }
  const ran = answerOf(await place.packrun("run", "acme/hello@1.0.0", "--json"));
  return { evidence: ran.evidence ?? "", planHash: ran.planHash ?? "" };
}

t.test("one file verifies what crosses a gap, says what packrun says, and is named by its digest", async (t) => {
  const place = new Place(t);
  const { evidence, planHash } = await site(place);
  const strict = await place.packrun("verify", evidence, "--require-dsse", "--record", "--json");
  t.equal(strict.code, 0, "all of it is signed");
  t.match(strict.out, /"name":"pack-attestation","status":"pass"[^}]*\},\{"name":"sbom","status":"pass"/);

  const at = ["--at", new Date().toISOString(), "--format", "json", "--trust", "trust-root.json"];
  const file = "hello.packbundle.tar";
  const told = await place.packrun("bundle", "verify", file, "--record", ...at);
  const lists = ["--revocations", "revocations.json"];
  const alone = (...args: readonly string[]) =>
    spawnSync("node", [OFFLINE, ...args], { cwd: place.folder, encoding: "utf8" });
  mkdirSync(place.here("layout"));
  spawnSync("tar", ["-xf", place.here(file), "-C", place.here("layout")]);
  t.equal(alone(file, ...at, ...lists).stdout, told.out, "the single file says the same");
  t.equal((await place.packrun("verify", file, ...at)).out, told.out, "so does verify, which tells what it is given");
  const folder = alone("layout", ...at, ...lists, "--require-dsse");
  t.equal(folder.status, 0);
  t.equal(folder.stdout, told.out, "of a folder with the layout, too");
  t.equal(alone(file, ...at, "--plan-hash", planHash).status, 7, "there is no plan in it");

  const digest = `sha256:${createHash("sha256").update(readFileSync(OFFLINE)).digest("hex")}`;
  t.equal(alone("--version").stdout, `verify_offline_bundle.mjs 0.1.0 ${digest}\n`);
  const kept = ["bundle.packbundle.tar"].map((name) => place.here(`.packrun/registry/acme/hello/1.0.0/${name}`));
  for (const path of [...kept, place.here(file), evidence]) {
    const record = JSON.parse(readFileSync(`${path}.verdict.json`, "utf8")) as object;
    t.match(record, { verdict: { verdict: "verified" }, verifier: { version: "0.1.0", digest } }, path);
  }
  t.match(JSON.parse(readFileSync(`${evidence}/evidence.manifest.json`, "utf8")), { verifier: { digest } });
});
