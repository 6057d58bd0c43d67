import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { architectureFindings } from "../../scripts/architecture.ts";
import type { Room } from "../../scripts/rooms.ts";

const rooms: readonly Room[] = [
  { name: "fault", floor: "ground", rooms: [], packages: [] },
  { name: "canon", floor: "ground", rooms: ["fault"], packages: ["canonicalize", "ajv/*"] },
  { name: "verify", floor: "pure", rooms: ["canon", "fault"], packages: [] },
  { name: "port", floor: "seam", rooms: ["canon"], packages: [], typesOnly: true },
  { name: "engine", floor: "doing", rooms: ["port", "canon"], packages: ["node:*"] },
  { name: "store/file", floor: "adapter", rooms: ["port", "canon"], packages: ["node:*"] },
  { name: "cli", floor: "face", rooms: ["compose", "engine", "port"], packages: ["node:*"] },
];

/** Findings of a tree that has these files under `src/`. */
function findings(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), "architecture-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, "src", path)), { recursive: true });
      writeFileSync(join(root, "src", path), text);
    }
    return architectureFindings(root, rooms);
  } finally {
    rmSync(root, { recursive: true });
  }
}

t.test("this repository has no findings in its table of rooms", async (t) => {
  const own = architectureFindings(process.cwd()).filter((line) => line.startsWith("scripts/rooms.ts"));
  t.strictSame(own, []);
});

t.test("a tree that follows the table has no findings", async (t) => {
  const found = findings({
    "fault/result.ts": "export const ok = 1;",
    "canon/json.ts":
      'import canonicalize from "canonicalize";\nimport x from "ajv/dist/2020.js";\nexport { canonicalize, x };',
    "canon/digest.ts":
      'import { ok } from "#fault/result.ts";\nimport { x } from "./json.ts";\nexport const y = [ok, x];',
    "port/clock.ts":
      'import type { y } from "#canon/digest.ts";\nexport type Clock = typeof y;\nexport interface Timer { readonly at: number }',
    "engine/loop.ts":
      'import { readFileSync } from "node:fs";\nimport type { Clock } from "#port/clock.ts";\nexport type Loop = [Clock, typeof readFileSync];',
    "store/file/ledger.ts":
      'import type { Clock } from "#port/clock.ts";\nexport const ledger = (clock: Clock) => clock;',
    "cli/main.ts": 'import { all } from "#compose.ts";\nvoid all;',
    "compose.ts":
      'import { ledger } from "#store/file/ledger.ts";\nimport { sep } from "node:path";\nexport const all = [ledger, sep];',
    "index.ts": 'export { all } from "#compose.ts";\nexport type { Clock } from "#port/clock.ts";',
  });
  t.strictSame(found, []);
});

