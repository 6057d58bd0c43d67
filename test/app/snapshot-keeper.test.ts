import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { snapshotKeeper, snapshotPath, type SnapshotRun } from "#app/snapshot-keeper.ts";
import { sealRun } from "#app/seal-run.ts";
import { digestOf, hexOf } from "#canon/digest.ts";
import type { EvidenceManifest } from "#evidence/evidence-manifest.ts";
import { MANIFEST_PATH } from "#evidence/evidence-path.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { finishedRun, keys, must, sha256, verifySignature, type World } from "./sealed-world.ts";

type Given = World & { readonly events: readonly LedgerEvent[]; readonly run: SnapshotRun };

async function finished(): Promise<Given> {
  const world = await finishedRun();
  const { identity, plan, ports } = world;
  const events = await Array.fromAsync(ports.ledger.read(identity));
  const run = { identity, plan, attestor: keys.attestor, verifier: ports.verifier };
  return { ...world, events, run };
}

/** What a snapshot of the run up to this event lists. */
async function taken(
  { run, ports }: Given,
  { sequence, hash }: LedgerEvent,
  artifacts: ArtifactStore = ports.artifacts,
): Promise<EvidenceManifest["hashes"]> {
  const { ledger, engine } = ports;
  const store = { ledger } as Parameters<typeof snapshotKeeper>[1]["store"];
  const clock = tickingClock();
  const keeper = snapshotKeeper(run, { store, artifacts, sha256, verifySignature, clock, engine });
  const digest = must(await keeper.take({ sequence, hash }));
  const bytes = must(await ledger.getFile(run.identity, snapshotPath(sequence)));
  t.equal(digestOf(bytes, sha256), digest);
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as EvidenceManifest;
  t.equal(manifest.final, false);
  return manifest.hashes;
}

const artifactsOf = (hashes: EvidenceManifest["hashes"]): EvidenceManifest["hashes"] =>
  hashes.filter(({ role }) => role === "artifact");

t.test(
  "the last snapshot lists the same artifacts as the sealed bundle, directories and what is in them too",
  async (t) => {
    const given = await finished();
    const { identity, ports, folder, events } = given;
    const last = events.at(-1);
    must(await sealRun(identity, ports, folder));
    const sealed = JSON.parse(readFileSync(join(folder, MANIFEST_PATH), "utf8")) as EvidenceManifest;
    const listed = last === undefined ? [] : artifactsOf(await taken(given, last));
    t.equal(listed.length, 3, "a file, a listing, and the file that it lists");
    t.strictSame(listed, artifactsOf(sealed.hashes));
  },
);

t.test("a snapshot lists what was captured up to its event, and nothing that came later", async (t) => {
  const given = await finished();
  const captured = given.events.filter(({ eventType }) => eventType === "step.artifact");
  const [first, second] = captured;
  const before = given.events[(first?.sequence ?? 0) - 2];
  if (first === undefined || second === undefined || before === undefined) {
    throw new Error("nothing was captured");
  }
  t.equal(artifactsOf(await taken(given, before)).length, 0);
  t.equal(artifactsOf(await taken(given, first)).length, 1, "while the step is under way");
  const both = artifactsOf(await taken(given, second));
  t.equal(both.length, 3);
  const parts = second.eventType === "step.artifact" ? second.metadata.digest : undefined;
  t.ok(parts !== undefined && both.some((file) => file.sha256 === hexOf(parts)), "the listing itself");
});

t.test("a directory that the store has lost is no snapshot, and no end of the run", async (t) => {
  const given = await finished();
  const { sequence = 0, hash } = given.events.at(-1) ?? {};
  const { ledger, engine } = given.ports;
  const store = { ledger } as Parameters<typeof snapshotKeeper>[1]["store"];
  const artifacts = memoryArtifactStore();
  const keeper = snapshotKeeper(given.run, {
    store,
    artifacts,
    sha256,
    verifySignature,
    clock: tickingClock(),
    engine,
  });
  t.match(await keeper.take({ sequence, hash: hash ?? given.identity.planHash }), {
    ok: false,
    fault: { code: "ARTIFACT_MISSING" },
  });
});
