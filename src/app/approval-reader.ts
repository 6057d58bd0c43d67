import { createHash } from "node:crypto";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { BundleReader } from "#verify/bundle-reader.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";

/** Reads the files of one approval folder. */
export class CaseReader {
  readonly #reader: BundleReader;
  readonly #name: string;

  constructor(reader: BundleReader, name: string) {
    this.#reader = reader;
    this.#name = name;
  }

  has(path: string): boolean {
    return this.#reader.has(path);
  }

  /** A whole file of at most 64 MiB. */
  async document(path: string): Promise<Result<Uint8Array>> {
    if (!this.has(path)) {
      return this.bad(`${path} is missing`);
    }
    const read = await this.#reader.document(path);
    return read.ok ? read : this.bad(read.fault.message);
  }

  /** SHA-256 (bare hex) of a file of any size. */
  async hexOf(path: string): Promise<Result<string>> {
    if (!this.has(path)) {
      return this.bad(`${path} is missing`);
    }
    const seen = await this.#reader.stream(path, () => undefined);
    return seen.ok ? ok(seen.value.sha256) : this.bad(seen.fault.message);
  }

  bad(problem: string): Result<never> {
    return fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER", { path: this.#name, problem }));
  }

  other(file: string, problem: string): Result<never> {
    return fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER_MISMATCH", { file, problem }));
  }
}

/** `name` is what faults call the folder. Fault: APPROVAL_FOLDER. */
export async function openCaseReader(source: BundleSource, name: string): Promise<Result<CaseReader>> {
  const files = await source.list();
  return files.ok
    ? ok(new CaseReader(new BundleReader(source, files.value, startHash), name))
    : fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER", { path: name, problem: files.fault.message }));
}

function startHash(): { readonly update: (bytes: Uint8Array) => void; readonly digest: () => Uint8Array } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
