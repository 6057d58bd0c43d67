import { nonceShape, runIdShape, tenantIdShape, trustDomainShape } from "#canon/id-shape.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import {
  array,
  describeMisfit,
  digest,
  literal,
  misfitsOf,
  object,
  string,
  timestamp,
  type Infer,
} from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { millisecondsOf, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";

const text = string({ min: 1 });

/** `request.json`: what the approvers of one gate are asked. `message` is absent when the pack gives none. */
export const approvalRequestFileShape = object(
  {
    schema: literal("packrun.approval-request/v1"),
    runId: runIdShape,
    gateId: text,
    tenantId: tenantIdShape,
    trustDomain: trustDomainShape,
    planHash: digest(),
    approval: text,
    requestedBy: text,
    requestedAt: timestamp(),
    notAfter: timestamp(),
    nonce: nonceShape,
    pack: object({ name: text, version: text, digest: digest() }),
    inputs: array(object({ name: text, digest: digest() })),
  },
  { message: string() },
);
export type ApprovalRequest = Infer<typeof approvalRequestFileShape>;

/** Everything of a request but what follows from the rest; `ttlMs` is the approval rule's. */
export type ApprovalQuestion = Omit<ApprovalRequest, "schema" | "notAfter"> & { readonly ttlMs: number };

/** The bytes of `request.json` (JCS). `notAfter` is `requestedAt` and the rule's time to live. */
export function approvalRequestBytes(question: ApprovalQuestion): Uint8Array {
  const { ttlMs, ...rest } = question;
  const request: ApprovalRequest = {
    schema: "packrun.approval-request/v1",
    ...rest,
    notAfter: later(question.requestedAt, ttlMs),
  };
  return canonicalBytes(request);
}

/** Reads a `request.json`. Fault: REQUEST_FILE. */
export function readApprovalRequest(bytes: Uint8Array): Result<ApprovalRequest> {
  const read = readCanonicalJson(bytes, "request.json");
  if (!read.ok) {
    return refuse(read.fault.message);
  }
  const [misfit] = misfitsOf(approvalRequestFileShape, read.value);
  return misfit === undefined ? ok(read.value as ApprovalRequest) : refuse(describeMisfit(misfit));
}

function later(time: Timestamp, milliseconds: number): Timestamp {
  return timestampOf((millisecondsOf(time) ?? 0) + milliseconds);
}

function refuse(problem: string): Result<never> {
  return fail(faultOf(attestCodes, "REQUEST_FILE", { problem }));
}
