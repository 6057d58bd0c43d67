import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { createPackBundle } from "#app/pack-bundle-create.ts";
import { registryEntry, registryFolder } from "#app/pack-registry.ts";
import { value } from "../attest/signing.ts";
import { REFERENCE, site } from "../app/pack-site.ts";
import { after } from "../app/revocation-desk.ts";
import { fill, smallMedium } from "../store/file/small-medium.ts";
import { apiWorld } from "./api-world.ts";

const world = await apiWorld(t);
const { place, workplace } = world;
const server = { allowFolders: true, issuers: [], limits: {} };
const allowing = { ...workplace, settings: { ...workplace.settings, server } };
const service = openService({ workplace: allowing, limits: serviceLimits({}), metrics: new ServiceMetrics() });
const open = await world.another({ service });

async function put(
  url: string,
  bytes: Uint8Array,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { Authorization: `Bearer ${await world.token()}`, "Content-Type": "application/x-tar" };
  const answer = await fetch(`${url}/api/packs`, { method: "POST", headers, body: bytes });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const tar = (...args: readonly string[]): Uint8Array =>
  execFileSync("tar", ["--format=ustar", "-C", place.here("up"), "-cf", "-", ...args]);

const sandbox = { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: "64Mi" } };
const pack = {
  apiVersion: "packrun.dev/v1",
  kind: "TaskPack",
  metadata: { name: "acme/up", version: "1.2.3" },
  spec: { sandbox, steps: [{ id: "a", run: { command: ["true"] } }] },
};
place.write("up/pack.yaml", JSON.stringify(pack));
place.write("up/files/notes.txt", "notes");

t.test("the tar of a folder is an upload where the operator allows that, and can be planned by its id", async (t) => {
  t.match(await put(world.server.url, tar(".")), { status: 403, body: { code: "UPLOAD_FOLDERS_OFF" } });
  const first = await put(open.url, tar("."));
  t.match(first, { status: 201, body: { kind: "upload", name: "acme/up", version: "1.2.3", upload: /^sha256:/ } });
  const again = await put(open.url, tar("files", "pack.yaml"));
  t.match(again, { status: 200, body: first.body }, "the same files are the same upload, however they are ordered");
  const order = { pack: { upload: first.body["upload"] }, inputs: {} };
  t.match(await (await world.send("/api/plans", order)).json(), {
    pack: { name: "acme/up", digest: first.body["upload"] },
  });
});

t.test("archives of anything but plain files are refused, and leave nothing", async (t) => {
  const before = globSync(`${place.here("state/uploads")}/*/{.*,*}`);
  const whole = tar(".");
  const cut = await put(open.url, whole.subarray(0, 700));
  t.match(cut, { status: 422, body: { code: "UPLOAD_TAR" } });
  t.match(await put(open.url, Buffer.from("no archive at all")), { body: { code: "UPLOAD_TAR" } });
  t.match(await put(open.url, Buffer.from("x".repeat(2048))), { body: { code: "UPLOAD_TAR" } });
  symlinkSync("/etc/passwd", place.here("up/files/link"));
  t.match(await put(open.url, tar(".")), { body: { code: "UPLOAD_TAR", detail: /no plain file/ } });
  const outside = tar("--transform=s,notes.txt,../../../evil,", "pack.yaml", "files/notes.txt");
  t.match(await put(open.url, outside), { body: { code: "UPLOAD_TAR" } });
  const twice = tar("--transform=s,files/notes.txt,PACK.yaml,", "pack.yaml", "files/notes.txt");
  t.match(await put(open.url, twice), { body: { code: "UPLOAD_TAR", detail: /same/ } });
  const again = tar("pack.yaml", "files/notes.txt", "files/notes.txt", "--hard-dereference");
  t.match(await put(open.url, again), { status: 422, body: { code: "UPLOAD_TAR", detail: /comes twice/ } });
  const both = tar("--transform=s,files/notes.txt,pack.yaml/notes,", "pack.yaml", "files/notes.txt");
  t.match(await put(open.url, both), { status: 422, body: { code: "UPLOAD_TAR", detail: /file and a folder/ } });
  const steps = '[{id: a, run: {comand: [x]}, stdin: "${{ inputs.nope }}"}]';
  place.write("bad/pack.yaml", `kind: Nothing\nspec: {steps: ${steps}}\n`);
  const bad = execFileSync("tar", ["--format=ustar", "-C", place.here("bad"), "-cf", "-", "."]);
  const findings = await put(open.url, bad);
  t.equal(findings.status, 422);
  const errors = findings.body["errors"] as readonly Record<"pointer" | "message" | "code", string>[];
  for (const code of ["PACK_VALUE", "PACK_UNKNOWN_FIELD", "EXPR_UNKNOWN"]) {
    t.ok(
      errors.some((error) => error.code === code),
      `all that is wrong with the pack is said: ${code}`,
    );
  }
  t.ok(
    errors.every(({ pointer }) => pointer === ""),
    "no JSON pointer names a line of a file",
  );
  t.match(errors[0]?.message, /^pack\.yaml:1:\d+ \w/);
  t.strictSame(globSync(`${place.here("state/uploads")}/*/{.*,*}`), before);
});

