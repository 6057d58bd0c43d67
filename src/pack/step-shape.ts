import {
  anything,
  array,
  boolean,
  described,
  either,
  integer,
  lazy,
  literal,
  number,
  object,
  record,
  string,
  type Infer,
  type Shape,
} from "#canon/shape.ts";
import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { ENV_NAME, ENV_WORDS, NAME, NAME_WORDS } from "./names.ts";
import { stepSandboxShape, type StepSandboxText } from "./sandbox-shape.ts";
import { delay, duration, expression, id, innerPath, name, nonEmpty, text } from "./scalar-shapes.ts";

export const VALUE_TYPES = ["string", "integer", "number", "boolean", "object", "array"] as const;

const anyObject = record(/^/, anything(), "a name");
/** An inline JSON Schema, or the path of one in the pack. */
export const schemaShape: Shape<Readonly<Record<string, Json>> | string> = either([anyObject, innerPath], (value) =>
  typeof value === "string" ? innerPath : anyObject,
);

export const retryShape = object(
  {},
  {
    maxAttempts: integer({ min: 1, max: 20 }),
    backoff: object({}, { initial: delay, factor: number({ above: 0 }), max: delay }),
    onExitCodes: described("Retry only after these exit codes.", array(integer({ min: 0, max: 255 }), { min: 1 })),
  },
);
export type RetryText = Infer<typeof retryShape>;

const mayContainSecrets = described("A secret found in it does not fail the step; this is recorded.", boolean());
const fileOutput = object(
  { file: described("A regular file in the working folder.", innerPath) },
  { mediaType: string({ pattern: /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/, expected: "a media type" }), mayContainSecrets },
);
const dirOutput = object({ dir: described("A folder in the working folder.", innerPath) }, { mayContainSecrets });
const typedOutput = object(
  { type: described("A member of the JSON object in $PACKRUN_OUTPUT.", literal(...VALUE_TYPES)) },
  { schema: schemaShape, mayContainSecrets },
);
const outputShape = either([fileOutput, dirOutput, typedOutput], (value) =>
  isJsonObject(value) && "file" in value ? fileOutput : isJsonObject(value) && "dir" in value ? dirOutput : typedOutput,
);
export type OutputText = Infer<typeof outputShape>;

const secretShape = object({ secret: name }, { as: literal("env", "file") });
const envShape = either([text, secretShape], (value) => (isJsonObject(value) ? secretShape : text));
export type EnvText = Infer<typeof envShape>;

const runObject = object(
  {},
  {
    command: described("argv, no shell; ./x is a file of the pack.", array(text, { min: 1 })),
    script: described("Shell code; pass values through env, never by an expression.", nonEmpty),
    shell: literal("sh", "bash"),
    uses: described("A built-in, such as bundle.ingest.", nonEmpty),
    with: anyObject,
  },
);

/** That there is exactly one of these is checked elsewhere, where it can be said well. */
export const RUN_KINDS = ["command", "script", "uses"] as const;
export const runShape: typeof runObject = {
  ...runObject,
  schema: { ...(runObject.schema as JsonObject), oneOf: RUN_KINDS.map((kind) => ({ required: [kind] })) },
};

const common = { title: text, continueOnError: boolean(), needs: array(id) };
const maybe = { ...common, when: described("Runs only when this is true.", expression) };
const named = { id };
const maxParallel = described("How many direct children may be in flight.", integer({ min: 1 }));

export const runMembers = {
  env: record(ENV_NAME, envShape, ENV_WORDS),
  inputs: described("Files and folders to mount, as references.", record(NAME, expression, NAME_WORDS)),
  stdin: text,
  outputs: record(NAME, outputShape, NAME_WORDS),
  timeout: described("How long one attempt may take.", duration),
  retry: retryShape,
  idempotent: described("May be repeated after a crash.", boolean()),
  sandbox: stepSandboxShape,
};
const runStep = object({ ...named, run: runShape }, { ...maybe, ...runMembers });

const approvalGate = object({ approval: id }, { message: text });
const policyGate = object({ policy: id }, { with: anyObject, failAction: literal("halt", "continue") });
const gateShape = either([approvalGate, policyGate], (value) =>
  isJsonObject(value) && "policy" in value ? policyGate : approvalGate,
);
const gateStep = object({ ...named, gate: gateShape }, maybe);

const childSteps: Shape<readonly StepText[]> = array(
  lazy("step", (): Shape<StepText> => stepShape),
  { min: 1 },
);
const parallelStep = object({ ...named, parallel: object({ steps: childSteps }, { maxParallel }) }, maybe);

const itemList = array(anything());
const itemsShape = either([itemList, expression], (value) => (typeof value === "string" ? expression : itemList));
const mapStep = object(
  {
    ...named,
    map: object(
      { items: described("A list, or one ${{ … }} that gives one.", itemsShape), steps: childSteps },
      { as: name, maxItems: integer({ min: 0 }), maxParallel },
    ),
  },
  maybe,
);

/** The member that says what kind of step it is. */
export const KIND_MEMBERS = ["run", "gate", "map", "parallel"] as const;
const cases = { run: runStep, gate: gateStep, map: mapStep, parallel: parallelStep };

type CommonText = {
  readonly id: string;
  readonly title?: string;
  readonly continueOnError?: boolean;
  readonly needs?: readonly string[];
  readonly when?: string;
};
/** One step as it is written. A step holds steps, so the type is written out beside the shape. */
export type StepText = CommonText & {
  readonly run?: Infer<typeof runShape>;
  readonly gate?: Infer<typeof gateShape>;
  readonly map?: {
    readonly items: readonly Json[] | string;
    readonly as?: string;
    readonly maxItems?: number;
    readonly maxParallel?: number;
    readonly steps: readonly StepText[];
  };
  readonly parallel?: { readonly maxParallel?: number; readonly steps: readonly StepText[] };
  readonly env?: Readonly<Record<string, EnvText>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly outputs?: Readonly<Record<string, OutputText>>;
  readonly timeout?: string;
  readonly retry?: RetryText;
  readonly idempotent?: boolean;
  readonly sandbox?: StepSandboxText;
};

/** What a step without any kind is held to, so that its other members are still looked at and a typo gets a hint. */
const anyStep = object(named, {
  ...maybe,
  ...runMembers,
  run: anything(),
  gate: anything(),
  map: anything(),
  parallel: anything(),
});

const steps = [runStep, gateStep, parallelStep, mapStep] as const;
export const stepShape: Shape<StepText> = {
  ...(either([...steps, anyStep], (value) => {
    const kind = isJsonObject(value) ? KIND_MEMBERS.find((member) => Object.hasOwn(value, member)) : undefined;
    return kind === undefined ? anyStep : cases[kind];
  }) as Shape<StepText>),
  schema: { anyOf: steps.map(({ schema }) => schema) },
};
