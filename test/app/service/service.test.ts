import { copyFileSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { openService } from "#app/service/open-service.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import type { Bearer } from "#app/service/service.ts";
import { Worker } from "#app/service/worker.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import { trustAdd, trustInit } from "#app/trust-edit.ts";
import { verifyEvidence } from "#app/verify-evidence.ts";
import type { Workplace } from "#app/workplace.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Json } from "#canon/json.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import type { TrustRootDocument } from "#trust/trust-root.ts";
import { value } from "../../attest/signing.ts";
import { scriptedRunner } from "./scripted-runner.ts";
import { localBearer, refusalOf, serviceWorld, taken, tenantOf } from "./service-world.ts";

const STEP = "    - {id: a, run: {command: [echo, hello]}}";

t.test("a queue takes as many runs as its limits say, of the pack and of the tenant", async (t) => {
  const world = await serviceWorld(t, { queueDepth: 3 });
  const small = await world.upload(STEP, "  slo: {maxQueueDepth: 2}");
  const at = async (): Promise<string> =>
    refusalOf(await world.service.submit({ pack: small, inputs: {} }, world.bearer));
  t.same((await Promise.all([at(), at(), at()])).toSorted(), ["QUEUE_FULL", "ok", "ok"], "also when all ask at once");
  const refused = await world.service.submit({ pack: small, inputs: {} }, world.bearer);
  t.match(refused, {
    fault: { fault: { code: "QUEUE_FULL", data: { depth: 2, limit: 2, retryAfterSeconds: Number } } },
  });
  t.match(JSON.stringify(refused), /2 runs wait of acme\/served/);
  const other = await world.upload("    - {id: b, run: {command: [echo, hello]}}");
  await world.submit({ pack: other, inputs: {} });
  t.equal(refusalOf(await world.service.submit({ pack: other, inputs: {} }, world.bearer)), "QUEUE_FULL");
  const elsewhere = await world.service.submit({ pack: other, inputs: {} }, localBearer("t2"));
  t.equal(refusalOf(elsewhere), "ok", "another tenant has a queue of its own");
  t.match((await world.service.metrics()).text, /packrun_queue_depth\{pack="acme\/served"\} 4/);
});

t.test("runs of another tenant are unknown, whatever key is given", async (t) => {
  const world = await serviceWorld(t);
  const key = await world.submit({ pack: await world.upload(STEP), inputs: {} });
  const other = localBearer("t2");
  t.match(await world.service.cancel(key, other), { fault: { code: "RUN_UNKNOWN" } });
  t.match(await world.service.resume(key, other), { fault: { code: "RUN_UNKNOWN" } });
  t.equal(await world.service.queueOf({ ...key, tenantId: other.tenantId }), undefined);
});

t.test(
  "files and directories are taken by the digests of what the tenant has stored, and never by a path",
  async (t) => {
    const world = await serviceWorld(t);
    const inputs = "  inputs: {archive: {type: file}, tree: {type: directory, required: false}, n: {type: integer}}";
    const pack = await world.upload(STEP, inputs);
    const { artifacts, settings } = world.workplace;
    const put = async (text: string): Promise<string> =>
      value(
        await artifacts.put(
          settings.tenantId,
          (async function* bytes() {
            yield Buffer.from(text);
          })(),
        ),
      ).digest;
    const archive = { artifact: await put("some bytes") };
    const planned = taken(await world.service.plan({ pack, inputs: { archive, n: 3 } }, world.bearer));
    t.match(planned.plan.inputs, {
      archive: { type: "file", name: "archive", size: 10, digest: archive.artifact },
      n: { value: 3 },
    });
    const listing = JSON.stringify([{ mode: "644", path: "f", sha256: archive.artifact.slice(7), size: 10 }]);
    const tree = { artifact: await put(listing) };
    const withTree = taken(await world.service.plan({ pack, inputs: { archive, tree, n: 3 } }, world.bearer));
    t.match(withTree.plan.inputs, { tree: { type: "directory", name: "tree", digest: tree.artifact } });
    const named = { archive: { ...archive, name: "app.tar" }, tree: { ...tree, name: "dist" }, n: 3 };
    t.match(taken(await world.service.plan({ pack, inputs: named }, world.bearer)).plan.inputs, {
      archive: { name: "app.tar", digest: archive.artifact },
      tree: { name: "dist", digest: tree.artifact },
    });
    for (const wrong of [
      "/etc/passwd",
      { artifact: "/etc/passwd" },
      { ...archive, names: "x" },
      ...["", ".", "..", "a/b", "../x", "a\n", "\u202e", "\0", "x".repeat(256), 7, null].map((name) => ({
        ...archive,
        name,
      })),
      { artifact: `sha256:${"0".repeat(64)}` },
      null,
    ]) {
      const refused = await world.service.plan({ pack, inputs: { archive: wrong, n: 3 } }, world.bearer);
      t.equal(refusalOf(refused), "ORDER_INPUT", JSON.stringify(wrong));
    }
    const gone = [{ mode: "644", path: "f", sha256: "0".repeat(64), size: 10 }];
    const outside = [{ mode: "644", path: "../f", sha256: archive.artifact.slice(7), size: 10 }];
    for (const listing of ["some bytes", "[{}]", JSON.stringify(gone), JSON.stringify(outside)]) {
      const inputs = { archive, tree: { artifact: await put(listing) }, n: 3 };
      const refused = await world.service.plan({ pack, inputs }, world.bearer);
      t.match(refused, {
        fault: { diagnostics: [{ code: "ORDER_INPUT", file: "request#/inputs/tree", hint: /listing/ }] },
      });
      t.notMatch(JSON.stringify(refused), "packrun-order-", "no path of this machine");
    }
    const elsewhere = await world.service.plan({ pack, inputs: { archive, n: 3 } }, localBearer("t2"));
    t.equal(refusalOf(elsewhere), "ORDER_INPUT", "what another tenant has stored is not there");
    t.equal(refusalOf(await world.service.plan({ pack, inputs: { archive, n: "3" } }, world.bearer)), "INPUT_TYPE");
  },
);

t.test("a value that an order lacks is told where the order would have it", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(
    STEP,
    "  inputs: {tree: {type: directory, required: true}, n: {type: integer, required: true}}",
  );
  const refused = await world.service.plan({ pack, inputs: {} }, world.bearer);
  const found = ["n", "tree"].map((name) => ({
    code: "INPUT_MISSING",
    message: `input "${name}" has no value`,
    file: `request#/inputs/${name}`,
    hint: /^give it in "inputs" of the order/,
  }));
  t.match(refused, { fault: { kind: "findings", diagnostics: found } });
});

