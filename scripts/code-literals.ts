import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** A text that is used as a code, and where: `src/step/x.ts:12`. */
export type CodeLiteral = { readonly code: string; readonly place: string };

const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/** Every literal in `src/` that is made into a code: an argument of `faultOf` or `diagnosticOf`, a `code` or `reason`. */
export function codeLiterals(root: string): readonly CodeLiteral[] {
  return globSync("src/**/*.ts", { cwd: root })
    .toSorted()
    .flatMap((path) => literalsIn(path, readFileSync(join(root, path), "utf8")));
}

function literalsIn(path: string, text: string): readonly CodeLiteral[] {
  const found: CodeLiteral[] = [];
  const note = (node: object): void => {
    const { value, start } = node as { readonly value?: unknown; readonly start: number };
    if (typeof value === "string" && CODE.test(value)) {
      found.push({ code: value, place: `${path}:${text.slice(0, start).split("\n").length}` });
    }
  };
  new Visitor({
    CallExpression: (node) => {
      if (node.callee.type === "Identifier" && /^(?:faultOf|diagnosticOf)$/.test(node.callee.name)) {
        node.arguments.forEach(note);
      }
    },
    Property: (node) => {
      if (node.key.type === "Identifier" && /^(?:code|reason)$/.test(node.key.name)) {
        note(node.value);
      }
    },
  }).visit(parseSync(path, text).program);
  return found;
}
