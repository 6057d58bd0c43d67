import { createHash } from "node:crypto";
import { chmod, open, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import type { ManifestFile } from "#evidence/evidence-manifest.ts";
import { mediaTypeOf, roleOf } from "#evidence/evidence-path.ts";
import { writeAll } from "./write-all.ts";
import { makeFolder } from "./make-folder.ts";

/** Files that are brought to the medium at once: it takes many about as fast as one. */
const AT_ONCE = 8;

/**
 * Writes a bundle into a hidden sibling of its place and moves it there whole: a reader sees no bundle or all of it.
 * Every file and folder is on the medium before the move. Nothing can be added afterwards.
 */
export class BundleWriter implements AsyncDisposable {
  readonly #target: string;
  readonly #draft: string;
  readonly #folders = new Set<string>();
  readonly #files = new Map<string, ManifestFile>();
  /** Files whose bytes are on their way to the medium. */
  readonly #closing = new Set<Promise<void>>();
  #failed: { readonly error: unknown } | undefined;
  #moved = false;

  /** `draft` tells drafts of one bundle apart that several processes write at once. */
  constructor(target: string, draft: string) {
    this.#target = target;
    this.#draft = join(dirname(target), `.${basename(target)}.${draft}`);
  }

  /** What was written so far, but the files outside the layout: the manifest and its sidecar. */
  get files(): readonly ManifestFile[] {
    return [...this.#files.values()];
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  write(path: string, bytes: Uint8Array): Promise<ManifestFile | undefined> {
    return this.stream(path, [bytes]);
  }

  /** Streams into a new file; `tap` sees every chunk. The entry of the manifest, where the path has one. */
  async stream(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    more: { readonly mediaType?: string; readonly tap?: (chunk: Uint8Array) => void } = {},
  ): Promise<ManifestFile | undefined> {
    const handle = await this.#create(path);
    const hash = createHash("sha256");
    let size = 0;
    try {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        more.tap?.(chunk);
        await writeAll(handle, chunk);
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await this.#close(handle);
    const role = roleOf(path);
    if (role === undefined) {
      return undefined;
    }
    const mediaType = mediaTypeOf(path, more.mediaType);
    const file: ManifestFile = { path, sha256: hash.digest("hex"), size, mediaType, role };
    this.#files.set(path, file);
    return file;
  }

  /** Brings a file to the medium while the next ones are written; `finish` waits for all, and tells what failed. */
  async #close(handle: FileHandle): Promise<void> {
    const closing = bringToMedium(handle)
      .catch((error: unknown) => {
        this.#failed ??= { error };
      })
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    if (this.#closing.size >= AT_ONCE) {
      await Promise.race(this.#closing);
    }
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#closing);
    if (this.#failed !== undefined) {
      throw this.#failed.error;
    }
  }

  async #create(path: string): Promise<FileHandle> {
    const folder = dirname(join(this.#draft, path));
    if (!this.#folders.has(folder)) {
      await makeFolder(folder, 0o755);
      for (let at = folder; at.startsWith(this.#draft) && !this.#folders.has(at); at = dirname(at)) {
        this.#folders.add(at);
        await chmod(at, 0o755);
      }
    }
    return open(join(this.#draft, path), "wx", 0o600);
  }

  /** Moves the whole bundle into place. False when there is one already: then that one stands. */
  async finish(): Promise<boolean> {
    await this.#settled();
    const folders = [...this.#folders];
    for (let at = 0; at < folders.length; at += AT_ONCE) {
      await Promise.all(folders.slice(at, at + AT_ONCE).map(syncFolder));
    }
    try {
      await rename(this.#draft, this.#target);
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOTEMPTY" || code === "EEXIST") {
        return false;
      }
      throw error;
    }
    this.#moved = true;
    await syncFolder(dirname(this.#target));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closing);
    if (!this.#moved) {
      // What cannot be removed now is removed by the next one who seals this run.
      await rm(this.#draft, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function bringToMedium(handle: FileHandle): Promise<void> {
  try {
    await handle.chmod(0o444);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
