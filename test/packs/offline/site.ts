import type { RevocationPlace } from "#app/revocation-standing.ts";
import type { Settings } from "#app/settings.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import { nodeSha256 as sha256, nodeVerifySignature as verifySignature } from "#signer/node-crypto.ts";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { revocations, type SampleRevocations } from "../../trust/sample-revocations.ts";
import { keys, type Holder } from "./keys.ts";

/** When everything was made that has a time in it. */
export const START: number = Date.UTC(2026, 0, 5, 8);

const SINCE = "2020-01-01T00:00:00.000Z";
/** Far away, so that samples are good on whatever day somebody looks at them. */
const UNTIL = "2100-01-01T00:00:00.000Z";

const known = Object.entries(keys).filter(([name]) => name !== "stranger");
const role = (...names: readonly Holder[]): { readonly keyids: readonly string[]; readonly threshold: number } => ({
  keyids: names.map((name) => keys[name].key.keyid),
  threshold: 1,
});

/** The trust root of all samples. */
export const trustRoot: Uint8Array = canonicalBytes({
  schema: "packrun.trust-root/v1",
  trustDomain: "samples",
  version: 1,
  issuedAt: SINCE,
  expires: UNTIL,
  keys: Object.fromEntries(
    known.map(([name, { key }]) => [
      key.keyid,
      {
        alg: key.alg,
        pem: key.pem,
        principal: name,
        validFrom: SINCE,
        validUntil: name === "publisher-before" ? "2024-01-01T00:00:00.000Z" : UNTIL,
      },
    ]),
  ),
  roles: {
    root: role("root"),
    "pack-publisher": { ...role("publisher", "publisher-before"), packs: ["acme/*", "packrun/*"] },
    requester: role("requester"),
    "run-attestor": role("attestor"),
    approver: role("approver-1", "approver-2", "requester"),
    revoker: role("revoker"),
  },
  policy: { minVersion: { "acme/tool": "1.0.0" } },
});

/** What every list of the samples has in common. */
const LIST: SampleRevocations = { trustDomain: "samples", issuedAt: "2026-01-05T00:00:00.000Z", nextUpdate: UNTIL };

/** A signed list of the samples' trust domain. */
export function listOf(sample: SampleRevocations = {}): ReturnType<typeof revocations> {
  return revocations(keys.revoker.signer, { ...LIST, ...sample });
}

export type SampleSite = AsyncDisposable & {
  readonly folder: string;
  readonly place: RevocationPlace & { readonly settings: Settings };
};

/** A folder of this machine with the root, its list and a state folder in it, until it is disposed. */
export async function openSite(root: Uint8Array = trustRoot): Promise<SampleSite> {
  const folder = mkdtempSync(join(tmpdir(), "packrun-samples-"));
  const stateFolder = join(folder, ".packrun");
  mkdirSync(stateFolder);
  const trustFile = join(folder, "trust-root.json");
  writeFileSync(trustFile, root);
  const { list, sidecar } = await listOf();
  writeFileSync(join(folder, "revocations.json"), list);
  writeFileSync(join(folder, "revocations.json.sigstore.json"), sidecar);
  const tenantId = parseTenantId("default") as TenantId;
  const settings = { tenantId, stateFolder, artifactsPath: join(stateFolder, "artifacts"), trustFile, configFiles: [] };
  return {
    folder,
    place: { settings, sha256, verifySignature, now: () => START },
    [Symbol.asyncDispose]: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  };
}
