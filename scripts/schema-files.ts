import { literal, object, tagged, timestamp, digest, integer, string, type Shape } from "../src/canon/shape.ts";
import { isJsonObject, type Json } from "../src/canon/json.ts";
import { planShape } from "../src/plan/plan.ts";
import { eventTypes } from "../src/run/event.ts";

/** A schema file and the JSON Schema that its shape gives. */
type SchemaFile = { readonly path: string; readonly text: string };

/** The files `schemas/*.schema.json`, made from the shapes that the product checks with. */
export function schemaFiles(): readonly SchemaFile[] {
  return [
    schemaFile(
      "plan",
      "packrun plan",
      "The canonical graph; its RFC 8785 bytes are what planHash is taken over.",
      planShape.schema,
    ),
    schemaFile("event", "packrun ledger event", "One line of a run's ledger.", eventShape().schema),
  ];
}

function schemaFile(name: string, title: string, description: string, schema: Json): SchemaFile {
  const head = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `https://packrun.dev/schemas/${name}.schema.json`,
    title,
    description,
  };
  const body = isJsonObject(schema) ? schema : {};
  return { path: `schemas/${name}.schema.json`, text: `${JSON.stringify({ ...head, ...body, ...head }, null, 2)}\n` };
}

/** The envelope around each event type's metadata: which of `stepId` and `attempt` may stand there follows from `on`. */
function eventShape(): Shape<unknown> {
  const envelope = {
    sequence: integer({ min: 1 }),
    timestamp: timestamp(),
    level: literal("debug", "info", "warn", "error"),
    message: string(),
    prev: digest(),
    hash: digest(),
  };
  const place = {
    run: {},
    step: { stepId: string({ min: 1 }) },
    gate: { stepId: string({ min: 1 }) },
    attempt: { stepId: string({ min: 1 }), attempt: integer({ min: 1 }) },
  };
  const cases = Object.entries(eventTypes).map(([eventType, { on, metadata }]) => [
    eventType,
    object({ ...envelope, eventType: literal(eventType), metadata }, place[on]),
  ]);
  return tagged("eventType", Object.fromEntries(cases) as Record<string, Shape<unknown>>);
}
