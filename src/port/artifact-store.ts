import type { Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";

/**
 * Bytes by digest.
 * 1. `put` streams in constant memory; when it returns, the bytes are durable under their digest.
 * 2. The same bytes may be put any number of times, by several processes at once.
 * 3. `open` yields exactly the bytes of the digest or ends in a fault: what was stored is checked while it is read.
 * 4. A `put` that fails or is interrupted leaves nothing under any digest.
 * 5. `stage` puts the bytes at a path outside the store, mode 444 (or 555), without reading them into memory.
 */
export type ArtifactStore = {
  readonly put: (tenant: TenantId, bytes: AsyncIterable<Uint8Array>) => Promise<Result<StoredArtifact>>;
  readonly has: (tenant: TenantId, digest: Digest) => Promise<boolean>;
  readonly open: (tenant: TenantId, digest: Digest) => AsyncIterable<Uint8Array>;
  readonly stage: (tenant: TenantId, digest: Digest, path: string, executable: boolean) => Promise<Result<void>>;
};

export type StoredArtifact = { readonly digest: Digest; readonly size: number };
