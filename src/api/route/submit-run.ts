import { submittedRun } from "#app/service/submit-run.ts";
import { parseRunId, type RunId } from "#canon/ids.ts";
import { string } from "#canon/shape.ts";
import { fail, ok } from "#fault/result.ts";
import { refusalOf } from "../problem.ts";
import { guarded, type Answer, type Call, type Handled } from "../route.ts";
import { onceForKey } from "../idempotency.ts";
import { orderOf, orderShape, submittedShape } from "./order-shapes.ts";
import { PLANNER_PROBLEMS } from "./plans.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;

export const submitRunRoute = guarded({
  id: "submitRun",
  method: "post",
  path: "/api/runs",
  scope: "packs.run",
  summary: "Start a run, or leave it to the queue",
  headers: [
    {
      name: "Idempotency-Key",
      description: "Names this order: the same key with the same body gets the same answer, and starts nothing again.",
      required: true,
      shape: string({ pattern: KEY, expected: "1 to 255 visible characters" }),
    },
  ],
  body: { kind: "json", shape: orderShape },
  answers: { 202: { description: "The run is created; Location is where it can be seen.", shape: submittedShape } },
  problems: [
    "TENANT_MISMATCH",
    "IDEMPOTENCY_KEY_REUSED",
    "IDEMPOTENCY_IN_FLIGHT",
    "QUEUE_FULL",
    ...PLANNER_PROBLEMS,
    "REGISTRY_UNKNOWN",
    "REGISTRY_REFUSED",
    "UPLOAD_UNKNOWN",
    "PLAN_HASH_MISMATCH",
    "RUN_UNKNOWN",
    "RUN_NOT_FINISHED",
    "STEP_UNKNOWN",
    "INPUT_MISSING",
    "INPUT_UNKNOWN",
    "ORDER_INPUT",
    "SECRET_UNDECLARED",
    "BEARER_UNKNOWN",
  ],
  handle: (call) => {
    const key = call.header("idempotency-key") ?? "";
    return onceForKey({ operation: "submitRun", key, body: call.body }, call, {
      name: call.workplace.chance.runId(),
      make: (name) => submit(call, idOf(name)),
      find: async (name) => {
        const found = await submittedRun(idOf(name), call.workplace);
        return found.ok
          ? ok(found.value === undefined ? undefined : answerOf(found.value))
          : fail({ fault: found.fault });
      },
    });
  },
});

/** Run ids are kept as text. */
function idOf(name: string): RunId {
  const runId = parseRunId(name);
  if (runId === undefined) {
    throw new Error("a request was kept without the id of its run");
  }
  return runId;
}

async function submit(
  { body, bearer, desk }: Call<unknown, unknown, Parameters<typeof orderOf>[0]>,
  runId: RunId,
): Handled {
  const order = orderOf(body, bearer);
  if (!order.ok) {
    return order;
  }
  const submitted = await desk.service.submit(order.value, bearer, runId);
  return submitted.ok ? ok(answerOf(submitted.value)) : fail(refusalOf(submitted.fault));
}

function answerOf(submitted: { readonly runId: string; readonly planHash: string; readonly status: string }): Answer {
  const { runId, planHash, status } = submitted;
  const body = { schemaVersion: 1, runId, planHash, status };
  return { kind: "json", status: 202, body, headers: { Location: `/api/runs/${runId}` } };
}
