import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault, FaultData } from "#fault/fault.ts";
import type { Result } from "#fault/result.ts";
import { fail } from "#fault/result.ts";
import type { ArtifactStore, StoredArtifact } from "#port/artifact-store.ts";
import type { Redactor, SecretScanner } from "#port/secrets.ts";
import { sandboxCodes } from "../codes.ts";
import { FileChanged, SecretFound } from "./scanned-bytes.ts";

/** What collecting the outputs of one attempt needs. */
export type Collecting = {
  readonly artifacts: ArtifactStore;
  readonly tenantId: TenantId;
  readonly redactor: Redactor;
  readonly workFolder: string;
  readonly outputFile: string;
  readonly budget: ArtifactBudget;
};

/** Files from this size on are refused: a tar cannot name their length (POSIX ustar, 11 octal digits). */
export const MAX_FILE_BYTES: number = 8 * 1024 ** 3;

/** Bytes that the outputs of one attempt may still take. */
export class ArtifactBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Why a file of this size cannot be taken; undefined when it could, and then its bytes are taken off. */
  refusal(size: number): string | undefined {
    if (size >= MAX_FILE_BYTES) {
      return "a file has 8 GiB or more";
    }
    if (size > this.#left) {
      return "all outputs together pass limits.artifacts";
    }
    this.#left -= size;
    return undefined;
  }
}

type OutputCode = Extract<keyof typeof sandboxCodes, `STEP_OUTPUT_${string}` | "SECRET_IN_ARTIFACT">;

/** A fault of one output; its text may hold names that the step chose, so it passes the redactor. */
export function outputFault(redactor: Redactor, code: OutputCode, data: FaultData): Fault {
  return redactor.redactJson(faultOf(sandboxCodes, code, data));
}

/** Undefined for outputs that may hold secrets. */
export function scannerFor(
  collecting: Collecting,
  rule: { readonly mayContainSecrets?: boolean },
): SecretScanner | undefined {
  return rule.mayContainSecrets === true ? undefined : collecting.redactor.scanner();
}

/**
 * Stores a stream that may break off with what it found. A store may hand such an error on or turn it into a fault of
 * its own, so the error is caught on its way out of the stream.
 */
export async function keep(
  collecting: Collecting,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Result<StoredArtifact>> {
  const broke: { error?: unknown } = {};
  const put = await collecting.artifacts.put(collecting.tenantId, noticing(bytes, broke)).catch((error: unknown) => {
    if (broke.error === undefined) {
      throw error;
    }
    return undefined;
  });
  return broke.error === undefined && put !== undefined
    ? put
    : fail(faultOfBreak(collecting.redactor, name, broke.error));
}

/** The fault for what `scannedBytes` throws; anything else is thrown on. */
export function faultOfBreak(redactor: Redactor, name: string, error: unknown): Fault {
  if (error instanceof SecretFound) {
    return outputFault(redactor, "SECRET_IN_ARTIFACT", { name, secret: error.secret });
  }
  if (error instanceof FileChanged) {
    return outputFault(redactor, "STEP_OUTPUT_UNSAFE", { name, problem: error.message });
  }
  throw error;
}

async function* noticing(bytes: AsyncIterable<Uint8Array>, broke: { error?: unknown }): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    broke.error = error;
    throw error;
  }
}

export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
