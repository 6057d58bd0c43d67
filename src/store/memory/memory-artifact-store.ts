import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import { concatBytes } from "#canon/bytes.ts";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";

/** Artifacts in this process, for tests and simulation: `put` keeps the bytes in memory, `stage` writes real files. */
export function memoryArtifactStore(): ArtifactStore {
  const kept = new Map<string, Uint8Array>();
  const find = (tenant: TenantId, digest: Digest): Uint8Array | undefined => kept.get(`${tenant}/${digest}`);
  return {
    put: async (tenant, bytes) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes) {
        chunks.push(Uint8Array.from(chunk));
      }
      const whole = concatBytes(...chunks);
      const digest = digestOfHex(createHash("sha256").update(whole).digest("hex"));
      kept.set(`${tenant}/${digest}`, whole);
      return ok({ digest, size: whole.length });
    },
    has: async (tenant, digest) => find(tenant, digest) !== undefined,
    open: async function* open(tenant, digest) {
      const bytes = find(tenant, digest);
      if (bytes === undefined) {
        throw new StoreError(faultOf(storeCodes, "ARTIFACT_MISSING", { digest }));
      }
      if (bytes.length > 0) {
        yield Uint8Array.from(bytes);
      }
    },
    stage: async (tenant, digest, path, executable) => {
      const bytes = find(tenant, digest);
      if (bytes === undefined) {
        return fail(faultOf(storeCodes, "ARTIFACT_MISSING", { digest }));
      }
      await mkdir(dirname(path), { recursive: true });
      const placed = await writeFile(path, bytes, { flag: "wx", mode: executable ? 0o555 : 0o444 }).then(
        () => true,
        (error: unknown) => {
          if (systemCode(error) === "EEXIST") {
            return false;
          }
          throw error;
        },
      );
      return placed ? ok(undefined) : fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
    },
  };
}
