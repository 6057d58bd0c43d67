import type { ServiceOrder } from "#app/service/service.ts";
import {
  anything,
  array,
  boolean,
  described,
  digest,
  either,
  guarded,
  integer,
  literal,
  object,
  record,
  string,
  type Shape,
} from "#canon/shape.ts";
import { runIdShape } from "#canon/id-shape.ts";
import { isJsonObject } from "#canon/json.ts";
import { SPOKEN_TIMESTAMP, spokenTimestamp } from "#canon/spoken-timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { NAME } from "#plan/plan.ts";
import { apiCodes } from "../codes.ts";
import type { Refusal } from "../problem.ts";
import { schemaVersion } from "./run-shapes.ts";

const byRef = object({ ref: described("`name@version` of the tenant's registry.", string({ min: 1, max: 400 })) });
const byUpload = object({ upload: described("The id that `POST /api/packs` gave.", digest()) });
const packShape = either([byRef, byUpload], (value) => (isJsonObject(value) && "upload" in value ? byUpload : byRef));

const inputs = described(
  "Values by name; files and directories as `{artifact: digest}` of what `POST /api/artifacts` stored, with `name` where the file is not to be called as the input is.",
  record(NAME, anything(), "the name of an input", { max: 1000 }),
);

const momentShape = guarded(
  "a UTC time, as 2030-01-01T00:00:00Z, with up to three digits of a fraction of a second",
  SPOKEN_TIMESTAMP.source,
  (value): value is string => typeof value === "string" && spokenTimestamp(value) !== undefined,
);

const optional = {
  secrets: described(
    "Secrets that the run may use, by names that the operator configured for the tenant; none unless given.",
    array(string({ max: 64 }), { max: 1000 }),
  ),
  tenantId: described("The token's tenant; any other is refused.", string({ max: 64 })),
  planHash: described("The plan that is expected; another one is refused.", digest()),
  from: described("A run of the same plan, whose finished steps are taken over; approvals never are.", runIdShape),
  only: described(
    "With `from`: these steps run again, and what stands behind them.",
    array(string({ min: 1, max: 1024 }), { max: 1000 }),
  ),
  scheduledAt: described("Not before this time.", momentShape),
  deadlineAt: described("The run should have ended by then.", momentShape),
  priority: described("Higher comes first; 0 unless given.", integer({ min: -100, max: 100 })),
};

type Order = Omit<ServiceOrder, "scheduledAt" | "deadlineAt"> & {
  readonly tenantId?: string;
  readonly scheduledAt?: string;
  readonly deadlineAt?: string;
};

/** What runs, plans and simulations are asked for with. */
export const orderShape: Shape<Order> = object({ pack: packShape, inputs }, optional);

export const submittedShape = object({
  schemaVersion,
  runId: string(),
  planHash: digest(),
  status: literal("pending", "running", "waiting", "succeeded", "failed", "cancelled"),
});

export const storedArtifactShape = object({ schemaVersion, digest: digest(), size: integer({ min: 0 }) });

export const receivedPackShape = object(
  { schemaVersion, kind: literal("bundle", "upload"), name: string(), version: string(), packDigest: digest() },
  { upload: described("Names it in `pack: {upload}` of orders.", digest()) },
);

const INPUT_TYPES = ["string", "integer", "number", "boolean", "object", "array", "file", "directory"] as const;

/** What the inputs of a registered pack are, so that texts can be read as their types ask for. */
export const packInputsShape = record(
  NAME,
  object({ type: literal(...INPUT_TYPES), required: boolean() }),
  "the name of an input",
);

/**
 * The order without its tenant, which must be the bearer's, and with its times as documents have them. Faults:
 * TENANT_MISMATCH, BODY_INVALID.
 */
export function orderOf(
  { tenantId, scheduledAt, deadlineAt, ...order }: Order,
  bearer: { readonly tenantId: string },
): Result<ServiceOrder, Refusal> {
  if (order.only !== undefined && order.from === undefined) {
    const [pointer, message] = ["/only", "names steps of the run in `from`, which is missing"];
    const fault = faultOf(apiCodes, "BODY_INVALID", { problem: `${pointer}: ${message}` });
    return fail({ fault, errors: [{ pointer, message }] });
  }
  return tenantId === undefined || tenantId === bearer.tenantId
    ? ok({ ...order, ...timesOf({ scheduledAt, deadlineAt }) })
    : fail({ fault: faultOf(apiCodes, "TENANT_MISMATCH") });
}

function timesOf({
  scheduledAt,
  deadlineAt,
}: {
  readonly [Name in "scheduledAt" | "deadlineAt"]: string | undefined;
}): Pick<ServiceOrder, "scheduledAt" | "deadlineAt"> {
  const [scheduled, deadline] = [spokenTimestamp(scheduledAt ?? ""), spokenTimestamp(deadlineAt ?? "")];
  return {
    ...(scheduled === undefined ? {} : { scheduledAt: scheduled }),
    ...(deadline === undefined ? {} : { deadlineAt: deadline }),
  };
}
