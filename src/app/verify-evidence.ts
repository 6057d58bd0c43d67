import { existsSync } from "node:fs";
import { lstat } from "node:fs/promises";
import type { VerifySignature } from "#attest/public-key.ts";
import { SIDECAR_SUFFIX } from "#attest/sidecar.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { ProveAnchor } from "#trust/anchor-finding.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { verifyCodes } from "#verify/codes.ts";
import type { Objections } from "#verify/objections.ts";
import type { Verdict } from "#verify/verdict.ts";
import { verify } from "#verify/verify.ts";
import { anchorPath } from "./anchor-path.ts";
import { openBundle } from "./open-bundle.ts";
import { readBounded } from "./read-bounded.ts";
import { startNodeHash } from "./start-node-hash.ts";
import { readVerifyWords, type VerifyWords } from "./verify-options.ts";

export type VerifyRequest = VerifyWords & {
  /** A folder or a tar. */
  readonly path: string;
  /** Bytes of the pinned trust root. */
  readonly trustRoot?: Uint8Array;
  readonly requireDsse?: boolean;
  /** The site's own revocation list: `--revocations FILE` with its sidecar beside it, or what was read of one already. */
  readonly revocations?: string | RevocationFiles;
  /** What the memory of this place has against root and list. */
  readonly objections?: Objections;
};

export type VerifyTools = {
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Without it the anchor beside the bundle is not looked at. */
  readonly proveAnchor?: ProveAnchor;
};

/**
 * Verifies the bundle at a path. Faults are wrong uses only (exit code 2): BUNDLE_NOT_FOUND, VERIFY_OPTION.
 * What is wrong with the bundle, or with the revocation list, is in the verdict.
 */
export async function verifyEvidence(request: VerifyRequest, tools: VerifyTools): Promise<Result<Verdict>> {
  const { path, trustRoot, requireDsse = false, revocations, objections = {} } = request;
  const words = readVerifyWords(request, tools.now);
  if (!words.ok) {
    return words;
  }
  const files = typeof revocations === "string" ? await readRevocationFiles(revocations) : ok(revocations);
  if (!files.ok) {
    return files;
  }
  const anchor = tools.proveAnchor === undefined ? ok(undefined) : await readAnchor(path);
  if (!anchor.ok) {
    return anchor;
  }
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return bundle;
  }
  const options = {
    ...words.value,
    requireDsse,
    objections,
    ...(trustRoot === undefined ? {} : { trustRoot }),
    ...(files.value === undefined ? {} : { revocations: files.value }),
    ...(anchor.value === undefined ? {} : { anchor: anchor.value }),
  };
  try {
    const { now: _, ...host } = tools;
    return ok(await verify(bundle.value.source, options, { ...host, startHash: startNodeHash }));
  } finally {
    await bundle.value.close();
  }
}

/**
 * A list that was asked for must be there; one without a sidecar is unsigned, which the verdict tells. A sidecar that is
 * there and cannot be read is a wrong use, as such a list is. Fault: VERIFY_OPTION.
 */
export async function readRevocationFiles(path: string): Promise<Result<RevocationFiles>> {
  const list = await readUpTo(path, DOCUMENT_LIMIT);
  const beside = path + SIDECAR_SUFFIX;
  const isSigned = await lstat(beside).then(
    () => true,
    () => false,
  );
  const sidecar = isSigned ? await readUpTo(beside, DOCUMENT_LIMIT) : undefined;
  if (list === undefined || (isSigned && sidecar === undefined)) {
    const data = {
      option: "--revocations",
      expected: "a file that can be read, as its sidecar if there is one, each of at most 64 MiB",
    };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  return ok(sidecar === undefined ? { list } : { list, sidecar });
}

/** One that is there and cannot be read is a wrong use: nobody shall believe that there is none. */
async function readAnchor(path: string): Promise<Result<Uint8Array | undefined>> {
  const file = anchorPath(path);
  if (!existsSync(file)) {
    return ok(undefined);
  }
  const bytes = await readUpTo(file, DOCUMENT_LIMIT);
  const data = { option: "PATH", expected: `a bundle whose anchor ${file} can be read, of at most 64 MiB` };
  return bytes === undefined ? fail(faultOf(verifyCodes, "VERIFY_OPTION", data)) : ok(bytes);
}

function readUpTo(path: string, limit: number): Promise<Uint8Array | undefined> {
  return readBounded(path, limit).catch(() => undefined);
}
