import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { schemaFiles } from "../../scripts/schema-files.ts";

t.test("every schema is JSON Schema 2020-12 that a strict validator compiles, under its own name", async (t) => {
  for (const { path, text } of schemaFiles()) {
    const schema = JSON.parse(text) as { readonly $id: string; readonly title: string };
    t.equal(schema.$id, `https://packrun.dev/${path}`);
    t.ok(schema.title.length > 0, `${path} has a title`);
    t.doesNotThrow(
      () => new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema),
      path,
    );
  }
});
