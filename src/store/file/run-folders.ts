import { statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { equalBytes } from "#canon/bytes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { digest, fits, literal, object, string } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import { isRunFilePath } from "#run/run-file.ts";
import { makeFolder, placeFile, syncFolder, writeNewFile } from "./durable-file.ts";
import { mediumFault, systemCodeOf } from "#fault/medium-fault.ts";
import { hasDied } from "#store/process/process-owner.ts";

const SCHEMA = "packrun.run/v1";
const IDENTITY_FILE = "run.json";
const LEDGER_FILE = "ledger.jsonl";
/** Ledgers hold what steps print, locks hold inputs: a state folder that is made here is its owner's alone. */
const PRIVATE = 0o700;
/** Folders of runs that are being made: `.new~<owner>~<runId>`. */
const UNBORN = ".new~";

const identityShape = object({
  schema: literal(SCHEMA),
  runId: string(),
  tenantId: string(),
  trustDomain: string(),
  planHash: digest(),
});

/** A folder of the store that is called as a run is. */
export type StoredRun = { readonly runId: string; readonly identity: Result<RunIdentity> };

/** `runs/`: one folder for each run, made whole or not at all. */
export class RunFolders {
  readonly #root: string;

  constructor(stateFolder: string) {
    this.#root = join(stateFolder, "runs");
  }

  pathOf(key: RunKey, ...parts: readonly string[]): string {
    return join(this.#root, key.runId, ...parts);
  }

  ledgerOf(key: RunKey): string {
    return this.pathOf(key, LEDGER_FILE);
  }

  /** Makes the folder of runs, and removes what processes left behind that died while they made a run. */
  async prepare(): Promise<void> {
    await makeFolder(this.#root, PRIVATE);
    for (const name of await readdir(this.#root)) {
      if (name.startsWith(UNBORN) && hasDied(name.split("~")[1] ?? "")) {
        await rm(join(this.#root, name), { recursive: true, force: true });
      }
    }
  }

  /** False when a run of this id is there already. */
  async create(
    run: RunIdentity,
    files: ReadonlyMap<string, Uint8Array>,
    ledger: Uint8Array,
    owner: string,
  ): Promise<boolean> {
    const temporary = join(this.#root, `${UNBORN}${owner}~${run.runId}`);
    try {
      const { runId, tenantId, trustDomain, planHash } = run;
      const identity = canonicalBytes({ schema: SCHEMA, runId, tenantId, trustDomain, planHash });
      await writeTree(temporary, new Map([...files, [IDENTITY_FILE, identity], [LEDGER_FILE, ledger]]));
      if (!(await renamed(temporary, this.pathOf(run)))) {
        return false;
      }
      await syncFolder(this.#root);
      return true;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** RUN_UNKNOWN for another tenant's run as well. */
  async identity(key: RunKey): Promise<Result<RunIdentity>> {
    const unknown = fail(faultOf(storeCodes, "RUN_UNKNOWN", { runId: key.runId, tenantId: key.tenantId }));
    if (parseRunId(key.runId) === undefined) {
      return unknown;
    }
    const read = await this.#readIdentity(key.runId);
    return read.ok && read.value?.tenantId !== key.tenantId ? unknown : (read as Result<RunIdentity>);
  }

  /** Every run of every tenant; faults of damaged folders stand beside them. */
  async all(): Promise<readonly StoredRun[]> {
    const found: StoredRun[] = [];
    for (const name of (await readdir(this.#root)).sort()) {
      const read = parseRunId(name) === undefined ? ok(undefined) : await this.#readIdentity(name);
      if (!read.ok || read.value !== undefined) {
        found.push({ runId: name, identity: read as Result<RunIdentity> });
      }
    }
    return found;
  }

  async putFile(key: RunKey, path: string, bytes: Uint8Array): Promise<Result<void>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    try {
      const whole = this.pathOf(key, path);
      const placed = (await placeFile(whole, bytes)) || equalBytes(await readFile(whole), bytes);
      return placed ? ok(undefined) : fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
    } catch (error) {
      return fail(mediumFault(error));
    }
  }

  async getFile(key: RunKey, path: string): Promise<Result<Uint8Array>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    try {
      return ok(await readFile(this.pathOf(key, path)));
    } catch (error) {
      return unreadFile(key, path, error);
    }
  }

  /**
   * Any change to the file, its replacement included, moves one of these; `ctime` is set by nobody at will. One look costs
   * less than handing it to another thread, and a run takes one before every step.
   */
  async fileMark(key: RunKey, path: string): Promise<Result<string>> {
    if (!isRunFilePath(path)) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path }));
    }
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(this.pathOf(key, path), { bigint: true });
      return ok([dev, ino, size, mtimeNs, ctimeNs].join(":"));
    } catch (error) {
      return unreadFile(key, path, error);
    }
  }

  /** Undefined when there is no such run. */
  async #readIdentity(runId: string): Promise<Result<RunIdentity | undefined>> {
    const file = `runs/${runId}/${IDENTITY_FILE}`;
    let bytes: Uint8Array;
    try {
      bytes = await readFile(join(this.#root, runId, IDENTITY_FILE));
    } catch (error) {
      return ["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "") ? ok(undefined) : fail(mediumFault(error));
    }
    const read = readCanonicalJson(bytes, file);
    const identity = read.ok ? identityOf(read.value) : undefined;
    return identity?.runId === runId
      ? ok(identity)
      : fail(faultOf(storeCodes, "STORE_CORRUPT", { file, problem: "it does not name this run" }));
  }
}

function unreadFile({ runId }: RunKey, path: string, error: unknown): Result<never> {
  const missing = ["ENOENT", "ENOTDIR", "EISDIR"].includes(systemCodeOf(error) ?? "");
  return fail(missing ? faultOf(storeCodes, "FILE_MISSING", { runId, path }) : mediumFault(error));
}

/** False when there is a folder of the new name already: one with files is never replaced. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST"].includes(systemCodeOf(error) ?? "")) {
      return false;
    }
    throw error;
  }
}

/** Writes files into a new folder, and waits until all of it is on the disk. */
async function writeTree(root: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(root);
  const folders = new Set([root]);
  for (const [path, bytes] of files) {
    const whole = join(root, path);
    for (let folder = dirname(whole); folder.length > root.length; folder = dirname(folder)) {
      folders.add(folder);
    }
    await makeFolder(dirname(whole));
    await writeNewFile(whole, bytes);
  }
  for (const folder of folders) {
    await syncFolder(folder);
  }
}

function identityOf(value: unknown): RunIdentity | undefined {
  if (!fits(identityShape, value)) {
    return undefined;
  }
  const runId = parseRunId(value.runId);
  const tenantId = parseTenantId(value.tenantId);
  const trustDomain = parseTrustDomain(value.trustDomain);
  return runId === undefined || tenantId === undefined || trustDomain === undefined
    ? undefined
    : { runId, tenantId, trustDomain, planHash: value.planHash };
}