t.test("an upload for which there is no room says that the store is full, and leaves nothing", async (t) => {
  const medium = smallMedium(t, 400_000);
  if (medium === undefined) {
    t.pass("room", { skip: "no file system can be mounted here" });
    return;
  }
  const small = { ...allowing, settings: { ...allowing.settings, stateFolder: medium } };
  const { url } = await world.another({ service: world.serviceOver(small) });
  const full = { status: 503, body: { code: "STORE_FULL", hint: /free some space/ } };
  place.write("big/pack.yaml", JSON.stringify(pack));
  for (const [size, when] of [
    [800_000, "while it comes"],
    [250_000, "while it is unpacked"],
  ] as const) {
    place.write("big/files/large", "0".repeat(size));
    const big = execFileSync("tar", ["--format=ustar", "-C", place.here("big"), "-cf", "-", "."]);
    t.match(await put(url, big), full, when);
    t.strictSame(globSync(`${medium}/uploads/*/{.*,*}`), []);
  }
  const ballast = join(medium, "ballast");
  fill(ballast);
  t.match(await put(url, tar("pack.yaml")), full, "before it comes");
  rmSync(ballast);
  t.match(await put(url, tar("pack.yaml")), { status: 201 });
});

t.test("a bundle with the next list renews the pack that is there", async (t) => {
  const { desk, order } = await site(t);
  const settings = { ...workplace.settings, trustFile: desk.rootFile, stateFolder: place.here("renewing") };
  const clock = { ...workplace.clock, now: desk.place.now };
  const { url } = await world.another({ service: world.serviceOver({ ...workplace, settings, clock }) });
  const bundle = async (): Promise<Uint8Array> =>
    readFileSync(value(await createPackBundle(await order(), desk.place)).file);
  const importedAt = async (): Promise<unknown> => {
    const headers = { Authorization: `Bearer ${await world.token()}` };
    const list = (await (await fetch(`${url}/api/packs`, { headers })).json()) as { items: { importedAt: string }[] };
    return list.items.map((item) => item.importedAt);
  };
  const first = await put(url, await bundle());
  t.match(first, { status: 201, body: { kind: "bundle", ...REFERENCE } });
  const previousDigest = `sha256:${createHash("sha256").update(readFileSync(desk.listFile)).digest("hex")}`;
  await desk.put({ sequence: 2, more: { previousDigest } });
  desk.place.at += 1000;
  const second = await bundle();
  t.strictSame(await put(url, second), { ...first, status: 200 });
  t.strictSame(await importedAt(), [after(1000)]);
  const { bundle: kept } = registryEntry(registryFolder(settings), REFERENCE);
  t.ok(readFileSync(kept).equals(second));
});

t.test("a bundle that nobody here trusts is refused with what is wrong with it", async (t) => {
  const [bundle = ""] = globSync("offline-bundles/**/*.packbundle.tar").toSorted();
  const refused = await put(open.url, readFileSync(bundle));
  t.match(refused, { status: 422, body: { code: /^REGISTRY_(REFUSED|STALE)$/ } });
  t.match(await (await world.get("/api/packs")).json(), { items: [] });
});
