import { readFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { Place } from "./place.ts";

const ROLES = ["requester", "run-attestor", "approver"] as const;

/** A pinned root with one key for each role, bounded to packs as said, and a pack to run. */
async function site(t: Test, bounds: Partial<Record<(typeof ROLES)[number], string>> = {}): Promise<Place> {
  const place = new Place(t);
  const follow = async (...command: readonly string[]): Promise<void> => {
    const { code, err } = await place.packrun(...command);
    t.equal(code, 0, `${command.join(" ")} ${err}`);
  };
  for (const name of ["root", ...ROLES]) {
    await follow("keys", "generate", name);
  }
  await follow("trust", "init", "--domain", "acme", "--root", "root.pub", "-o", "trust-root.json");
  place.write(
    "packrun.config.yaml",
    "trust: trust-root.json\nrequester: {key: requester.key}\nattestor: {key: run-attestor.key}\n",
  );
  for (const role of ROLES) {
    const packs = bounds[role] === undefined ? [] : ["--packs", bounds[role]];
    await follow("trust", "add", `${role}.pub`, "--principal", role, "--role", role, ...packs);
  }
  await follow("trust", "sign", "--key", "root.key");
  place.pack("hello", { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] });
  return place;
}

async function runs(place: Place): Promise<readonly unknown[]> {
  const listed = JSON.parse((await place.packrun("runs", "list", "--json")).out) as {
    readonly items: readonly unknown[];
  };
  return listed.items;
}

t.test("a key without the role requester requests nothing, and no run is there afterwards", async (t) => {
  const place = await site(t);
  const refused = await place.packrun("run", "hello", "--as", "approver.key");
  t.match(refused, { code: 7, err: /ROLE_NOT_HELD.*: requester\n.*--role requester/ });
  t.strictSame(await runs(place), []);
  t.equal((await place.packrun("run", "hello")).code, 0);
  t.match(await place.packrun("verify", "last"), { code: 0 });
});

t.test("a requester or an attestor of other packs is told which pack its role lacks", async (t) => {
  for (const role of ["requester", "run-attestor"] as const) {
    const place = await site(t, { [role]: "other/*" });
    const refused = await place.packrun("run", "hello");
    t.match(refused, { code: 7, err: new RegExp(`ROLE_SCOPE.*${role}.*its packs.*\n.*hello in tenant default`) });
    t.strictSame(await runs(place), [], role);
  }
});

t.test("under development trust, too, --as names a key that may request", async (t) => {
  const place = new Place(t);
  place.pack("hello", { steps: [{ id: "hello", run: { command: ["echo", "hello"] } }] });
  t.equal((await place.packrun("run", "hello")).code, 0);
  const root = place.here(".packrun/trust/trust-root.json");
  for (const role of ["approver", "requester"]) {
    t.equal((await place.packrun("keys", "generate", role)).code, 0);
    const added = await place.packrun(
      "trust",
      "add",
      `${role}.pub`,
      "--trust",
      root,
      "--principal",
      role,
      "--role",
      role,
    );
    t.equal(added.code, 0, added.err);
  }
  t.match(await place.packrun("run", "hello", "--as", "approver.key"), { code: 7, err: /ROLE_NOT_HELD/ });
  t.match(await place.packrun("run", "hello", "--as", "requester.key"), { code: 0 });
});

t.test("a run is not resumed by an attestor that came to have no role for its pack", async (t) => {
  const place = new Place(t);
  place.pack("asks", {
    approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [{ id: "ok", gate: { approval: "go" } }],
  });
  t.equal((await place.packrun("run", "asks", "--no-wait")).code, 4);
  const root = place.here(".packrun/trust/trust-root.json");
  const document = JSON.parse(readFileSync(root, "utf8")) as { readonly roles: Readonly<Record<string, object>> };
  const narrow = { ...document.roles["run-attestor"], packs: ["other/*"] };
  writeFileSync(root, canonicalBytes({ ...document, roles: { ...document.roles, "run-attestor": narrow } }));
  t.match(await place.packrun("resume", "last"), { code: 7, err: /ROLE_SCOPE/ });
});
