import { createHash } from "node:crypto";
import { chmod, rename, open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkBundledTools } from "#bundle/check-bundled-tools.ts";
import { openBlob, type BundleLayout } from "#bundle/read-layout.ts";
import { digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import { withImportDraft } from "./import-draft.ts";
import { makeFolder } from "./make-folder.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { openPackBundle, type OpenPackBundle } from "./pack-bundle-file.ts";
import { bundleFromLayout } from "./pack-bundle-from-layout.ts";
import { verifyPackPinned, type PackVerifyRequest, type PinnedPackVerdict } from "./pack-bundle-verify.ts";
import { listPacks, registryEntry, type RegistryEntry } from "./pack-registry.ts";
import { verdictRecord } from "./record-verdict.ts";
import { renewPack, type Judge } from "./renew-pack.ts";
import type { Settings } from "./settings.ts";
import { syncFolder, syncFolders } from "./sync-folder.ts";
import type { VerifyTools } from "./verify-evidence.ts";
import { writeAll } from "./write-all.ts";

export type ImportOrder = PackVerifyRequest & {
  readonly registry: string;
  /** Of packrun. */
  readonly version: string;
  /** Ends the import: what was written of it is gone when its listeners were called, and nothing can be kept any more. */
  readonly signal?: AbortSignal;
  /** Has the pack in a verified bundle read elsewhere than in this thread, as `checkBundledTools` does. */
  readonly checkPack?: (bundle: string) => Promise<Result<void>>;
};

export type ImportedPack = {
  readonly found: PinnedPackVerdict;
  /** Where it lies now; absent when the verdict is not `verified`: then nothing was kept. */
  readonly kept?: {
    readonly name: string;
    readonly version: string;
    readonly packDigest: Digest;
    readonly folder: string;
    /** False when this very pack was there already. */
    readonly isNew: boolean;
    /** This very pack was there already, in another bundle, and this one took its place. */
    readonly isRenewed: boolean;
  };
};

/**
 * Verifies a pack bundle and puts it into the registry, whole or not at all. It is copied first and the copy is what is
 * verified: nobody can exchange it in between. Only `verified` is taken, neither failed nor stale, and nothing turns that off.
 * Where the very pack is there already its bundle is replaced, as `renewPack` has it. Faults: those of `verifyPackPinned` and
 * `checkBundledTools`, PACK_LAYOUT, PACK_BUNDLE_WRITE, REGISTRY_CONFLICT.
 */
export async function importPackBundle(
  order: ImportOrder,
  settings: Settings,
  tools: VerifyTools,
): Promise<Result<ImportedPack>> {
  const opened = await openPackBundle(order.path);
  if (!opened.ok) {
    return opened;
  }
  await using given = opened.value;
  try {
    return await withImportDraft(order.registry, order.signal, async (draft) => {
      const staged = entryAt(join(draft, "entry"));
      await makeFolder(staged.folder, 0o755);
      const copied = await copyBundle(given, order.path, staged.bundle, tools.sha256);
      if (!copied.ok) {
        return copied;
      }
      const judge: Judge = (path) => verifyPackPinned({ ...order, path }, settings, tools);
      const found = await judge(staged.bundle);
      if (!found.ok) {
        return found;
      }
      const { layout } = found.value;
      return layout === undefined || found.value.verdict.verdict !== "verified"
        ? ok({ found: found.value })
        : keep(order, staged, layout, found.value, judge, tools);
    });
  } catch (error) {
    return fail(
      faultOf(packBundleUseCodes, "PACK_BUNDLE_WRITE", { path: order.registry, problem: systemProblem(error) }),
    );
  }
}

/** An archive byte by byte; a folder with its layout as the archive that it was. Fault: PACK_LAYOUT. */
async function copyBundle(
  { archive }: OpenPackBundle,
  path: string,
  out: string,
  sha256: Sha256,
): Promise<Result<unknown>> {
  if (archive === undefined) {
    const gathered = await bundleFromLayout({ folder: path, out }, sha256);
    await (gathered.ok ? chmod(out, 0o444) : undefined);
    return gathered;
  }
  await writeFile(out, 0o444, archive.read(0, archive.size));
  return ok(undefined);
}

async function keep(
  order: ImportOrder,
  staged: RegistryEntry,
  layout: BundleLayout,
  found: PinnedPackVerdict,
  judge: Judge,
  tools: VerifyTools,
): Promise<Result<ImportedPack>> {
  const copy = await openPackBundle(staged.bundle);
  if (!copy.ok) {
    return copy;
  }
  await using bundle = copy.value;
  const listed = await bundle.source.list();
  if (!listed.ok) {
    return listed;
  }
  const named = await (order.checkPack?.(staged.bundle) ?? checkBundledTools(bundle.source, layout, tools.sha256));
  if (!named.ok) {
    return named;
  }
  await writePack(bundle, layout, staged.pack);
  const record = await verdictRecord(found.verdict, { now: tools.now, version: order.version });
  await writeFile(staged.verdict, 0o444, [record]);
  const { name, version, packDigest } = layout.pack;
  const entry = registryEntry(order.registry, { name, version });
  const { folder } = entry;
  const about = { name, version, packDigest, folder };
  await syncFolders(staged.folder);
  if (await moveInto(staged.folder, folder, order.registry)) {
    return ok({ found, kept: { ...about, isNew: true, isRenewed: false } });
  }
  const before = (await listPacks(order.registry)).find((each) => each.name === name && each.version === version);
  if (before?.packDigest !== packDigest) {
    return fail(faultOf(packBundleUseCodes, "REGISTRY_CONFLICT", { pack: `${name}@${version}`, folder }));
  }
  const renewed = await renewPack(staged, entry, layout, judge, tools.sha256);
  return renewed.ok ? ok({ found, kept: { ...about, isNew: false, isRenewed: renewed.value } }) : renewed;
}

/** Writes the files of a verified pack, whose names are plain and relative on every system. */
async function writePack({ source }: OpenPackBundle, { pack }: BundleLayout, folder: string): Promise<void> {
  for (const { path, mode, sha256 } of pack.listing) {
    const target = join(folder, path);
    await makeFolder(dirname(target), 0o755);
    const digest = await writeFile(target, mode === "755" ? 0o555 : 0o444, openBlob(source, digestOfHex(sha256)));
    if (digest !== sha256) {
      throw new Error(`${path} changed after it was verified`);
    }
  }
}

/** A new file with these bytes, on the medium; the SHA-256 of what was written. */
async function writeFile(
  path: string,
  mode: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const hash = createHash("sha256");
  await using handle: FileHandle = await open(path, "wx", 0o600);
  for await (const chunk of chunks) {
    hash.update(chunk);
    await writeAll(handle, chunk);
  }
  await handle.chmod(mode);
  await handle.sync();
  return hash.digest("hex");
}

/**
 * False when there is something in its place already: then that stands. What is moved is on the medium before it has its
 * name, and so are the names of the folders above it when this returns: a power cut leaves all of it or nothing.
 */
async function moveInto(draft: string, folder: string, registry: string): Promise<boolean> {
  await makeFolder(dirname(folder), 0o755);
  try {
    await rename(draft, folder);
    for (let above = dirname(folder); above.length >= registry.length; above = dirname(above)) {
      await syncFolder(above);
    }
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") {
      return false;
    }
    throw error;
  }
}

function entryAt(folder: string): RegistryEntry {
  const bundle = join(folder, "bundle.packbundle.tar");
  return { folder, bundle, verdict: `${bundle}.verdict.json`, pack: join(folder, "pack") };
}
