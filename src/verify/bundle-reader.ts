import { MAX_SIDECAR_BYTES } from "#attest/sidecar.ts";
import { concatBytes, toHex } from "#canon/bytes.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { BundleFile, BundleSource, StreamHash } from "./bundle-source.ts";
import { bundleCodes } from "./bundle-codes.ts";

/** What the bytes of a file were when they were read. */
export type SeenFile = { readonly sha256: string; readonly size: number };

/** Documents and sidecars are read whole; nothing that packrun writes comes near this. Bytes. */
export const DOCUMENT_LIMIT: number = MAX_SIDECAR_BYTES;

/**
 * Reads a bundle's files, each once, and remembers the digest of the very bytes that were handed out: what was checked
 * is what the manifest names, even when somebody changes the files meanwhile.
 */
export class BundleReader {
  readonly #source: BundleSource;
  readonly #startHash: () => StreamHash;
  readonly #files: ReadonlyMap<string, BundleFile>;
  readonly #seen = new Map<string, SeenFile>();

  constructor(source: BundleSource, files: readonly BundleFile[], startHash: () => StreamHash) {
    this.#source = source;
    this.#startHash = startHash;
    this.#files = new Map(files.map((file) => [file.path, file]));
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  get files(): ReadonlyMap<string, BundleFile> {
    return this.#files;
  }

  /** What was read of this path so far. */
  seen(path: string): SeenFile | undefined {
    return this.#seen.get(path);
  }

  /** Streams a file to its end. Chunks are valid only during the call. Faults: EVIDENCE_FILE_MISSING, BUNDLE_UNREADABLE. */
  async stream(path: string, take: (chunk: Uint8Array) => void): Promise<Result<SeenFile>> {
    if (!this.#files.has(path)) {
      return fail(faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path }));
    }
    const hash = this.#startHash();
    let size = 0;
    try {
      for await (const chunk of this.#source.open(path)) {
        hash.update(chunk);
        size += chunk.length;
        take(chunk);
      }
    } catch (error) {
      const problem = readingProblem(error);
      return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path, problem }));
    }
    const seen = { sha256: toHex(hash.digest()), size };
    const before = this.#seen.get(path);
    if (before !== undefined && before.sha256 !== seen.sha256) {
      return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path, problem: "it changed while it was read" }));
    }
    this.#seen.set(path, seen);
    return ok(seen);
  }

  /** A whole small file. Faults: EVIDENCE_FILE_MISSING, BUNDLE_TOO_LARGE, BUNDLE_UNREADABLE. */
  async document(path: string): Promise<Result<Uint8Array>> {
    const file = this.#files.get(path);
    if (file === undefined) {
      return fail(faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path }));
    }
    if (file.size > DOCUMENT_LIMIT) {
      return fail(faultOf(bundleCodes, "BUNDLE_TOO_LARGE", { path, size: file.size, limit: DOCUMENT_LIMIT }));
    }
    const parts: Uint8Array[] = [];
    let kept = 0;
    const read = await this.stream(path, (chunk) => {
      // A file that grows under the reader is cut here; its digest then differs from the manifest's.
      if (kept + chunk.length <= DOCUMENT_LIMIT) {
        parts.push(chunk.slice());
        kept += chunk.length;
      }
    });
    return read.ok ? ok(concatBytes(...parts)) : read;
  }
}

/** A system error in words of our own, since its message names paths of this machine; else what the source itself says. */
export function readingProblem(error: unknown): string {
  return error instanceof Error && !("code" in error) ? error.message : systemProblem(error);
}
