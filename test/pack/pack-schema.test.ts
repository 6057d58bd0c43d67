import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { parse } from "yaml";
import type { Json } from "#canon/json.ts";
import { packSchema } from "#pack/pack-schema.ts";
import { goodPack, packWith } from "./sample-pack.ts";

const validate = new Ajv2020({ allErrors: true }).compile(packSchema() as object);
const full = readFileSync(new URL("golden/full.yaml", import.meta.url), "utf8");

function valid(text: string): boolean {
  return validate(parse(text) as Json);
}

t.test("the schema says what it is, for editors", async (t) => {
  const schema = packSchema() as { readonly [name: string]: Json };
  t.equal(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  t.equal(schema["$id"], "https://packrun.dev/schemas/pack.schema.json");
  t.match(schema["title"], /packrun/);
  t.equal(schema["additionalProperties"], false);
});

t.test("the schema takes the packs that the reader takes", async (t) => {
  t.ok(goodPack(full));
  t.ok(valid(full), JSON.stringify(validate.errors));
  t.ok(valid(packWith("- {id: a, run: {command: [x]}}")));
});

t.test("the schema refuses what is wrong in form, inside containers too", async (t) => {
  for (const steps of [
    "- {id: a}",
    "- {id: a, run: {comand: [x]}}",
    "- {id: a, run: {}}",
    "- {id: a, run: {command: [x], script: y}}",
    "- {id: a, run: {command: [x]}, gate: {approval: b}}",
    "- {id: a, run: {command: [x]}, timeout: 5 minutes}",
    "- {id: a, run: {command: [1]}}",
    "- {id: p, parallel: {steps: [{id: a, map: {items: [], steps: [{id: b, oops: 1}]}}]}}",
  ]) {
    t.notOk(valid(packWith(steps)), steps);
  }
});
