import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { packRunPredicate, type PackRun } from "#attest/pack-run.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { sealRun } from "#app/seal-run.ts";
import { signStatement } from "#app/sign-statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex, digestOfJson, hexOf } from "#canon/digest.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import type { EvidenceManifest } from "#evidence/evidence-manifest.ts";
import { mediaTypeOf, roleOf } from "#evidence/evidence-path.ts";
import { ok } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import type { LedgerEvent } from "#run/event.ts";
import { eventBytes, genesisHash } from "#run/ledger-chain.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import type { Verdict } from "#verify/verdict.ts";
import { verify, type VerifyOptions } from "#verify/verify.ts";
import { host, keys, LATER, must, sha256, verifySignature, type World } from "../app/sealed-world.ts";

export type Files = Map<string, Uint8Array>;

const MANIFEST = "evidence.manifest.json";
const ATTESTATION = "evidence.manifest.json.sigstore.json";

/** A bundle in memory. */
export function filesOf(folder: string): Files {
  const paths = globSync("**", { cwd: folder }).filter((path) => statSync(join(folder, path)).isFile());
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(folder, path))]));
}

/** Small chunks, so that nothing depends on how a file is cut. */
export function memorySource(files: Files, width = 1000): BundleSource {
  return {
    list: async () => ok([...files].map(([path, bytes]) => ({ path, size: bytes.length }))),
    open: async function* open(path) {
      const bytes = files.get(path) ?? new Uint8Array();
      for (let at = 0; at < bytes.length; at += width) {
        yield bytes.slice(at, at + width);
      }
    },
  };
}

export function check(files: Files, trustRoot?: Uint8Array, more: Partial<VerifyOptions> = {}): Promise<Verdict> {
  const options = { at: LATER, requireDsse: false, ...(trustRoot === undefined ? {} : { trustRoot }), ...more };
  return verify(memorySource(files), options, host);
}

/** `check: CODE` of everything that failed or is stale, in the order of the report. */
export function findings(verdict: Verdict): readonly string[] {
  return verdict.checks.flatMap((found) => ("code" in found ? [`${found.name}: ${found.code}`] : []));
}

export type Resign = {
  readonly manifest?: (manifest: EvidenceManifest) => object;
  readonly predicate?: (predicate: PackRun) => object;
  readonly signer?: keyof typeof keys | Signer;
};

/** What someone who holds the attestor's key can do: manifest and attestation made anew over changed files. */
export async function resign(files: Files, how: Resign = {}): Promise<Files> {
  const before = JSON.parse(Buffer.from(files.get(MANIFEST) ?? "{}").toString()) as EvidenceManifest;
  const declared = new Map(before.hashes.map((file) => [file.path, file]));
  const hashes = [...files]
    .filter(([path]) => path !== MANIFEST && path !== ATTESTATION)
    .map(([path, bytes]) => ({
      path,
      sha256: hexOf(digestOf(bytes, sha256)),
      size: bytes.length,
      mediaType: declared.get(path)?.mediaType ?? mediaTypeOf(path),
      role: declared.get(path)?.role ?? roleOf(path) ?? "artifact",
    }))
    .toSorted((a, b) => compareUtf8(a.path, b.path));
  const remade: EvidenceManifest = { ...before, hashes };
  const manifest = canonicalBytes(how.manifest?.(remade) ?? remade);
  const manifestDigest = digestOf(manifest, sha256);
  const envelope = must(readSidecar(files.get(ATTESTATION) ?? new Uint8Array(), "own"));
  const old = must(readStatement(envelope.payload, packRunPredicate));
  const ledger = files.get("ledger.jsonl") ?? new Uint8Array();
  const predicate: PackRun = {
    ...old.predicate,
    ledger: { ...old.predicate.ledger, digest: digestOf(ledger, sha256) },
    evidence: {
      manifestDigest,
      fileCount: hashes.length,
      totalBytes: hashes.reduce((sum, file) => sum + file.size, 0),
    },
  };
  const [, ...further] = old.subject.map(({ name, digest }) => ({ name, digest: digestOfHex(digest.sha256) }));
  const { signer = "attestor" } = how;
  const signed = await signStatement(
    typeof signer === "string" ? keys[signer] : signer,
    {
      predicate: packRunPredicate,
      subjects: [{ name: MANIFEST, digest: manifestDigest }, ...further],
      value: (how.predicate?.(predicate) ?? predicate) as PackRun,
    },
    { sha256, verifySignature },
  );
  return new Map([...files, [MANIFEST, manifest], [ATTESTATION, must(signed).sidecar]]);
}

/** The events of a bundle. */
export function eventsOf(files: Files): LedgerEvent[] {
  const text = Buffer.from(files.get("ledger.jsonl") ?? "").toString();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LedgerEvent);
}

/** These events as a ledger whose chain holds: numbered anew, none earlier than the one before. */
export function chained(world: Pick<World, "identity">, events: readonly LedgerEvent[]): Uint8Array {
  let prev = genesisHash(world.identity, sha256);
  let time = "";
  const lines = events.map((event, at) => {
    time = event.timestamp > time ? event.timestamp : time;
    const { hash: _hash, ...rest } = { ...event, sequence: at + 1, prev, timestamp: time };
    prev = digestOfJson(rest, sha256);
    return eventBytes({ ...rest, hash: prev } as LedgerEvent);
  });
  return Buffer.concat(lines);
}

/** What a dishonest runner can do: seal a ledger that it made up, with files of its choice. */
export async function forge(
  world: World,
  edit: (events: LedgerEvent[]) => readonly LedgerEvent[],
  replace: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Files> {
  const ledger = chained(world, edit(eventsOf(filesOf(world.folder))));
  const folder = `${world.folder}-forged-${(forged += 1)}`;
  const store: World["ports"]["ledger"] = {
    ...world.ports.ledger,
    readRaw: async function* readRaw() {
      yield ledger;
    },
    getFile: async (key, path) => {
      const other = replace.get(path);
      return other === undefined ? world.ports.ledger.getFile(key, path) : ok(other);
    },
  };
  must(await sealRun(world.identity, { ...world.ports, ledger: store }, folder));
  return filesOf(folder);
}
let forged = 0;
