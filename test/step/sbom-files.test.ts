import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import type { Json } from "#canon/json.ts";
import { NO_SOURCES } from "#plan/lint-sources.ts";
import { builtIns } from "#step/built-ins.ts";
import { sbomFiles } from "#step/sbom-files/sbom-files.ts";
import { bench, closed, sha256 } from "./built-in-request.ts";

const files = { "bin/run": "#!/bin/sh\n", "data/ü.txt": "ü", "pack.yaml": "kind: TaskPack\n" };
const listing = [
  { path: "a.txt", mode: "644", size: 1, sha256: sha256("a") },
  { path: "link", mode: "link", target: "a.txt" },
];

type Bom = {
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly metadata: {
    readonly timestamp?: string;
    readonly component: { readonly name: string; readonly version?: string };
  };
  readonly components: readonly {
    readonly type: string;
    readonly name: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly properties?: Json;
  }[];
};

type Bench = ReturnType<typeof bench>;

async function inventory(runner: Bench, given: Json): Promise<{ readonly text: string; readonly bom: Bom }> {
  const outcome = await runner.execute(sbomFiles, given);
  const sbom = outcome.kind === "succeeded" ? outcome.outputs["sbom"] : undefined;
  if (sbom?.type !== "file") {
    throw new Error(JSON.stringify(outcome));
  }
  const text = await runner.text(sbom.digest);
  return { text, bom: JSON.parse(text) as Bom };
}

t.test("every file of the pack is a component with its SHA-256, in the order of the listing", async (t) => {
  const { bom } = await inventory(bench("/nowhere", files), { directory: ".", name: "demo", version: "1.2.0" });
  t.equal(bom.specVersion, "1.6");
  t.match(bom.metadata.component, { name: "demo", version: "1.2.0" });
  t.strictSame(
    bom.components.map(({ type, name, hashes }) => [type, name, hashes]),
    Object.entries(files).map(([name, text]) => ["file", name, [{ alg: "SHA-256", content: sha256(text) }]]),
  );
});

t.test("a folder of the pack is listed with paths from there, and names the inventory", async (t) => {
  const { bom } = await inventory(bench("/nowhere", files), { directory: "./bin/" });
  t.strictSame(
    bom.components.map(({ name }) => name),
    ["run"],
  );
  t.equal(bom.metadata.component.name, "bin");
});

t.test("a stored directory is read from its listing; links stand in it with their targets", async (t) => {
  const runner = bench("/nowhere");
  const { digest } = await runner.keep(canonicalJson(listing));
  const { bom } = await inventory(runner, { directory: { type: "directory", digest, name: "site" } });
  t.equal(bom.metadata.component.name, "site");
  t.match(bom.components, [
    { name: "a.txt", hashes: [{ alg: "SHA-256" }] },
    { name: "link", properties: [{ name: "packrun:linkTarget", value: "a.txt" }] },
  ]);
});

t.test("the same tree gives the same bytes: no time, and a serial number made of the content", async (t) => {
  const first = await inventory(bench("/nowhere", files), { directory: "." });
  const again = await inventory(bench("/elsewhere", files), { directory: "." });
  t.equal(again.text, first.text);
  t.equal(first.bom.metadata.timestamp, undefined);
  t.match(first.bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const changed = await inventory(bench("/nowhere", { ...files, "pack.yaml": "" }), { directory: "." });
  const renamed = await inventory(bench("/nowhere", files), { directory: ".", name: "other" });
  t.equal(new Set([first, changed, renamed].map(({ bom }) => bom.serialNumber)).size, 3);
});

t.test("the document holds to the CycloneDX 1.6 schema", async (t) => {
  const library = dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json"));
  const load = (name: string): object =>
    JSON.parse(readFileSync(join(library, "res", "schema", `${name}.SNAPSHOT.schema.json`), "utf8")) as object;
  const ajv = new Ajv({ strict: false, validateFormats: true });
  addFormats.default(ajv);
  for (const format of ["idn-email", "iri-reference"]) {
    ajv.addFormat(format, true);
  }
  const valid = ajv
    .addSchema(load("spdx"), "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json")
    .addSchema(load("jsf-0.82"), "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json")
    .compile(load("bom-1.6"));
  const runner = bench("/nowhere", files);
  const { digest } = await runner.keep(canonicalJson(listing));
  for (const directory of [".", { type: "directory", digest }]) {
    const { bom } = await inventory(runner, { directory });
    t.ok(valid(bom), JSON.stringify(valid.errors));
  }
});

t.test("an empty directory has an empty inventory", async (t) => {
  const runner = bench("/nowhere");
  const { digest } = await runner.keep("[]");
  const { bom } = await inventory(runner, { directory: { type: "directory", digest } });
  t.strictSame(bom.components ?? [], []);
});

t.test("every refusal has its code", async (t) => {
  const runner = bench("/nowhere", files);
  const reference = async (text: string): Promise<Json> => {
    const { digest } = await runner.keep(text);
    return { type: "directory", digest, name: "tree" };
  };
  const entry = { path: "a", mode: "644", size: 1, sha256: sha256("a") };
  const absent = { type: "directory", digest: `sha256:${"0".repeat(64)}` };
  const cases: readonly (readonly [string, Json])[] = [
    ["SBOM_DIRECTORY_MISSING", { directory: "absent" }],
    ["SBOM_DIRECTORY_MISSING", { directory: "pack.yaml" }],
    ["SBOM_DIRECTORY_MISSING", { directory: absent }],
    ["SBOM_LISTING_INVALID", { directory: await reference("a tarball") }],
    ["SBOM_LISTING_INVALID", { directory: await reference("[ ]") }],
    ["SBOM_LISTING_INVALID", { directory: await reference(canonicalJson([{ ...entry, sha256: "short" }])) }],
    ["SBOM_LISTING_INVALID", { directory: await reference(canonicalJson([{ ...entry, owner: "root" }])) }],
    ["STEP_WITH_INVALID", {}],
    ["STEP_WITH_INVALID", { directory: "../up" }],
    ["STEP_WITH_INVALID", { directory: { type: "file", digest: absent.digest, size: 1 } }],
  ];
  for (const [reason, given] of cases) {
    t.match(await runner.execute(sbomFiles, given), { kind: "failed", reason, artifacts: [] }, JSON.stringify(given));
  }
});

t.test("a cancelled attempt keeps no inventory", async (t) => {
  const runner = bench("/nowhere", files);
  const given = runner.request({ directory: "." });
  const running = sbomFiles.execute(given);
  runner.ending.abort();
  t.match(await running, { kind: "cancelled", artifacts: [], outputs: undefined });
});

t.test("the registry names every built-in once", async (t) => {
  t.strictSame([...builtIns.keys()], ["bundle.ingest", "file.render", "http.fetch", "sbom.files", "schema.validate"]);
  for (const [name, { refusals }] of builtIns) {
    t.ok(Array.isArray(refusals({}, closed, NO_SOURCES)), name);
  }
});
