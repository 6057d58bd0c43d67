import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { approvalCodes } from "#trust/approval-codes.ts";

/**
 * Whether a response is a bundle file that other Sigstore tools read too: evidence is kept for them as well. This decides
 * nothing about signatures; it is asked of responses whose signature is good. Fault: APPROVAL_SIGNATURE.
 */
export async function checkBundleForm(response: Uint8Array): Promise<Result<void>> {
  // Costs 8 ms to load, and most commands receive no response.
  const { bundleFromJSON } = await import("@sigstore/bundle");
  try {
    bundleFromJSON(JSON.parse(decodeUtf8(response) ?? ""));
    return ok(undefined);
  } catch (error) {
    const problem = `other tools do not read its bundle file${membersOf(error)}`;
    return fail(faultOf(approvalCodes, "APPROVAL_SIGNATURE", { problem, code: "ENVELOPE_SHAPE" }));
  }
}

/** The members that `ValidationError` names; what else is thrown may quote the file. */
function membersOf(error: unknown): string {
  const fields: unknown = error instanceof Error && "fields" in error ? error.fields : undefined;
  return Array.isArray(fields) ? `: ${fields.join(", ")}` : "";
}
