import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { HostFinding } from "#port/host-finding.ts";
import { smallMedium } from "../store/file/small-medium.ts";
import { Place } from "./place.ts";

async function doctor(
  place: Place,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly of: (name: string) => unknown }> {
  const { code, out } = await place.packrun("doctor", "--json", ...args);
  const { checks } = JSON.parse(out) as { readonly checks: readonly HostFinding[] };
  return { code, of: (name) => checks.find((found) => found.name === name) };
}

t.test("in a fresh folder there is a line for clock, store, keys and trust, in text and in JSON", async (t) => {
  const place = new Place(t);
  const { code, out } = await place.packrun("doctor");
  t.equal(code, 0);
  for (const line of [/^\W clock: /m, /^\W store: /m, /^\W keys: the first run makes .*dev\.key\n {2}= help: /m]) {
    t.match(out, line);
  }
  t.match(out, /^! trust: development trust: .*\n {2}= help: pin a trust root/m);
  const found = await doctor(place);
  for (const name of ["clock", "store", "keys", "trust"]) {
    t.match(found.of(name), { name, status: String, text: String }, name);
  }
});

t.test("no state folder is left where there was none: it would be the store of everything below", async (t) => {
  const place = new Place(t);
  place.write("packrun.config.yaml", "");
  const before = readdirSync(place.folder, { recursive: true, encoding: "utf8" });
  for (const args of [[], ["--store", "deep/er/store"]]) {
    const { code, of } = await doctor(place, ...args);
    t.equal(code, 0);
    const path = place.here(args[1] ?? ".packrun");
    t.match(of("store"), { status: /ok|warn/, text: `${path}: ` });
  }
  t.equal((await place.packrun("keys", "generate", "root")).code, 0);
  const init = "trust init --domain acme --root root.pub -o trust-root.json";
  t.equal((await place.packrun(...init.split(" "))).code, 0);
  t.equal((await doctor(place, "--trust", "trust-root.json")).code, 0);
  const mongo = ["--store", "mongodb://127.0.0.1:1/none?serverSelectionTimeoutMS=100"];
  t.match((await doctor(place, ...mongo)).of("state folder"), { status: /ok|warn/ });
  const after = readdirSync(place.folder, { recursive: true, encoding: "utf8" });
  const made = ["root.key", "root.pub", "trust-root.json"];
  t.strictSame(new Set(after), new Set([...before, ...made]));
});

t.test("a development key and root that are there are held to reading and to their time", async (t) => {
  const place = new Place(t);
  place.pack("hello", { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] });
  t.equal((await place.packrun("run", "hello")).code, 0);
  const good = await doctor(place);
  t.match(good.of("keys"), { status: "ok", text: /development key .*dev\.key$/, remedy: /packrun keys generate/ });
  t.match(good.of("trust"), { status: "warn", text: /^development trust: .*expires in 36\d\d days/ });
  const root = place.here(".packrun/trust/trust-root.json");
  const document = JSON.parse(readFileSync(root, "utf8")) as object;
  const past = { issuedAt: "2020-01-01T00:00:00.000Z", expires: "2020-02-01T00:00:00.000Z" };
  writeFileSync(root, canonicalBytes({ ...document, ...past }));
  t.match((await doctor(place)).of("trust"), {
    status: "warn",
    text: /expiry: .*expired at 2020-02-01/,
    remedy: String,
  });
  writeFileSync(root, "{}");
  writeFileSync(place.here(".packrun/trust/dev.key"), "no key");
  const broken = await doctor(place);
  t.equal(broken.code, 2);
  t.match(broken.of("trust"), { status: "fail", remedy: String });
  t.match(broken.of("keys"), { status: "fail", text: /dev\.key cannot be read/, remedy: /PKCS#8/ });
});

t.test("a pinned root without keys is told", async (t) => {
  const place = new Place(t);
  for (const command of ["keys generate root", "trust init --domain acme --root root.pub -o trust-root.json"]) {
    t.equal((await place.packrun(...command.split(" "))).code, 0, command);
  }
  place.write("packrun.config.yaml", "trust: trust-root.json\nattestor: {key: root.key}\n");
  const { of } = await doctor(place);
  t.match(of("keys"), { status: "warn", text: /no key of the requester/, remedy: /requester: \{key: FILE\}$/ });
  t.match(of("key of the attestor"), {
    status: "fail",
    exitCode: 2,
    text: /does not hold the role run-attestor/,
    remedy: /--role run-attestor/,
  });
});

t.test("configured keys are held to their roles in this tenant; packs are judged when a run starts", async (t) => {
  const place = new Place(t);
  const follow = async (command: string): Promise<void> => {
    t.equal((await place.packrun(...command.split(" "))).code, 0, command);
  };
  for (const name of ["root", "me", "alice", "att"]) {
    await follow(`keys generate ${name}`);
  }
  await follow("trust init --domain acme --root root.pub -o trust-root.json");
  place.write("packrun.config.yaml", "trust: trust-root.json\n");
  await follow("trust add me.pub --principal me --role requester --packs other/* --tenants t1");
  await follow("trust add att.pub --principal att --role run-attestor --packs other/*");
  await follow("trust add alice.pub --principal alice --role approver");
  await follow("trust sign --key root.key");
  const requester = async (key: string, ...args: readonly string[]): Promise<unknown> => {
    place.write("packrun.config.yaml", `trust: trust-root.json\nrequester: {key: ${key}}\nattestor: {key: att.key}\n`);
    const found = await doctor(place, ...args);
    t.match(found.of("key of the attestor"), { status: "ok" });
    return found.of("key of the requester");
  };
  t.match(await requester("me.key", "--tenant", "t1"), { status: "ok" });
  t.match(await requester("me.key"), { status: "warn", text: /role requester, but not here: its tenants/ });
  t.match(await requester("alice.key"), { status: "warn", text: /none of the roles/, remedy: /--role requester/ });
  await follow("keys generate stranger");
  t.match(await requester("stranger.key"), { status: "warn", text: /is not in the trust root/ });
});

t.test("a store that cannot be opened is one line of all, with what is wrong where, and ends it with 10", async (t) => {
  const place = new Place(t);
  const runs = place.write("filed/runs", "no folder");
  place.write("damaged/packrun.db/file", "no database, but a folder");
  const told: readonly (readonly [string, string])[] = [
    ["filed", runs],
    ["damaged", `${place.here("damaged/packrun.db")}: unable to open database file`],
  ];
  for (const [store, text] of told) {
    const { code, of } = await doctor(place, "--store", store);
    t.equal(code, 10);
    t.match(of("store"), { status: "fail", exitCode: 10, text, remedy: /--store/ });
    for (const name of ["node", "clock", "trust", "keys", "mode sealed"]) {
      t.match(of(name), { status: String }, name);
    }
  }
});

t.test("a state folder that nobody may write says why, and which folder would have to be writable", async (t) => {
  const medium = smallMedium(t, 100_000);
  if (medium === undefined) {
    t.pass("room", { skip: "no file system can be mounted here" });
    return;
  }
  const place = new Place(t);
  spawnSync("mount", ["-o", "remount,ro", medium]);
  for (const [store, folder] of [
    [medium, medium],
    [`${medium}/none`, medium],
  ] as const) {
    const { code, of } = await doctor(place, "--store", store);
    t.equal(code, 10);
    t.match(of("store"), {
      status: "fail",
      text: `${store} cannot be written: the file system is read-only`,
      remedy: `make ${folder} writable for this user, or choose another folder with --store`,
    });
  }
});
