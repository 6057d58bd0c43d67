import { createHash } from "node:crypto";
import { isJsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { never } from "#fault/never.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RequestKey } from "#port/request-store.ts";
import { apiCodes } from "./codes.ts";
import type { Refusal } from "./problem.ts";
import type { Answer, Call, Handled } from "./route.ts";
import { statusOf } from "./status-table.ts";

/**
 * How long a request is left to the server that began it, in milliseconds. One that takes longer may be carried out by two,
 * and still makes one thing: both make it under the same name.
 */
const CLAIM_MS = 10_000;
/** How long an answer is kept, in milliseconds: a day. */
const KEEP_MS = 86_400_000;

type Once = { readonly operation: string; readonly key: string; readonly body: unknown };
type JsonAnswer = Extract<Answer, { kind: "json" }>;

/** What a request makes under a name that was chosen before anything was done. */
export type NamedWork = {
  /** A name that nothing has. */
  readonly name: string;
  /** Makes it; where it is there already, answers as if it had just been made. */
  readonly make: (name: string) => Handled;
  /** The answer of what was made under this name; undefined where nothing was. */
  readonly find: (name: string) => Promise<Result<Answer | undefined, Refusal>>;
};

/**
 * Carries a request out once for its key. The same key with the same body is answered as the first time, also by another
 * server, after a restart, and when the server died that had begun: the name of what it makes is kept with the claim.
 * Refusals are not kept: what was refused changed nothing. Codes: IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_FLIGHT.
 */
export async function onceForKey(
  { operation, key, body }: Once,
  { desk, bearer }: Pick<Call<never, never, never>, "desk" | "bearer">,
  work: NamedWork,
): Handled {
  const { tenantId, issuer, subject } = bearer;
  const named: RequestKey = { tenantId, bearer: JSON.stringify([issuer, subject]), operation, key };
  const content = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const claimed = await desk.requests.claim(named, { content, work: work.name, claimMs: CLAIM_MS, keepMs: KEEP_MS });
  switch (claimed.state) {
    case "answered":
      return ok(readAnswer(claimed.answer));
    case "other":
      return fail({ fault: faultOf(apiCodes, "IDEMPOTENCY_KEY_REUSED") });
    case "running": {
      const found = await work.find(claimed.work);
      if (!found.ok || found.value !== undefined) {
        return found as Awaited<Handled>;
      }
      return fail({ fault: faultOf(apiCodes, "IDEMPOTENCY_IN_FLIGHT", { retryAfterSeconds: 1 }) });
    }
    case "claimed": {
      const handled = await work.make(claimed.work);
      if (handled.ok && handled.value.kind === "json") {
        await desk.requests.settle(named, claimed.claim, writtenAnswer(handled.value), KEEP_MS);
      } else if (!handled.ok && statusOf(handled.fault.fault.code) < 500) {
        await desk.requests.release(named, claimed.claim);
      }
      // Where the server itself failed, nobody knows what was made: whoever comes next looks for it by its name.
      return handled;
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
