import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { parseSync, Visitor, type Program } from "oxc-parser";

/** One mention of another module in a file: static, type-only, re-exporting, dynamic, or `import("…").T` in a type. */
export type Import = {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  /** A path under the root for our own files (`src/canon/json.ts`), else the specifier itself. */
  readonly to: string;
  readonly kind: "value" | "type" | "reexport" | "dynamic";
};

/** A source file as the rules look at it. */
export type SourceFile = {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines of top-level statements that leave something behind when types are stripped. */
  readonly runtimeLines: readonly number[];
  readonly metaLines: readonly number[];
};

/** Every TypeScript file under `src/`, sorted by path. */
export function readSources(root: string): readonly SourceFile[] {
  return globSync("src/**/*.ts", { cwd: root })
    .toSorted()
    .map((path) => readSource(path, readFileSync(join(root, path), "utf8")));
}

function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) {
    throw new Error(`${path}: ${errors[0]?.message ?? "not TypeScript"}`);
  }
  const lineOf = (start: number): number => text.slice(0, start).split("\n").length;
  const imports: Import[] = [];
  const metaLines: number[] = [];
  const note = (source: object | null, kind: Import["kind"]): void => {
    if (source !== null) {
      const { value, start } = source as { readonly value?: unknown; readonly start: number };
      const specifier = typeof value === "string" ? value : "<computed>";
      imports.push({ from: path, line: lineOf(start), specifier, to: targetOf(path, specifier), kind });
    }
  };
  new Visitor({
    ImportDeclaration: (node) => note(node.source, node.importKind === "type" ? "type" : "value"),
    ExportNamedDeclaration: (node) => note(node.source, "reexport"),
    ExportAllDeclaration: (node) => note(node.source, "reexport"),
    ImportExpression: (node) => note(node.source, "dynamic"),
    TSImportType: (node) => note(node.source, "type"),
    MetaProperty: (node) => {
      if (node.meta.name === "import") {
        metaLines.push(lineOf(node.start));
      }
    },
  }).visit(program);
  return { path, imports, runtimeLines: runtimeStarts(program).map(lineOf), metaLines };
}

function runtimeStarts(program: Program): readonly number[] {
  return program.body.filter((node) => !isTypesOnly(node)).map((node) => node.start);
}

function isTypesOnly(node: Program["body"][number]): boolean {
  return (
    node.type === "TSTypeAliasDeclaration" ||
    node.type === "TSInterfaceDeclaration" ||
    (node.type === "ImportDeclaration" && node.importKind === "type") ||
    (node.type === "ExportNamedDeclaration" && node.exportKind === "type")
  );
}

function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith("#")) {
    return `src/${specifier.slice(1)}`;
  }
  return specifier.startsWith(".") ? join(dirname(path), specifier) : specifier;
}
