import { createHash, randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOfHex, hexOf, isDigest, type Digest } from "#canon/digest.ts";
import { tenantPrefix, type TenantId } from "#canon/ids.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { ArtifactStore, StoredArtifact } from "#port/artifact-store.ts";
import { checkedBytes } from "./checked-bytes.ts";
import { makeFolder, syncFolder } from "./durable-file.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { hasDied, processOwner } from "#store/process/process-owner.ts";
import { ArtifactStaging } from "./artifact-staging.ts";

const INCOMING = "incoming";
/** Chunks smaller than this are gathered before they are written. */
const WRITE_SIZE = 64 * 1024;

/** Artifacts as files `<root>/sha256/ab/<hex>`, mode 444. Tenants share nothing, not even equal bytes. */
export function fileArtifactStore(root: string): ArtifactStore {
  const staging = new ArtifactStaging();
  const owner = processOwner();
  let cleaned: Promise<void> | undefined;
  const pathOf = (tenant: TenantId, digest: Digest): string => {
    const hex = hexOf(digest);
    return join(root, tenantPrefix(tenant), "sha256", hex.slice(0, 2), hex);
  };
  return {
    put: async (tenant, bytes) => {
      const temporary = join(root, INCOMING, `${owner}~${randomBytes(6).toString("hex")}`);
      try {
        await onMedium(async () => {
          await makeFolder(join(root, INCOMING));
          await (cleaned ??= removeLeftovers(join(root, INCOMING)).catch(() => undefined));
        });
        const stored = await receive(temporary, bytes);
        await onMedium(async () => keep(temporary, pathOf(tenant, stored.digest)));
        return ok(stored);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        return failed(error);
      }
    },
    has: async (tenant, digest) =>
      isDigest(digest) && (await stat(pathOf(tenant, digest)).catch(() => undefined))?.isFile() === true,
    open: (tenant, digest) => checkedBytes(pathOf(tenant, digest), digest),
    stage: async (tenant, digest, path, executable) => {
      try {
        await makeFolder(dirname(path));
        return await staging.stage(pathOf(tenant, digest), digest, path, executable);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** Marks errors of the medium, so that those of a put's own source are told from them. */
async function onMedium<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError(mediumFault(error));
  }
}

/** Faults of the medium are results; an error of the bytes' source goes on to whoever gave the source. */
function failed(error: unknown): Result<never> {
  if (error instanceof StoreError) {
    return fail(error.fault);
  }
  throw error;
}

/** Removes what processes left behind that have died. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (hasDied(name.split("~")[0] ?? "")) {
      await rm(join(folder, name), { force: true });
    }
  }
}

async function receive(path: string, bytes: AsyncIterable<Uint8Array>): Promise<StoredArtifact> {
  const file = await onMedium(async () => open(path, "wx"));
  try {
    const hash = createHash("sha256");
    let size = 0;
    let gathered: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of bytes) {
      hash.update(chunk);
      size += chunk.length;
      length += chunk.length;
      // A source may use the memory of a chunk again; what is not written at once is copied.
      gathered.push(length < WRITE_SIZE ? Uint8Array.from(chunk) : chunk);
      if (length >= WRITE_SIZE) {
        await onMedium(async () => writeAll(file, gathered));
        gathered = [];
        length = 0;
      }
    }
    await onMedium(async () => {
      await writeAll(file, gathered);
      await file.chmod(0o444);
      await file.sync();
    });
    return { digest: digestOfHex(hash.digest("hex")), size };
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const bytes = chunks.length === 1 ? (chunks[0] ?? new Uint8Array(0)) : Buffer.concat(chunks);
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}

/** Puts a whole file under its digest. Replacing equal bytes is harmless, and repairs damaged ones. */
async function keep(temporary: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
