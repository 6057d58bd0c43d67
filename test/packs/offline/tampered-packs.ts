import { canonicalBytes } from "#canon/canonical-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { BLOCK } from "#evidence/ustar.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { packOf, resum, type BundleSample } from "../../bundle/bundle-world.ts";
import { END, entryOf } from "../tampered/tampered-case.ts";
import { keys } from "./keys.ts";
import { entriesOf, FIELDS, planOf, TOOL, toolWith } from "./pack-samples.ts";
import { tampered, type Sample } from "./sample.ts";
import { openSite, type SampleSite } from "./site.ts";

type Entries = Map<string, Uint8Array>;
const zeros = `sha256:${"0".repeat(64)}`;

type Json = Record<string, unknown>;
type Manifest = Json & { readonly layers: (Json & { readonly annotations: Json })[] };
type Index = Json & { manifests: (Json & { digest: string; size: number })[] };

const hexOf = (bytes: Uint8Array): string => Buffer.from(nodeSha256(bytes)).toString("hex");
const blobPath = (bytes: Uint8Array): string => `blobs/sha256/${hexOf(bytes)}`;
const jsonOf = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? "").toString());
const rankOf = (path: string): number => ["oci-layout", "index.json"].indexOf(path) + 1 || 3;

function archived(entries: ReadonlyMap<string, Uint8Array>): Buffer {
  const sorted = [...entries].toSorted(([a], [b]) => rankOf(a) - rankOf(b) || compareUtf8(a, b));
  return Buffer.concat([...sorted.map(([path, bytes]) => entryOf(path, bytes)), END]);
}

/** An entry with another header, whose checksum is right. */
export function oddEntry(path: string, bytes: Uint8Array, change: (header: Buffer) => void): Buffer {
  const entry = entryOf(path, bytes);
  const header = entry.subarray(0, BLOCK);
  change(header);
  resum(header);
  return entry;
}

/** Archives that are not in the one form: the good bundle, `tool`, with other entries. */
function oddArchives(tool: Buffer): readonly Sample[] {
  const content = tool.subarray(0, -END.length);
  const odd = (name: string, code: string, bytes: Uint8Array): Sample => tampered(`pack-${name}`, code, { bytes });
  const behind = (path: string, bytes: Uint8Array, change: (header: Buffer) => void = () => undefined): Buffer =>
    Buffer.concat([content, oddEntry(path, bytes, change), END]);
  const ofType = (type: string) => (header: Buffer) => void header.write(type, FIELDS.type);
  const last = `blobs/sha256/${"f".repeat(64)}`;
  const empty = new Uint8Array();
  const linked = (type: string) => (header: Buffer) => {
    header.write(type, FIELDS.type);
    header.write("../../../etc/passwd", FIELDS.linkName);
  };
  const first = (change: (header: Buffer) => void): Buffer => {
    const changed = Buffer.from(tool);
    change(changed.subarray(0, BLOCK));
    resum(changed.subarray(0, BLOCK));
    return changed;
  };
  const pax = Buffer.from("27 path=../../../x/payload\n");
  const padded = Buffer.from(tool);
  padded[2 * BLOCK - 1] = 1;
  return [
    odd("trailing-data", "PACK_BUNDLE_TRAILING", Buffer.concat([tool, Buffer.from("more")])),
    odd("cut-off", "PACK_BUNDLE_TRUNCATED", tool.subarray(0, tool.length - 3 * BLOCK)),
    odd("without-end", "PACK_BUNDLE_TRUNCATED", content),
    odd("padding-with-data", "PACK_BUNDLE_PADDING", padded),
    odd("pax-header", "PACK_BUNDLE_EXTENDED_HEADER", behind("PaxHeaders/x", pax, ofType("x"))),
    odd("gnu-long-name", "PACK_BUNDLE_EXTENDED_HEADER", behind("././@LongLink", pax, ofType("L"))),
    odd("symbolic-link", "PACK_BUNDLE_LINK", behind(last, empty, linked("2"))),
    odd("hard-link", "PACK_BUNDLE_LINK", behind(last, empty, linked("1"))),
    odd("device", "PACK_BUNDLE_ENTRY_TYPE", behind(last, empty, ofType("3"))),
    odd("folder-entry", "PACK_BUNDLE_ENTRY_TYPE", behind("blobs/", empty, ofType("5"))),
    odd("traversal-name", "PACK_BUNDLE_PATH_TRAVERSAL", behind("blobs/../../escaped", empty)),
    odd("absolute-name", "PACK_BUNDLE_PATH_ABSOLUTE", behind("/etc/cron.d/x", empty)),
    odd("windows-name", "PACK_BUNDLE_PATH_WINDOWS", behind("blobs\\sha256\\x", empty)),
    odd("foreign-name", "PACK_BUNDLE_PATH_FOREIGN", behind("install.sh", empty)),
    odd("name-in-capitals", "PACK_BUNDLE_PATH_CASE", behind(last.toUpperCase(), empty)),
    odd("duplicate-entry", "PACK_BUNDLE_DUPLICATE", behind("index.json", Buffer.from("{}"))),
    odd("out-of-order", "PACK_BUNDLE_ORDER", behind(`blobs/sha256/${"0".repeat(64)}`, empty)),
    odd(
      "with-a-time",
      "PACK_BUNDLE_HEADER",
      first((header) => void header.write("00000000001", FIELDS.mtime)),
    ),
    odd(
      "lying-size",
      "PACK_BUNDLE_DOCUMENT",
      first((header) => void header.write("00000001000", FIELDS.size)),
    ),
    odd(
      "endless-size",
      "PACK_BUNDLE_TRUNCATED",
      first((header) => void header.write("77777777777", FIELDS.size)),
    ),
  ];
}