t.test("what is not there, or is not what was approved, makes no run", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(STEP);
  const submit = async (order: object): Promise<string> =>
    refusalOf(await world.service.submit({ pack, inputs: {}, ...order }, world.bearer));
  t.equal(await submit({ pack: { upload: `sha256:${"0".repeat(64)}` } }), "UPLOAD_UNKNOWN");
  t.equal(await submit({ pack: { upload: "../../etc" } }), "UPLOAD_UNKNOWN");
  t.equal(await submit({ pack: { ref: "acme/none@1.0.0" } }), "REGISTRY_UNKNOWN");
  const unknown = await world.service.submit({ pack: { ref: "acme/none@1.0.0" }, inputs: {} }, world.bearer);
  t.match(unknown, { fault: { fault: { hint: /this server's registry/ } } });
  t.equal(await submit({ pack: { ref: "./pack" } }), "REGISTRY_UNKNOWN");
  t.equal(await submit({ planHash: `sha256:${"0".repeat(64)}` }), "PLAN_HASH_MISMATCH");
  t.equal(await submit({ secrets: ["token"] }), "SECRET_UNDECLARED");
  t.match((await world.service.metrics()).text, /packrun_plan_mismatch_total 1/);
  const folder = uploadFolder("upload" in pack ? pack.upload : "", world.workplace.settings) ?? "";
  copyFileSync(join(folder, "pack.yaml"), join(folder, "more.txt"));
  t.equal(await submit({}), "UPLOAD_UNKNOWN", "an upload that was changed is none");
  t.same(await world.workplace.store.index.unfinished(), []);
});

t.test("secrets are those that the order names and the operator configured for the tenant", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(
    `    - {id: a, env: {T: {secret: token}}, run: {command: [echo, hello]}}`,
    "  secrets: {token: {}}",
  );
  const submit = async (secrets: readonly string[]): Promise<string> =>
    refusalOf(await world.service.submit({ pack, inputs: {}, secrets }, world.bearer));
  t.equal(await submit(["token"]), "SECRET_NOT_CONFIGURED");
  const tenants = { default: { token: { provider: "env", locator: "TOKEN" } } };
  const settings = { ...world.workplace.settings, secrets: { places: { commands: {}, vault: {} }, tenants } };
  const { metrics } = world;
  const rich = openService({ workplace: { ...world.workplace, settings }, limits: serviceLimits({}), metrics });
  for (const named of [{}, { secrets: [] }]) {
    t.equal(refusalOf(await rich.submit({ pack, inputs: {}, ...named }, world.bearer)), "SECRET_UNRESOLVED");
  }
  t.equal(refusalOf(await rich.submit({ pack, inputs: {}, secrets: ["token"] }, world.bearer)), "ok");
});

t.test("a run that was started elsewhere is left to the workers when it is resumed", async (t) => {
  const world = await serviceWorld(t);
  const plain = await world.place.start(world.workplace);
  const key = { tenantId: plain.tenantId, runId: plain.runId };
  t.equal(await world.service.queueOf(key), undefined);
  t.match(await world.service.resume(key, world.bearer), { ok: true, value: { status: "pending" } });
  t.match(await world.service.resume(key, world.bearer), { ok: true }, "as often as one likes");
  t.match(await world.service.queueOf(key), { position: 1 });
  world.worker().start();
  await world.until(key, "succeeded");
});

t.test("the queue of a run is made again from what stands with it", async (t) => {
  const world = await serviceWorld(t);
  const key = await world.submit({ pack: await world.upload(STEP), inputs: {}, priority: 7 });
  await world.workplace.store.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(world.place.here(`state/packrun.db${suffix}`), { force: true });
  }
  const again = await world.place.open();
  t.match(await again.store.index.unfinished(), [{ runId: key.runId, status: "pending", queue: { priority: 7 } }]);
});

type Site = { readonly workplace: Workplace; readonly bearer: Bearer; readonly root: string };

/** A site with a trust root that maps a token to `ann`, and an attestor of its own. */
async function site(
  t: Test,
  attestorRoles: readonly string[],
): Promise<Site & { readonly world: Awaited<ReturnType<typeof serviceWorld>> }> {
  const world = await serviceWorld(t);
  const { place } = world;
  const tools = { keyring: fileKeyring, now: Date.now, stateFolder: place.here("state") };
  const [rita, host] = [
    value(await fileKeyring.writePair(place.here("rita"), "ed25519")),
    value(await fileKeyring.writePair(place.here("host"), "ed25519")),
  ];
  const root = place.here("trust-root.json");
  value(await trustInit({ trustDomain: "acme", rootKeys: [rita.publicFile], out: root }, tools));
  value(await trustAdd({ file: root, keyFile: host.publicFile, principal: "host", roles: attestorRoles }, tools));
  const document = JSON.parse(await readFile(root, "utf8")) as Record<string, Json>;
  const tokens = [{ iss: "https://login.example", sub: "u-1", principal: "ann" }];
  await writeFile(root, canonicalBytes({ ...document, tokens }));
  place.write("packrun.config.yaml", "trust: trust-root.json\nattestor: {key: host.key}\n");
  const workplace = { ...(await place.open()), runner: scriptedRunner };
  const bearer = { tenantId: tenantOf("default"), issuer: "https://login.example", subject: "u-1", scopes: [] };
  return { world, workplace, bearer, root };
}

t.test(
  "whoever bears a token requests as the principal that the trust root maps it to, and the evidence verifies",
  async (t) => {
    const { world, workplace, bearer, root } = await site(t, ["run-attestor"]);
    const metrics = new ServiceMetrics();
    const service = openService({ workplace, limits: serviceLimits({}), metrics });
    t.match(await service.ready(), { ok: true });
    const pack = await world.upload(STEP);
    const stranger = { ...bearer, subject: "u-2" };
    t.equal(refusalOf(await service.submit({ pack, inputs: {} }, stranger)), "BEARER_UNKNOWN");
    const { runId } = taken(await service.submit({ pack, inputs: {} }, bearer));
    await using worker = new Worker({ workplace, metrics, limits: serviceLimits({}), note: () => undefined });
    worker.start();
    await world.until({ tenantId: bearer.tenantId, runId }, "succeeded");
    const path = join(workplace.settings.stateFolder, "evidence", runId);
    const { sha256, verifySignature, clock } = workplace;
    const verdict = value(
      await verifyEvidence({ path, trustRoot: await readFile(root) }, { sha256, verifySignature, now: clock.now }),
    );
    t.match(verdict, { verdict: "verified" });
    t.match(JSON.stringify(verdict.checks), /requested by ann/);
  },
);

t.test("a key that may request itself cannot vouch for who bears a token", async (t) => {
  const { world, workplace, bearer } = await site(t, ["run-attestor", "requester"]);
  const service = openService({ workplace, limits: serviceLimits({}), metrics: new ServiceMetrics() });
  const pack = await world.upload(STEP);
  t.equal(refusalOf(await service.submit({ pack, inputs: {} }, bearer)), "BEARER_ATTESTOR");
});

t.test("nor can one that may request this pack itself, and one that attests others only signs nothing", async (t) => {
  const cases = [
    ["requester", ["acme/*"], "BEARER_ATTESTOR"],
    ["requester", ["other/*"], "ok"],
    ["run-attestor", ["other/*"], "ROLE_SCOPE"],
  ] as const;
  for (const [role, packs, expected] of cases) {
    const { world, workplace, bearer, root } = await site(t, ["run-attestor", "requester"]);
    const document = JSON.parse(await readFile(root, "utf8")) as TrustRootDocument;
    const { requester: _, ...others } = document.roles;
    const roles = role === "requester" ? document.roles : others;
    await writeFile(root, canonicalBytes({ ...document, roles: { ...roles, [role]: { ...roles[role], packs } } }));
    const service = openService({ workplace, limits: serviceLimits({}), metrics: new ServiceMetrics() });
    const pack = await world.upload(STEP);
    t.equal(refusalOf(await service.submit({ pack, inputs: {} }, bearer)), expected, `${role} ${packs.join()}`);
  }
});