t.test("every seeded violation is found at its line", async (t) => {
  const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, finding: string])[] = [
    [
      "a room that is not in the row",
      { "engine/a.ts": 'import "#fault/b.ts";', "fault/b.ts": "" },
      "src/engine/a.ts:1: room engine may not import room fault (#fault/b.ts)",
    ],
    [
      "a type-only import of such a room",
      { "canon/a.ts": '\nimport type { B } from "#engine/b.ts";', "engine/b.ts": "export type B = 1;" },
      "src/canon/a.ts:2: room canon may not import room engine (#engine/b.ts)",
    ],
    [
      "an import type in a type",
      { "canon/a.ts": 'export type A = import("#engine/b.ts").B;', "engine/b.ts": "export type B = 1;" },
      "src/canon/a.ts:1: room canon may not import room engine (#engine/b.ts)",
    ],
    [
      "a re-export of such a room",
      { "canon/a.ts": 'export { b } from "#engine/b.ts";', "engine/b.ts": "export const b = 1;" },
      "src/canon/a.ts:1: room canon may not import room engine (#engine/b.ts)",
    ],
    [
      "a dynamic import of such a room",
      { "store/file/a.ts": 'await import("#engine/b.ts");', "engine/b.ts": "" },
      "src/store/file/a.ts:1: room store/file may not import room engine (#engine/b.ts)",
    ],
    [
      "a package that the room does not have",
      { "engine/a.ts": 'import yaml from "yaml";\nvoid yaml;' },
      "src/engine/a.ts:1: engine may not import package yaml",
    ],
    [
      "a Node module in a pure room",
      { "canon/a.ts": 'import type { Stats } from "node:fs";\nexport type S = Stats;' },
      "src/canon/a.ts:1: canon may not import package node:fs",
    ],
    [
      "a package in the public face",
      { "index.ts": 'export { sep } from "node:path";' },
      "src/index.ts:1: src/index.ts may not import package node:path",
    ],
    [
      "a relative path across rooms",
      { "canon/a.ts": 'import "../fault/b.ts";', "fault/b.ts": "" },
      "src/canon/a.ts:1: write #room/file.ts across rooms, not ../fault/b.ts",
    ],
    [
      "a # path inside a room",
      { "canon/a.ts": 'import "#canon/b.ts";', "canon/b.ts": "" },
      "src/canon/a.ts:1: write ./ inside room canon, not #canon/b.ts",
    ],
    [
      "a value import of port",
      { "engine/a.ts": 'import { type B } from "#port/b.ts";\nexport type A = B;', "port/b.ts": "export type B = 1;" },
      "src/engine/a.ts:1: write import type: room port holds types only",
    ],
    [
      "runtime code in port",
      { "port/a.ts": "export type A = 1;\nexport const a = 1;" },
      "src/port/a.ts:2: room port holds types only",
    ],
    [
      "a value import in port",
      {
        "port/a.ts": 'import { b } from "#canon/b.ts";\nexport type A = typeof b;',
        "canon/b.ts": "export const b = 1;",
      },
      "src/port/a.ts:1: room port holds types only",
    ],
    [
      "a file in no room",
      { "misc/a.ts": "export const a = 1;" },
      "src/misc/a.ts: stands in no room of scripts/rooms.ts",
    ],
    [
      "a loose file beside the rooms",
      { "a.ts": "export const a = 1;" },
      "src/a.ts: stands in no room of scripts/rooms.ts",
    ],
    [
      "compose imported by a room other than cli",
      { "engine/a.ts": 'import "#compose.ts";', "compose.ts": "" },
      "src/engine/a.ts:1: engine may not import src/compose.ts",
    ],
    [
      "the public face imported from inside",
      { "cli/a.ts": 'import "#index.ts";', "index.ts": "" },
      "src/cli/a.ts:1: cli may not import src/index.ts",
    ],
    [
      "a re-export outside the public face",
      { "canon/a.ts": 'export { b } from "./b.ts";', "canon/b.ts": "export const b = 1;" },
      "src/canon/a.ts:1: only src/index.ts re-exports",
    ],
    [
      "a dynamic import in a pure room",
      { "canon/a.ts": 'export const a = import("ajv/dist/2020.js");' },
      "src/canon/a.ts:1: room canon may not import dynamically",
    ],
    [
      "a computed import",
      { "engine/a.ts": "export const a = (name: string) => import(name);" },
      "src/engine/a.ts:1: write the imported module as a literal",
    ],
    [
      "import.meta in a pure room",
      { "canon/a.ts": "export const a = 1;\nexport const b = import.meta.url;" },
      "src/canon/a.ts:2: room canon may not use import.meta",
    ],
    [
      "a circle of types",
      {
        "canon/a.ts": 'import type { B } from "./b.ts";\nexport type A = B;',
        "canon/b.ts": 'import type { C } from "./c.ts";\nexport type B = C;',
        "canon/c.ts": 'import type { A } from "./a.ts";\nexport type C = A;',
      },
      "circle: src/canon/a.ts -> src/canon/b.ts -> src/canon/c.ts",
    ],
    ["a file that imports itself", { "canon/a.ts": 'import "./a.ts";' }, "circle: src/canon/a.ts"],
    [
      "verify reaching the engine through another room",
      {
        "verify/a.ts": 'import "#canon/b.ts";',
        "canon/b.ts": 'import type { C } from "#engine/c.ts";\nexport type B = C;',
        "engine/c.ts": "export type C = 1;",
      },
      "verify reaches src/engine/c.ts: src/verify/a.ts -> src/canon/b.ts -> src/engine/c.ts",
    ],
    [
      "verify reaching Node through another room",
      { "verify/a.ts": 'import "#canon/b.ts";', "canon/b.ts": 'import "node:fs";' },
      "verify reaches node:fs: src/verify/a.ts -> src/canon/b.ts -> node:fs",
    ],
  ];
  for (const [what, files, finding] of cases) {
    t.ok(findings(files).includes(finding), what, { found: findings(files), finding });
  }
});

t.test("a table whose rows look ahead, or give Node to a pure room, is itself a finding", async (t) => {
  const root = t.testdir({ src: {} });
  const broken: readonly Room[] = [
    { name: "a", floor: "pure", rooms: ["b"], packages: ["node:fs"] },
    { name: "b", floor: "doing", rooms: ["a"], packages: ["node:fs"] },
  ];
  t.strictSame(architectureFindings(root, broken), [
    "scripts/rooms.ts: room a is pure and may not name node:fs",
    "scripts/rooms.ts: room a names b, which does not stand before it",
  ]);
});

t.test("a file that is not TypeScript is an error that names it", async (t) => {
  t.throws(() => findings({ "canon/a.ts": "export const = ;" }), /src\/canon\/a\.ts/);
});
