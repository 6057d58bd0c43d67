import { chmod, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import { hexOf, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { stageTree } from "../stage-tree.ts";

/**
 * The host files that a run's steps see: copies out of the artifact store in a folder that the steps' user can reach,
 * each made once. `folder` is fresh, empty and belongs to one runner process.
 */
export class Workspace implements AsyncDisposable {
  readonly #folder: string;
  readonly #artifacts: ArtifactStore;
  readonly #tenantId: TenantId;
  readonly #staged = new Map<string, Promise<Result<string>>>();
  readonly #marks = new Map<string, string>();

  constructor(folder: string, artifacts: ArtifactStore, tenantId: TenantId) {
    this.#folder = folder;
    this.#artifacts = artifacts;
    this.#tenantId = tenantId;
  }

  /** A file under the name that its step expects; the path of its copy. */
  file(digest: Digest, name: string): Promise<Result<string>> {
    const path = join(this.#folder, "files", hexOf(digest), name);
    return this.#once(path, () => this.#stageFile(digest, path, false));
  }

  /** A folder, from the listing that is stored under its tree digest; the path of its copy. */
  tree(digest: Digest): Promise<Result<string>> {
    const path = join(this.#folder, "trees", hexOf(digest));
    return this.#once(path, async () => {
      const staged = await stageTree(this.#artifacts, this.#tenantId, digest, path, {
        folder: makePassable,
        file: (file, at, executable) => this.#stageFile(file, at, executable),
      });
      return staged.ok ? ok(path) : staged;
    });
  }

  /** True while the copy at `path` is the one that was staged: same inode, size and times. */
  async untouched(path: string): Promise<boolean> {
    const mark = this.#marks.get(path);
    return mark !== undefined && mark === (await markOf(path).catch(() => undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #once(path: string, stage: () => Promise<Result<string>>): Promise<Result<string>> {
    const before = this.#staged.get(path);
    if (before !== undefined) {
      return before;
    }
    const work = stage().catch(storeFaultOf);
    this.#staged.set(path, work);
    return work;
  }

  async #stageFile(digest: Digest, path: string, executable: boolean): Promise<Result<string>> {
    await makePassable(dirname(path));
    const staged = await this.#artifacts.stage(this.#tenantId, digest, path, executable);
    if (!staged.ok) {
      return staged;
    }
    this.#marks.set(path, await markOf(path));
    return ok(path);
  }
}

/** Makes a folder and those above it so that a step's user gets through, whatever the umask of this process. */
async function makePassable(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) {
    return;
  }
  for (let at = path; at.length >= first.length; at = dirname(at)) {
    await chmod(at, 0o755);
  }
}

/** Streams of a store can only throw; so do the file system's calls on a full disk. */
function storeFaultOf(error: unknown): Result<string> {
  if (error instanceof StoreError) {
    return fail(error.fault);
  }
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return fail(faultOf(storeCodes, "STORE_FULL", { problem: "no room to stage the files of a step" }));
  }
  throw error;
}

async function markOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, mode } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, mode].join(":");
}
