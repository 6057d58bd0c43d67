import {
  anything,
  array,
  boolean,
  described,
  either,
  integer,
  literal,
  object,
  record,
  string,
  tagged,
  type Infer,
  type Shape,
} from "#canon/shape.ts";
import { ID, ID_WORDS, LABEL, LABEL_WORDS, MAX_OUTPUTS, NAME, NAME_WORDS, PACK_NAME, ROLE, SEM_VER } from "./names.ts";
import { sandboxShape } from "./sandbox-shape.ts";
import { duration, innerPath, nonEmpty, text } from "./scalar-shapes.ts";
import { retryShape, schemaShape, stepShape, VALUE_TYPES } from "./step-shape.ts";

const maintainer = object({ name: nonEmpty }, { email: text, url: text });
const maintainers = array(
  either([nonEmpty, maintainer], (value) => (typeof value === "object" ? maintainer : nonEmpty)),
);
const labels = record(LABEL, text, LABEL_WORDS);

const metadata = object(
  {
    name: string({ pattern: PACK_NAME, expected: "1 to 4 segments of a-z, 0-9 and - with / between them" }),
    version: string({ pattern: SEM_VER, expected: 'a SemVer version in quotes, such as "2.1.0"' }),
  },
  { title: text, description: text, license: text, maintainers, labels, annotations: labels },
);

const input = object(
  { type: literal(...VALUE_TYPES, "file", "directory") },
  {
    required: boolean(),
    default: anything(),
    schema: described("JSON Schema 2020-12 for the value, or the path of one in the pack.", schemaShape),
    description: text,
  },
);

const approval = object(
  {
    required: described("How many distinct people must approve.", integer({ min: 1, max: 100 })),
    from: described(
      "Roles of the trust root whose holders may decide.",
      array(string({ pattern: ROLE, expected: "a role such as approver" }), { min: 1 }),
    ),
    ttl: described("How long the gate waits; then it is rejected.", duration),
  },
  {
    separationOfDuties: described("Who asked for the run may not approve it; true unless said otherwise.", boolean()),
    reasonRequired: boolean(),
  },
);

const policy = tagged("engine", {
  cel: object({ engine: literal("cel"), expression: nonEmpty }),
  rego: object({ engine: literal("rego"), module: innerPath, entrypoint: nonEmpty }),
});

const slo = object(
  {},
  {
    runP95Seconds: integer({ min: 1 }),
    approvalP95Seconds: integer({ min: 1 }),
    maxQueueDepth: integer({ min: 0 }),
  },
);

const spec = object(
  { sandbox: sandboxShape, steps: described("One after the other.", array(stepShape, { min: 1 })) },
  {
    inputs: record(NAME, input, NAME_WORDS),
    secrets: described(
      "Names only; values never stand in a pack.",
      record(NAME, object({}, { description: text }), NAME_WORDS),
    ),
    security: object({}, { secretsRedactionPolicy: literal("blank", "hash") }),
    slo,
    approvals: record(ID, approval, ID_WORDS),
    policies: record(ID, policy, ID_WORDS),
    failurePolicy: object({}, { onFailure: literal("skip-dependents", "drain", "cancel") }),
    defaults: object({}, { timeout: duration, retry: retryShape }),
    finally: described("Always run after the rest; no gates.", array(stepShape)),
    outputs: record(NAME, object({ from: text }), NAME_WORDS, { max: MAX_OUTPUTS }),
  },
);

export const packShape = object({
  apiVersion: literal("packrun.dev/v1"),
  kind: literal("TaskPack"),
  metadata,
  spec,
});
/** A pack as it is written, before defaults. */
export type PackText = Infer<typeof packShape>;

/** The shapes that refer to themselves, under their `$defs` names. */
export const packDefinitions: Readonly<Record<string, Shape<unknown>>> = { step: stepShape };
