import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { checkEvidenceTarget, standingBundle } from "#app/evidence-target.ts";
import { sealRun } from "#app/seal-run.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { LedgerEvent } from "#run/event.ts";
import { verdictOf } from "./evidence-files.ts";
import { finishedRun, must, samplePlan, sealedRun, type World } from "./sealed-world.ts";
import { chained, eventsOf, filesOf } from "../verify/bundle-tools.ts";

t.test("a finished run is sealed into the layout, and verified", async (t) => {
  const world = await sealedRun();
  t.equal((await verdictOf(world.folder, world.trustRoot)).verdict, "verified");
  const paths = [...filesOf(world.folder).keys()].filter((path) => !path.startsWith("artifacts/"));
  t.same(paths, [
    "approvals/ok/1.sigstore.json",
    "approvals/ok/2.sigstore.json",
    "approvals/ok/request.json",
    "approvals/ok/request.json.sigstore.json",
    "evidence.manifest.json",
    "evidence.manifest.json.sigstore.json",
    "inputs.lock",
    "ledger.jsonl",
    "outputs.json",
    "pack.manifest.json",
    "plan.canonical.json",
    "policies/check.json",
    "request.sigstore.json",
    "trust/trust-root.json",
  ]);
  t.equal(statSync(join(world.folder, "ledger.jsonl")).mode & 0o777, 0o444);
});

t.test("sealing again leaves the bundle as it is", async (t) => {
  const world = await finishedRun();
  const first = must(await sealRun(world.identity, world.ports, world.folder));
  const before = filesOf(world.folder);
  const second = must(await sealRun(world.identity, world.ports, world.folder));
  t.equal(first.made, true);
  t.equal(second.made, false);
  t.equal(second.manifestDigest, first.manifestDigest);
  t.same(filesOf(world.folder), before);
});

t.test("what is no folder is refused before a run", async (t) => {
  const folder = t.testdir({ file: "mine", link: t.fixture("symlink", "absent"), empty: {} });
  const problem = async (...path: readonly string[]) => {
    const checked = await checkEvidenceTarget(join(folder, ...path));
    return checked.ok ? undefined : [checked.fault.code, checked.fault.data?.["problem"]];
  };
  t.strictSame(await problem("file"), ["EVIDENCE_TARGET", "it is no folder"]);
  t.strictSame(await problem("link"), ["EVIDENCE_TARGET", "it is no folder"]);
  t.strictSame(await problem("file", "below"), ["EVIDENCE_TARGET", "a part of its path is no folder"]);
  t.strictSame(await problem(), ["EVIDENCE_TARGET", "it is not empty"]);
  t.equal(await problem("empty"), undefined);
  t.equal(await problem("absent", "below"), undefined);
});

t.test("a folder with anything else in it is refused, and stays as it is", async (t) => {
  const refused = { ok: false, fault: { code: "EVIDENCE_TARGET" } };
  const other = await sealedRun({ number: 2 });
  const world = await finishedRun();
  const before = filesOf(other.folder);
  t.match(await sealRun(world.identity, world.ports, other.folder), refused, "the bundle of another run");
  t.same(filesOf(other.folder), before);
  mkdirSync(world.folder);
  writeFileSync(join(world.folder, "notes.txt"), "mine");
  t.match(await sealRun(world.identity, world.ports, world.folder), refused, "a folder in use");
  t.same(readdirSync(world.folder), ["notes.txt"]);
  const empty = join(world.folder, "empty");
  mkdirSync(empty);
  t.match(await sealRun(world.identity, world.ports, empty), { ok: true, value: { made: true } });
});

t.test("two sealers at once leave one whole bundle", async (t) => {
  const world = await finishedRun();
  const other = { ...world.ports };
  await Promise.allSettled([
    sealRun(world.identity, world.ports, world.folder),
    sealRun(world.identity, other, world.folder),
  ]);
  must(await sealRun(world.identity, world.ports, world.folder));
  t.equal((await verdictOf(world.folder, world.trustRoot)).verdict, "verified");
  t.same(
    readdirSync(dirname(world.folder)).filter((name) => name.startsWith(".")),
    [],
  );
});

t.test("what a sealer left behind that died is removed", async (t) => {
  const world = await finishedRun();
  const left = join(dirname(world.folder), `.${basename(world.folder)}.4194999.00c0ffee.tmp`);
  mkdirSync(left);
  writeFileSync(join(left, "ledger.jsonl"), "half");
  must(await sealRun(world.identity, world.ports, world.folder));
  t.notOk(existsSync(left));
});

const withLedger = (world: World, edit: (events: LedgerEvent[]) => readonly LedgerEvent[], events: LedgerEvent[]) => ({
  ...world.ports,
  ledger: {
    ...world.ports.ledger,
    readRaw: async function* readRaw() {
      yield chained(world, edit(events));
    },
  },
});

