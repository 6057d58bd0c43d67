import { array, anything, described, digest, literal, object, record, string } from "#canon/shape.ts";
import { fail, ok } from "#fault/result.ts";
import { refusalOf } from "../problem.ts";
import { guarded } from "../route.ts";
import { orderOf, orderShape } from "./order-shapes.ts";
import { schemaVersion } from "./run-shapes.ts";

const PROBLEMS = ["TENANT_MISMATCH", "REGISTRY_UNKNOWN", "REGISTRY_REFUSED", "UPLOAD_UNKNOWN", "PLAN_HASH_MISMATCH"];
/** What may keep a planner from looking at a pack. */
export const PLANNER_PROBLEMS = ["PLANNER_FULL", "PLANNER_TIME", "PLANNER_MEMORY", "PLANNER_LOST"];
const FINDINGS = [...PROBLEMS, ...PLANNER_PROBLEMS, "INPUT_MISSING", "INPUT_TYPE", "INPUT_UNKNOWN", "ORDER_INPUT"];

const nodeShape = object({ id: string(), kind: string() });

export const createPlanRoute = guarded({
  id: "createPlan",
  method: "post",
  path: "/api/plans",
  scope: "packs.read",
  summary: "Compile a pack and its inputs; nothing is kept",
  body: { kind: "json", shape: orderShape },
  answers: {
    200: {
      description: "The canonical plan and its hash.",
      shape: object({
        schemaVersion,
        planHash: digest(),
        pack: object({ name: string(), version: string(), digest: digest() }),
        steps: array(nodeShape),
        gates: array(object({ id: string(), kind: literal("gate.approval", "gate.policy") })),
        secrets: array(string()),
        plan: described("As plan.schema.json has it: planHash is the SHA-256 of its RFC 8785 bytes.", anything()),
      }),
    },
  },
  problems: FINDINGS,
  handle: async ({ body, bearer, desk }) => {
    const order = orderOf(body, bearer);
    if (!order.ok) {
      return order;
    }
    const planned = await desk.service.plan(order.value, bearer);
    if (!planned.ok) {
      return fail(refusalOf(planned.fault));
    }
    const { plan, planHash } = planned.value;
    const steps = [...plan.steps, ...plan.finally].map(({ id, kind }) => ({ id, kind }));
    const gates = steps.filter(({ kind }) => kind === "gate.approval" || kind === "gate.policy");
    const { name, version, digest: of } = plan.pack;
    const pack = { name, version, digest: of };
    const secrets = Object.keys(plan.secrets).toSorted();
    return ok({ kind: "json", status: 200, body: { schemaVersion: 1, planHash, pack, steps, gates, secrets, plan } });
  },
});

export const createSimulationRoute = guarded({
  id: "createSimulation",
  method: "post",
  path: "/api/simulations",
  scope: "packs.read",
  summary: "What a pack with these inputs would do, without doing it",
  body: { kind: "json", shape: orderShape },
  answers: {
    200: {
      description: "As `packrun simulate --json` answers.",
      shape: record(/^/, anything(), "a member"),
    },
  },
  problems: FINDINGS,
  handle: async ({ body, bearer, desk }) => {
    const order = orderOf(body, bearer);
    if (!order.ok) {
      return order;
    }
    const simulated = await desk.service.simulate(order.value, bearer);
    return simulated.ok ? ok({ kind: "json", status: 200, body: simulated.value }) : fail(refusalOf(simulated.fault));
  },
});
