import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RevocationPlace } from "#app/revocation-standing.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import type { Signer } from "#port/signer.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { revocations, type SampleRevocations } from "../trust/sample-revocations.ts";
import { document, people, role, rootOf, type Document } from "../trust/world.ts";

export type RevocationDesk = {
  readonly dir: string;
  readonly rootFile: string;
  readonly listFile: string;
  readonly root: TrustRoot;
  /** The time is `at`; it stays until it is set. */
  readonly place: RevocationPlace & { at: number };
  /** Puts a signed list where it is looked for. */
  readonly put: (sample?: SampleRevocations, signer?: Signer) => Promise<void>;
  readonly read: () => {
    readonly sequence: number;
    readonly entries: readonly object[];
    readonly [member: string]: unknown;
  };
};

export const START: number = Date.UTC(2026, 0, 10);

/** A trust root in which `carol` revokes, with nothing beside it yet, and a state folder. */
export function revocationDesk(
  t: { readonly teardown: (work: () => void) => void },
  change: (document: Document) => void = () => undefined,
): RevocationDesk {
  const dir = mkdtempSync(join(tmpdir(), "packrun-revoke-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const stateFolder = join(dir, ".packrun");
  mkdirSync(stateFolder);
  const edit = (made: Document): void => {
    made.roles = { ...made.roles, revoker: role("carol", "retired") };
    change(made);
  };
  const made = document();
  edit(made);
  const rootFile = join(dir, "trust-root.json");
  writeFileSync(rootFile, canonicalBytes(made));
  const listFile = join(dir, "revocations.json");
  const place = {
    at: START,
    now: () => place.at,
    settings: { trustFile: rootFile, stateFolder },
    verifySignature,
    sha256,
    pause: () => Promise.resolve(),
  };
  return {
    dir,
    rootFile,
    listFile,
    root: rootOf(edit),
    place,
    put: async (sample = {}, signer = people.carol.signer) => {
      const { list, sidecar } = await revocations(signer, sample);
      writeFileSync(listFile, list);
      writeFileSync(`${listFile}.sigstore.json`, sidecar);
    },
    read: () => JSON.parse(readFileSync(listFile, "utf8")) as ReturnType<RevocationDesk["read"]>,
  };
}

export const after = (ms: number): Timestamp => timestampOf(START + ms);
