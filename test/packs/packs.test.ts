import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { parse } from "yaml";
import { folderReader } from "#folder/folder-reader.ts";
import { packSchema } from "#pack/pack-schema.ts";
import { readPack } from "#pack/read-pack.ts";

const root = join(import.meta.dirname, "../../packs");

for (const name of readdirSync(root)) {
  const folder = join(root, name);

  t.test(`${name} has no finding`, async (t) => {
    const reading = await folderReader().readPack(folder);
    t.ok(reading.ok);
    const files = reading.ok ? reading.value.listing : [];
    const read = readPack(readFileSync(join(folder, "pack.yaml")), { file: "pack.yaml", files });
    t.strictSame(read.ok ? [] : read.fault, []);
    t.ok(read.ok && read.value.name.endsWith(`/${name}`), "its name is that of its folder");
  });

  t.test(`${name} fits the schema that editors use, and names it`, async (t) => {
    const text = readFileSync(join(folder, "pack.yaml"), "utf8");
    const valid = new Ajv2020({ strict: false }).compile(packSchema() as object);
    t.ok(valid(parse(text)), JSON.stringify(valid.errors));
    t.ok(text.startsWith("# yaml-language-server: $schema=../../schemas/pack.schema.json\n"));
  });

  t.test(`${name} says in its README what it does and how to run it`, async (t) => {
    t.match(readFileSync(join(folder, "README.md"), "utf8"), `packrun run packs/${name}`);
  });
}
