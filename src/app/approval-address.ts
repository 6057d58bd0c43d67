import { approvalPredicate, bindings } from "#attest/approval.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { MAX_SIDECAR_BYTES } from "#attest/sidecar.ts";
import { fromLooseBase64 } from "#canon/base64.ts";
import type { Digest } from "#canon/digest.ts";
import type { RunId } from "#canon/ids.ts";
import { isJsonObject } from "#canon/json.ts";
import { repeatedMember } from "#canon/repeated-member.ts";
import { misfitsOf, type Shape } from "#canon/shape.ts";
import { readJson } from "#canon/strict-json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";

/** What a response says that it decides. Nothing of it is believed: it only says in which ledger the answer belongs. */
export type ApprovalAddress = { readonly runId: RunId; readonly gateId: string; readonly planHash: Digest };
export type AddressedResponse = { readonly address: ApprovalAddress; readonly payload: Uint8Array };

/**
 * Reads no more of a response than which gate of which run it decides: whether it is signed, and says all that an approval
 * has to say, is for that run to judge and to record. `name` is what the fault calls it. Fault: APPROVAL_UNREADABLE.
 */
export function readAddress(response: Uint8Array, name: string): Result<AddressedResponse> {
  const payload = payloadOf(response);
  const address = payload === undefined ? undefined : addressOf(payload);
  return payload === undefined || address === undefined
    ? fail(faultOf(approvalUseCodes, "APPROVAL_UNREADABLE", { file: name, problem: problemOf(response) }))
    : ok({ address, payload });
}

/** The payload of an envelope, whatever else is wrong with it. Of two members of one name nobody knows which was meant. */
function payloadOf(response: Uint8Array): Uint8Array | undefined {
  const bundle = jsonObjectOf(response);
  const envelope = bundle?.["dsseEnvelope"];
  const payload = isJsonObject(envelope) ? envelope["payload"] : undefined;
  return typeof payload === "string" ? fromLooseBase64(payload) : undefined;
}

function addressOf(payload: Uint8Array): ApprovalAddress | undefined {
  const predicate = jsonObjectOf(payload)?.["predicate"];
  if (!isJsonObject(predicate)) {
    return undefined;
  }
  const runId = fitting(bindings.runId, predicate["runId"]);
  const gateId = fitting(bindings.gateId, predicate["gateId"]);
  const planHash = fitting(bindings.planHash, predicate["planHash"]);
  return runId === undefined || gateId === undefined || planHash === undefined
    ? undefined
    : { runId, gateId, planHash };
}

function fitting<T>(shape: Shape<T>, value: unknown): T | undefined {
  return misfitsOf(shape, value).length === 0 ? (value as T) : undefined;
}

function jsonObjectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const read = bytes.length > MAX_SIDECAR_BYTES ? undefined : readJson(bytes, "response");
  return read?.ok === true && isJsonObject(read.value) && repeatedMember(decodeUtf8(bytes) ?? "") === undefined
    ? read.value
    : undefined;
}

function problemOf(response: Uint8Array): string {
  const envelope = readSidecar(response, "interop");
  const statement = envelope.ok ? readStatement(envelope.value.payload, approvalPredicate) : envelope;
  return statement.ok ? "it names no gate of a run" : statement.fault.message;
}
