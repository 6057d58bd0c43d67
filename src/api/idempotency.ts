import { createHash } from "node:crypto";
import { isJsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { never } from "#fault/never.ts";
import { fail, ok } from "#fault/result.ts";
import type { RequestKey } from "#port/request-store.ts";
import { apiCodes } from "./codes.ts";
import type { Answer, Call, Handled } from "./route.ts";

/** How long a request may take before it counts as one whose server died, in milliseconds. */
const CLAIM_MS = 120_000;
/** How long an answer is kept, in milliseconds: a day. */
const KEEP_MS = 86_400_000;

type Once = { readonly operation: string; readonly key: string; readonly body: unknown };
type JsonAnswer = Extract<Answer, { kind: "json" }>;

/**
 * Carries a request out once for its key. The same key with the same body is answered as the first time, also by another
 * server and after a restart; refusals are not kept: what was refused changed nothing. Codes: IDEMPOTENCY_KEY_REUSED,
 * IDEMPOTENCY_IN_FLIGHT.
 */
export async function onceForKey(
  { operation, key, body }: Once,
  { desk, bearer }: Pick<Call<never, never, never>, "desk" | "bearer">,
  work: () => Handled,
): Handled {
  const { tenantId, issuer, subject } = bearer;
  const named: RequestKey = { tenantId, bearer: JSON.stringify([issuer, subject]), operation, key };
  const content = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const claimed = await desk.requests.claim(named, content, CLAIM_MS);
  switch (claimed.state) {
    case "answered":
      return ok(readAnswer(claimed.answer));
    case "other":
      return fail({ fault: faultOf(apiCodes, "IDEMPOTENCY_KEY_REUSED") });
    case "running":
      return fail({ fault: faultOf(apiCodes, "IDEMPOTENCY_IN_FLIGHT", { retryAfterSeconds: 1 }) });
    case "claimed": {
      let settled = false;
      try {
        const handled = await work();
        if (handled.ok && handled.value.kind === "json") {
          await desk.requests.settle(named, claimed.claim, writtenAnswer(handled.value), KEEP_MS);
          settled = true;
        }
        return handled;
      } finally {
        if (!settled) {
          await desk.requests.release(named, claimed.claim);
        }
      }
    }
    default:
      return never(claimed);
  }
}

function writtenAnswer({ status, body, headers = {} }: JsonAnswer): string {
  return JSON.stringify({ status, body, headers });
}

function readAnswer(text: string): JsonAnswer {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value) || typeof value["status"] !== "number" || !isJsonObject(value["headers"])) {
    throw new Error("a kept answer cannot be read");
  }
  const headers = Object.fromEntries(Object.entries(value["headers"]).map(([name, each]) => [name, String(each)]));
  return {
    kind: "json",
    status: value["status"],
    body: value["body"],
    headers: { ...headers, "Idempotent-Replayed": "true" },
  };
}
