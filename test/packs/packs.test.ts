import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import t from "tap";
import { parse } from "yaml";
import { digestOf, type Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { folderReader } from "#folder/folder-reader.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { packSchema } from "#pack/pack-schema.ts";
import { readPack } from "#pack/read-pack.ts";
import { compilePlan, lintPlan, type CompileRequest } from "#plan/compile-plan.ts";
import type { PlanInput } from "#plan/plan.ts";
import { builtIns } from "#step/built-ins.ts";

const root = join(import.meta.dirname, "../../packs");
const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const digest = digestOf(encodeUtf8("content"), sha256);

/** Values for the inputs that have no default. */
const given: Readonly<Record<string, Readonly<Record<string, PlanInput>>>> = {
  "self-release": {
    source: { type: "directory", name: "source", digest },
    lockfile: { type: "file", name: "lock.json", size: 7, digest },
    version: { type: "string", value: "1.2.3" },
  },
  "portfolio-check": { portfolio: { type: "directory", name: "projects", digest } },
};

/** A pack as the compiler gets it; throws with the findings when it has any. */
async function request(name: string): Promise<CompileRequest> {
  const folder = join(root, name);
  const reading = await folderReader().readPack(folder);
  if (!reading.ok) {
    throw new Error(reading.fault.message);
  }
  const packFiles = reading.value.listing;
  const read = readPack(readFileSync(join(folder, "pack.yaml")), { file: "pack.yaml", files: packFiles });
  if (!read.ok) {
    throw new Error(JSON.stringify(read.fault));
  }
  const defaults = Object.entries(read.value.spec.inputs).flatMap(([input, rule]) =>
    rule.default === undefined ? [] : [[input, { type: rule.type, value: rule.default } as PlanInput] as const],
  );
  const inputs = { ...Object.fromEntries(defaults), ...given[name] };
  return { pack: read.value, packDigest: treeDigest(packFiles, sha256), packFiles, inputs, builtIns, sha256 };
}

for (const name of readdirSync(root)) {
  t.test(`${name} has no finding, whatever its inputs will be`, async (t) => {
    const compile = await request(name);
    t.strictSame(lintPlan(compile), []);
    t.ok(compile.pack.name.endsWith(`/${name}`), "its name is that of its folder");
  });

  t.test(`${name} compiles to the same plan every time`, async (t) => {
    const [first, second] = [compilePlan(await request(name)), compilePlan(await request(name))];
    t.strictSame(first.ok ? [] : first.fault, []);
    t.ok(first.ok && second.ok && first.value.planHash === second.value.planHash);
  });

  t.test(`${name} fits the schema that editors use, and names it`, async (t) => {
    const text = readFileSync(join(root, name, "pack.yaml"), "utf8");
    const valid = new Ajv2020({ strict: false }).compile(packSchema() as object);
    t.ok(valid(parse(text)), JSON.stringify(valid.errors));
    t.ok(text.startsWith("# yaml-language-server: $schema=../../schemas/pack.schema.json\n"));
  });

  t.test(`${name} says in its README what it does and how to run it`, async (t) => {
    t.match(readFileSync(join(root, name, "README.md"), "utf8"), `packrun run packs/${name}`);
  });
}

t.test("quickstart uses every kind of step but the approval gate, and asks for nothing from outside", async (t) => {
  const compiled = compilePlan(await request("quickstart"));
  const plan = compiled.ok ? compiled.value.plan : undefined;
  const nodes = [...(plan?.steps ?? []), ...(plan?.finally ?? [])];
  t.strictSame(new Set(nodes.map(({ kind }) => kind)), new Set(["run", "map", "parallel", "gate.policy"]));
  const programs = nodes.flatMap((node) => ["command", "script", "uses"].filter((kind) => kind in node));
  t.strictSame(new Set(programs), new Set(["command", "script", "uses"]));
  const rules = nodes.flatMap((node) => (node.kind === "run" ? Object.values(node.outputs) : []));
  const kinds = rules.flatMap((rule) => ["file", "dir", "type"].filter((kind) => kind in rule));
  t.strictSame(new Set(kinds), new Set(["file", "dir", "type"]));
  t.ok(nodes.some((node) => "when" in node) && plan?.finally.length === 1);
  t.match(plan, { secrets: {}, approvals: {}, sandbox: { mode: "sealed", egressAllowlist: [] } });
});