/** Good archives whose blobs are not what the manifests say, or whose manifests say something else. */
function oddContents(tool: Uint8Array): readonly Sample[] {
  const good = entriesOf(tool);
  const odd = (name: string, code: string, change: (entries: Entries) => void): Sample => {
    const entries = new Map(good);
    change(entries);
    return tampered(`pack-${name}`, code, { bytes: archived(entries) });
  };
  const names = blobPath(Buffer.from(TOOL["names.txt"] ?? ""));
  const script = blobPath(Buffer.from(TOOL["greet.sh"] ?? ""));
  /** Another image manifest, which index and archive name rightly. */
  const remade = (entries: Entries, change: (manifest: Manifest) => Uint8Array | undefined): void => {
    const index = jsonOf(entries.get("index.json")) as Index;
    const [first] = index.manifests;
    const before = `blobs/sha256/${first?.digest.slice("sha256:".length)}`;
    const manifest = jsonOf(entries.get(before)) as Manifest;
    const bytes = change(manifest) ?? canonicalBytes(manifest);
    entries.delete(before);
    entries.set(blobPath(bytes), bytes);
    index.manifests[0] = { ...first, digest: `sha256:${hexOf(bytes)}`, size: bytes.length };
    entries.set("index.json", canonicalBytes(index));
  };
  const titled = (at: number, title: string) => (entries: Entries) =>
    remade(entries, ({ layers }) => {
      const annotations = layers[at]?.annotations ?? {};
      annotations["org.opencontainers.image.title"] = title;
      return undefined;
    });
  return [
    odd("swapped-layer", "PACK_BUNDLE_BLOB_DIGEST", (entries) => entries.set(names, Buffer.from("Eve\nGrace\n"))),
    odd("exchanged-layers", "PACK_BUNDLE_BLOB_SIZE", (entries) => {
      entries.set(names, good.get(script) ?? new Uint8Array());
      entries.set(script, good.get(names) ?? new Uint8Array());
    }),
    odd("wrong-blob-name", "PACK_BUNDLE_BLOB_MISSING", (entries) => {
      entries.delete(names);
      entries.set(`blobs/sha256/${"a".repeat(64)}`, good.get(names) ?? new Uint8Array());
    }),
    odd("missing-blob", "PACK_BUNDLE_BLOB_MISSING", (entries) => entries.delete(script)),
    odd("extra-blob", "PACK_BUNDLE_BLOB_UNLISTED", (entries) => {
      const bytes = Buffer.from("what nobody lists\n");
      entries.set(blobPath(bytes), bytes);
    }),
    odd("without-index", "PACK_BUNDLE_DOCUMENT", (entries) => entries.delete("index.json")),
    odd("non-canonical-index", "PACK_BUNDLE_DOCUMENT", (entries) => {
      entries.set("index.json", Buffer.concat([entries.get("index.json") ?? new Uint8Array(), Buffer.from("\n")]));
    }),
    odd("non-canonical-manifest", "PACK_BUNDLE_DOCUMENT", (entries) =>
      remade(entries, (manifest) => Buffer.from(JSON.stringify(manifest, undefined, 1))),
    ),
    odd("unknown-member", "PACK_BUNDLE_DOCUMENT", (entries) =>
      remade(entries, (manifest) => canonicalBytes({ ...manifest, urls: [] })),
    ),
    odd("file-out-of-the-pack", "PACK_BUNDLE_PATH_TRAVERSAL", titled(2, "../names.txt")),
    odd("renamed-file", "PACK_BUNDLE_DOCUMENT", titled(2, "names2.txt")),
    odd("twins-in-case", "PACK_BUNDLE_PATH_CASE", titled(2, "Readme.md")),
  ];
}