t.test("a run that is not over, a ledger with a gap, and one with an unended step are refused", async (t) => {
  const world = await sealedRun();
  const events = eventsOf(filesOf(world.folder));
  const folder = `${world.folder}-other`;
  const open = await sealRun(
    world.identity,
    withLedger(world, (all) => all.slice(0, -1), events),
    folder,
  );
  t.match(open, { ok: false, fault: { code: "RUN_NOT_FINISHED" } });
  const without = withLedger(world, (all) => all.filter((event) => event.eventType !== "step.succeeded"), events);
  t.match(await sealRun(world.identity, without, folder), { ok: false, fault: { code: "TIMELINE_INCOMPLETE" } });
  const whole = chained(world, events);
  const gap = {
    ...world.ports,
    ledger: {
      ...world.ports.ledger,
      readRaw: async function* readRaw() {
        yield whole.subarray(0, 1000);
        yield whole.subarray(1001);
      },
    },
  };
  t.match(await sealRun(world.identity, gap, folder), { ok: false, fault: { code: "LEDGER_BROKEN" } });
  t.notOk(existsSync(folder), "nothing is left");
  t.same(
    readdirSync(dirname(world.folder)).filter((name) => name.startsWith(".")),
    [],
  );
});

async function* corruptBytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  throw new StoreError(faultOf(storeCodes, "ARTIFACT_CORRUPT", { digest: "sha256:…" }));
}

t.test("a ledger that does not end where the run ended is refused", async (t) => {
  const world = await finishedRun();
  const last = (await Array.fromAsync(world.ports.ledger.read(world.identity))).at(-1);
  const head = { sequence: last?.sequence ?? 0, hash: last?.hash ?? world.identity.planHash };
  const broken = { ok: false, fault: { code: "LEDGER_BROKEN" } };
  for (const other of [
    { ...head, sequence: head.sequence + 1 },
    { ...head, hash: world.identity.planHash },
  ]) {
    t.match(await sealRun(world.identity, { ...world.ports, head: other }, world.folder), broken);
    t.notOk(existsSync(world.folder));
  }
  t.match(await sealRun(world.identity, { ...world.ports, head }, world.folder), { ok: true, value: { made: true } });
});

t.test("an artifact or file that the store does not give ends the sealing, and nothing is left", async (t) => {
  const world = await finishedRun();
  const artifacts = { ...world.ports.artifacts, open: corruptBytes };
  const corrupt = await sealRun(world.identity, { ...world.ports, artifacts }, world.folder);
  t.match(corrupt, { ok: false, fault: { code: "ARTIFACT_CORRUPT" } });
  const ledger = {
    ...world.ports.ledger,
    getFile: async (key: Parameters<typeof world.ports.ledger.getFile>[0], path: string) =>
      path.endsWith("request.json")
        ? fail(faultOf(storeCodes, "FILE_MISSING", { path }))
        : world.ports.ledger.getFile(key, path),
  };
  const missing = await sealRun(world.identity, { ...world.ports, ledger }, world.folder);
  t.match(missing, { ok: false, fault: { code: "FILE_MISSING" } });
  t.same(readdirSync(dirname(world.folder)), []);
});

t.test("a run is not attested beside another plan, lock or listing than its own", async (t) => {
  const world = await finishedRun();
  for (const spoilt of ["plan.canonical.json", "inputs.lock", "pack.manifest.json"]) {
    const ledger = {
      ...world.ports.ledger,
      getFile: async (key: Parameters<typeof world.ports.ledger.getFile>[0], path: string) => {
        const read = await world.ports.ledger.getFile(key, path);
        return read.ok && path === spoilt ? ok(Buffer.concat([read.value, Buffer.from(" ")])) : read;
      },
    };
    const sealed = await sealRun(world.identity, { ...world.ports, ledger, plan: samplePlan() }, world.folder);
    const fault = { code: "PLAN_DRIFT", data: { node: spoilt }, hint: new RegExp(`^the ${spoilt} beside`) };
    t.match(sealed, { ok: false, fault }, spoilt);
    t.same(readdirSync(dirname(world.folder)), [], "nothing is left");
  }
  t.match(await sealRun(world.identity, world.ports, world.folder), { ok: true, value: { made: true } });
});

t.test("a place that cannot be written is a fault of the store", async (t) => {
  const world = await finishedRun();
  writeFileSync(join(dirname(world.folder), "file"), "");
  const sealed = await sealRun(world.identity, world.ports, join(dirname(world.folder), "file", "bundle"));
  t.match(sealed, { ok: false, fault: { code: "STORE_UNAVAILABLE" } });
});

t.test("a run that ends before it starts is sealed too", async (t) => {
  const world = await sealedRun({ plan: samplePlan({ nodes: [] }) });
  t.equal((await verdictOf(world.folder, world.trustRoot)).verdict, "verified");
});

t.test("a bundle that another process puts there meanwhile is found, at whatever moment it comes", async (t) => {
  const world = await finishedRun();
  must(await sealRun(world.identity, world.ports, world.folder));
  const aside = `${world.folder}.aside`;
  for (let round = 0; round < 200; round += 1) {
    renameSync(world.folder, aside);
    const looked = standingBundle(world.folder, world.identity.runId, world.ports.sha256);
    await new Promise((resolve) => setTimeout(resolve, (round % 20) / 20));
    renameSync(aside, world.folder);
    t.match(await looked, { ok: true }, `round ${round}`);
  }
});
