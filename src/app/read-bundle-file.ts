import { concatBytes } from "#canon/bytes.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { describeMisfit, misfitsOf, type Shape } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import type { BundleSource } from "#verify/bundle-source.ts";

/** One small file of a bundle, whole. Faults: BUNDLE_TOO_LARGE, BUNDLE_UNREADABLE. */
export async function readBundleFile(source: BundleSource, path: string): Promise<Result<Uint8Array>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of source.open(path)) {
      size += chunk.length;
      if (size > DOCUMENT_LIMIT) {
        return fail(faultOf(bundleCodes, "BUNDLE_TOO_LARGE", { path, size, limit: DOCUMENT_LIMIT }));
      }
      parts.push(chunk.slice());
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : "unknown problem";
    return fail(faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path, problem }));
  }
  return ok(concatBytes(...parts));
}

/** The same for a canonical JSON file of one shape. Further fault: EVIDENCE_FILE_FORM. */
export async function readBundleJson<T>(source: BundleSource, path: string, shape: Shape<T>): Promise<Result<T>> {
  const bytes = await readBundleFile(source, path);
  if (!bytes.ok) {
    return bytes;
  }
  const read = readCanonicalJson(bytes.value, path);
  const [misfit] = read.ok ? misfitsOf(shape, read.value) : [];
  if (read.ok && misfit === undefined) {
    return ok(read.value as T);
  }
  const problem = misfit === undefined ? "it is not canonical JSON" : describeMisfit(misfit);
  return fail(faultOf(bundleCodes, "EVIDENCE_FILE_FORM", { path, problem }));
}
