import type { Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";

/**
 * Bytes by digest.
 * 1. `put` streams in constant memory; when it returns, the bytes are durable under their digest.
 * 2. The same bytes may be put any number of times, by several processes at once.
 * 3. `open` yields exactly the bytes of the digest or ends in a fault: what was stored is checked while it is read.
 * 4. A `put` that fails or is interrupted leaves nothing under any digest.
 *    What a process that ended left of one is removed by puts of others, or by `sweep` where there is one: it gives the
 *    number of pieces that were removed, and throws a `StoreError` where the medium fails.
 * 5. `stage` puts the bytes at a path outside the store, mode 444 (or 555), without reading them into memory.
 */
export type ArtifactStore = {
  readonly put: (tenant: TenantId, bytes: AsyncIterable<Uint8Array>) => Promise<Result<StoredArtifact>>;
  readonly has: (tenant: TenantId, digest: Digest) => Promise<boolean>;
  readonly open: (tenant: TenantId, digest: Digest) => AsyncIterable<Uint8Array>;
  readonly stage: (tenant: TenantId, digest: Digest, path: string, executable: boolean) => Promise<Result<void>>;
  readonly sweep?: () => Promise<number>;
};

export type StoredArtifact = { readonly digest: Digest; readonly size: number };