/** The same as folders. */
function oddFolders(tool: Uint8Array): readonly Sample[] {
  const odd = (name: string, code: string, path: string, content: string): Sample =>
    tampered(`pack-folder-${name}`, code, { files: new Map([...entriesOf(tool), [path, Buffer.from(content)]]) });
  const names = blobPath(Buffer.from(TOOL["names.txt"] ?? ""));
  return [
    odd("with-a-foreign-file", "PACK_BUNDLE_PATH_FOREIGN", "README.txt", "hello\n"),
    odd("with-a-blob-in-capitals", "PACK_BUNDLE_PATH_CASE", `blobs/sha256/${"F".repeat(64)}`, ""),
    odd("with-an-extra-blob", "PACK_BUNDLE_BLOB_UNLISTED", `blobs/sha256/${"f".repeat(64)}`, ""),
    odd("with-a-swapped-layer", "PACK_BUNDLE_BLOB_DIGEST", names, "Eve\nGrace\n"),
    odd("with-a-longer-layer", "PACK_BUNDLE_BLOB_SIZE", names, "Ada\nGrace\nEve\n"),
  ];
}

/** What only somebody with a key can make: everything else is as it should be. */
async function oddWords(site: SampleSite): Promise<readonly Sample[]> {
  const plan = await planOf(TOOL, site);
  const otherPlan = await planOf({ ...TOOL, "pack.yaml": (TOOL["pack.yaml"] ?? "").replace("1.2.0", "1.2.1") }, site);
  const none = Buffer.from("{}");
  const odd = async (
    name: string,
    code: string,
    sample: BundleSample,
    verdict: Sample["verdict"] = "failed",
  ): Promise<Sample> => tampered(`pack-${name}`, code, { bytes: (await toolWith(sample)).bytes }, { verdict });
  const as = (name: string, version: string): BundleSample => ({
    pack: { name, version },
    files: {
      ...TOOL,
      "pack.yaml": (TOOL["pack.yaml"] ?? "").replace("acme/tool, version: 1.2.0", `${name}, version: ${version}`),
    },
  });
  const edited = (edit: (sidecar: Sidecar) => unknown) => (bytes: Uint8Array) =>
    canonicalBytes(edit(jsonOf(bytes) as Sidecar));
  const other = (await toolWith(as("acme/other", "1.2.0"))).files.publisher?.[0];
  return Promise.all([
    odd("stripped-publisher", "PACK_ATTESTATION_MISSING", { without: ["publisher"] }),
    odd("stripped-sbom", "PACK_SBOM_MISSING", { without: ["sbom"] }),
    odd("stripped-sbom-attestation", "PACK_SBOM_UNATTESTED", { without: ["sbom-attestation"] }),
    odd("stripped-revocations", "PACK_REVOCATIONS_MISSING", { without: ["revocations"] }),
    odd("added-referrer", "PACK_REFERRERS_MISMATCH", { claim: { referrers: [] } }),
    odd("sbom-without-a-file", "PACK_SBOM_MISMATCH", {
      sbom: (sbom) => ({ ...sbom, components: sbom.components.slice(1) }),
    }),
    odd("sbom-with-another-digest", "PACK_SBOM_MISMATCH", {
      sbom: (sbom) => ({
        ...sbom,
        components: sbom.components.map((component, at) =>
          at === 0 ? { ...component, hashes: [{ alg: "SHA-256", content: "0".repeat(64) }] } : component,
        ),
      }),
    }),
    odd("sbom-that-nobody-attests", "PACK_SBOM_UNATTESTED", {
      attestedSbom: (sbom) => ({ ...sbom, components: sbom.components.slice(1) }),
    }),
    odd("revoked", "REVOKED_PACK", { list: { entries: [["pack", "acme/tool@1.2.0"]] } }),
    odd("revoked-by-digest", "REVOKED_PACK", {
      list: { entries: [["pack", packOf(TOOL).packDigest]] },
    }),
    odd("stale-list", "REVOCATIONS_STALE", { list: { nextUpdate: "2026-01-06T00:00:00.000Z" } }, "stale"),
    odd("list-of-another-domain", "REVOCATIONS_DOMAIN", { list: { trustDomain: "elsewhere" } }),
    odd("list-by-the-publisher", "ROLE_NOT_HELD", { revoker: keys.publisher.signer }),
    odd("out-of-scope", "ROLE_SCOPE", as("elsewhere/tool", "1.2.0")),
    odd("no-publisher", "ROLE_NOT_HELD", { publisher: keys.attestor }),
    odd("stranger", "SIGNATURE_KEY_UNKNOWN", { publisher: keys.stranger }),
    odd("key-out-of-window", "KEY_WINDOW", { publisher: keys["publisher-before"] }, "stale"),
    odd("below-minimum", "PACK_BELOW_MINIMUM", as("acme/tool", "0.9.0")),
    odd("claim-of-another-version", "PACK_CLAIM_MISMATCH", { claim: { version: "1.3.0" } }),
    odd("claim-of-another-domain", "PACK_CLAIM_MISMATCH", { claim: { trustDomain: "elsewhere" } }),
    odd("claim-of-a-plan", "PACK_PLAN_MISMATCH", { claim: { plan: { hash: zeros, canonicalPlanPath: "plan" } } }),
    odd("plan-of-another-pack", "PACK_PLAN_MISMATCH", { plan: otherPlan }),
    odd("plan-that-is-none", "PLAN_FILE", { plan: { ...plan, plan: none } }),
    odd("lock-of-another-plan", "PACK_PLAN_MISMATCH", { plan: { ...plan, lock: otherPlan.lock } }),
    odd("lock-that-is-none", "INPUTS_LOCK_FILE", { plan: { ...plan, lock: none } }),
    odd("stripped-plan", "PACK_PLAN_MISMATCH", { plan, without: ["plan"] }),
    odd("revoked-plan", "REVOKED_PLAN", { plan, list: { entries: [["plan", plan.planHash]] } }),
    odd("sbom-statement-with-a-member-twice", "STATEMENT_NOT_CANONICAL", {
      sbomStatement: (payload) =>
        Buffer.from(
          Buffer.from(payload)
            .toString()
            .replace("Statement/v1", "Statement/v0.1")
            .replace('"bomFormat":', '"bomFormat":"x","bomFormat":'),
        ),
    }),
    odd("attestation-of-another-pack", "STATEMENT_SUBJECT", { attestation: () => other ?? new Uint8Array() }),
    odd("two-signatures", "ENVELOPE_SIGNATURES", {
      attestation: edited(({ dsseEnvelope: { signatures, ...envelope }, ...sidecar }) => ({
        ...sidecar,
        dsseEnvelope: { ...envelope, signatures: [...signatures, ...signatures] },
      })),
    }),
    odd("another-payload", "SIGNATURE_INVALID", {
      attestation: edited(({ dsseEnvelope, ...sidecar }) => {
        const payload = Buffer.from(dsseEnvelope.payload, "base64").toString().replace("1.2.0", "1.2.1");
        return { ...sidecar, dsseEnvelope: { ...dsseEnvelope, payload: Buffer.from(payload).toString("base64") } };
      }),
    }),
  ]);
}

type Sidecar = Json & {
  readonly dsseEnvelope: Json & { readonly payload: string; readonly signatures: readonly unknown[] };
};

/** Every tampered pack bundle; `tool` is the good one, at `path`. */
export async function tamperedPacks(tool: Sample): Promise<readonly Sample[]> {
  const { path, bytes = new Uint8Array() } = tool;
  await using place = await openSite();
  const site = (name: string, code: string, list: string): Sample =>
    tampered(`pack-${name}`, code, { path }, { args: ["--revocations", `site/${list}.json`] });
  return [
    ...oddArchives(Buffer.from(bytes)),
    ...oddContents(bytes),
    ...(await oddWords(place)),
    ...oddFolders(bytes),
    site("revoked-by-the-site", "REVOKED_PACK", "pack-revoked"),
    site("publisher-revoked-by-the-site", "REVOKED_KEY", "publisher-revoked"),
    tampered("pack-of-another-plan", "ASSERTED_PLAN_MISMATCH", { path }, { args: ["--plan-hash", zeros] }),
    tampered("pack-root-expired", "TRUST_ROOT_EXPIRED", { path }, { verdict: "stale", at: "2100-01-01T00:00:00.000Z" }),
  ];
}
