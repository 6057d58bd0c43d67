import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { decodeUtf8 } from "#canon/utf8.ts";
import { bundleOf } from "./bundle-world.ts";

type Json = Record<string, unknown>;

const schema = JSON.parse(readFileSync("schemas/packs-offline-bundle.schema.json", "utf8")) as Json;
const holds = new Ajv2020({ strict: false }).compile(schema);
const EVIDENCE = "test/packs/tampered/original/bundle/evidence.manifest.json";
const evidence = JSON.parse(readFileSync(EVIDENCE, "utf8")) as Json;

/** Every manifest of a pack bundle, and its index. */
async function ofPack(): Promise<readonly Json[]> {
  const { pieces } = await bundleOf();
  const read = pieces.flatMap((piece) => {
    const text = "bytes" in piece ? (decodeUtf8(piece.bytes) ?? "") : "";
    return text.includes('"mediaType":"application/vnd.oci.image.') ? [JSON.parse(text) as Json] : [];
  });
  return read.filter((each) => "schemaVersion" in each);
}

t.test("one schema holds the manifests of evidence and of pack bundles", async (t) => {
  t.ok(holds(evidence), "evidence.manifest.json", { errors: holds.errors });
  const manifests = await ofPack();
  t.equal(manifests.length, 6, "index, image and four referrers");
  for (const each of manifests) {
    t.ok(holds(each), JSON.stringify(each).slice(0, 200), { errors: holds.errors });
  }
});

t.test("what is in no manifest is refused", async (t) => {
  const manifests = await ofPack();
  for (const each of [evidence, ...manifests]) {
    t.notOk(holds({ ...each, more: 1 }), "a member more");
    t.notOk(holds(Object.fromEntries(Object.entries(each).slice(0, -1))), "a member less");
  }
});
