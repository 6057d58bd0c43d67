import { constants } from "node:fs";
import { chmod, copyFile, link, rm, stat } from "node:fs/promises";
import type { Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { checkFile } from "./checked-bytes.ts";
import { mediumFault, systemCodeOf } from "#fault/medium-fault.ts";

/** Smaller files are copied: a link saves little there and shares its bytes with the store. */
const LINK_SIZE = 1024 * 1024;
/** Files whose check is remembered. */
const REMEMBERED = 10_000;
/** Another file system, too many links, a file system without links, links forbidden for this user. */
const NO_LINK = new Set(["EXDEV", "EMLINK", "EPERM", "ENOTSUP", "EOPNOTSUPP", "EACCES"]);

/**
 * Puts stored files where steps see them, checked.
 * 1. A file is hashed once as long as device, inode, size and times stay the same.
 * 2. Large files are hard links: they share bytes and mode with the store, so they are for read-only mounts. Executable
 *    and small ones are copies (reflinks where the file system has them), checked after they were made.
 */
export class ArtifactStaging {
  readonly #checked = new Map<string, string>();

  async stage(stored: string, digest: Digest, path: string, executable: boolean): Promise<Result<void>> {
    try {
      const { size } = await stat(stored);
      if (executable || size < LINK_SIZE || !(await this.#link(stored, digest, path))) {
        await copy(stored, digest, path, executable ? 0o555 : 0o444);
      }
      return ok(undefined);
    } catch (error) {
      const code = error instanceof StoreError ? undefined : systemCodeOf(error);
      if (code === "EEXIST") {
        return fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
      }
      return fail(code === "ENOENT" ? faultOf(storeCodes, "ARTIFACT_MISSING", { digest }) : mediumFault(error));
    }
  }

  /** False where there can be no link, or where the file changed while it was checked. */
  async #link(stored: string, digest: Digest, path: string): Promise<boolean> {
    const before = await fingerprint(stored);
    if (this.#checked.get(stored) !== before.whole) {
      await checkFile(stored, digest);
    }
    try {
      await link(stored, path);
    } catch (error) {
      if (NO_LINK.has(systemCodeOf(error) ?? "")) {
        return false;
      }
      throw error;
    }
    const after = await fingerprint(path);
    if (after.content !== before.content) {
      await rm(path, { force: true });
      return false;
    }
    this.#remember(stored, after.whole);
    return true;
  }

  #remember(stored: string, print: string): void {
    const [oldest] = this.#checked.keys();
    if (this.#checked.size >= REMEMBERED && oldest !== undefined) {
      this.#checked.delete(oldest);
    }
    this.#checked.set(stored, print);
  }
}

/** A link changes the inode's change time, so `content` leaves that out. */
async function fingerprint(path: string): Promise<{ readonly content: string; readonly whole: string }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const content = [dev, ino, size, mtimeNs].join(":");
  return { content, whole: `${content}:${ctimeNs}` };
}

async function copy(stored: string, digest: Digest, path: string, mode: number): Promise<void> {
  await copyFile(stored, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  try {
    await chmod(path, mode);
    await checkFile(path, digest);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
