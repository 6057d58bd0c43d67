import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import t from "tap";
import type { Ended } from "./command-line.ts";
import { faultOf, Place } from "./place.ts";

t.jobs = 2;

const SEALED = /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----/;

function keys(place: Place, env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  return place.start(["keys", ...args], env).ended;
}

t.test("--encrypt writes a private key that opens with the password of the environment only", async (t) => {
  const place = new Place(t);
  for (const name of ["PACKRUN_KEY_PASSWORD", "COSIGN_PASSWORD"]) {
    const env = { [name]: "of the environment" };
    const made = await keys(place, env, "generate", name, "--encrypt", "--json");
    t.equal(made.code, 0, made.err);
    const { keyid, privateFile } = JSON.parse(made.out) as { keyid: string; privateFile: string };
    t.match(readFileSync(place.here(privateFile), "utf8"), SEALED);
    t.equal(statSync(place.here(privateFile)).mode & 0o777, 0o600);
    const shown = await keys(place, env, "show", privateFile, "--json");
    t.match(JSON.parse(shown.out), { keyid, private: true });
    const refused = await keys(place, { [name]: "other" }, "show", privateFile, "--json");
    t.match(faultOf(refused), { code: "KEY_PASSWORD", exitCode: 2 });
  }
});

t.test("--encrypt without a password, or with an empty one, is refused and writes nothing", async (t) => {
  const place = new Place(t);
  for (const env of [
    {},
    { PACKRUN_KEY_PASSWORD: "" },
    { COSIGN_PASSWORD: "" },
    { PACKRUN_KEY_PASSWORD: "", COSIGN_PASSWORD: "set" },
  ]) {
    const refused = await keys(place, env, "generate", "alice", "--encrypt", "--json");
    t.equal(refused.code, 2, JSON.stringify(env));
    t.match(faultOf(refused), { code: "KEY_PASSWORD_MISSING", message: /alice\.key/, hint: /PACKRUN_KEY_PASSWORD/ });
  }
  t.strictSame(readdirSync(place.folder), []);
  const plainly = await keys(place, { PACKRUN_KEY_PASSWORD: "" }, "generate", "alice");
  t.equal(plainly.code, 0, "an empty password in the environment is no hindrance where none is asked for");
});

t.test("what is imported stays encrypted as it was", async (t) => {
  const place = new Place(t);
  const env = { PACKRUN_KEY_PASSWORD: "secret" };
  t.equal((await keys(place, env, "generate", "made", "--encrypt")).code, 0);
  const refused = await keys(place, { PACKRUN_KEY_PASSWORD: "" }, "import", "made.key", "--name", "taken", "--json");
  t.match(faultOf(refused), { code: "KEY_PASSWORD" });
  t.notOk(existsSync(place.here("taken.key")));
  t.equal((await keys(place, env, "import", "made.key", "--name", "taken")).code, 0);
  t.equal(readFileSync(place.here("taken.key"), "utf8"), readFileSync(place.here("made.key"), "utf8"));
});
