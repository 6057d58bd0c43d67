import t from "tap";
import type { Range } from "#fault/place.ts";
import { goodPack, packWith } from "./sample-pack.ts";

const text = packWith(`
- id: first
  title: plain text
  run: {command: [echo, "a\\t\\u00e9\\U0001F600 \${{ inputs.channel }}", 'it''s \${{ 1 }}']}
  stdin: |
    block \${{ 3 }}

      deeper \${{ 4 }}
- id: folded
  run: {command: [x]}
  when: >-
    \${{ inputs.a
    && inputs.b }}
- id: kept
  run: {command: [x]}
  stdin: >
    one

    two \${{ 5 }}
- id: told
  run: {command: [x]}
  stdin: |2
      two \${{ 6 }}
- id: second
  title: plain \${{ 2 }}
  env:
    EMPTY:
      ""
  run:
    command:
      - "true"
`);
const { source } = goodPack(text);
const steps = ["spec", "steps"] as const;

function stretch({ start, end }: Range): string {
  const lines = text.split("\n");
  return start.line === end.line
    ? (lines[start.line - 1] ?? "").slice(start.column - 1, end.column - 1)
    : `${(lines[start.line - 1] ?? "").slice(start.column - 1)}…${end.line}`;
}

t.test("names and values are found by path", async (t) => {
  t.equal(stretch(source.range([...steps, 0, "title"], "key")), "title");
  t.equal(stretch(source.range([...steps, 0, "title"], "value")), "plain text");
  t.equal(stretch(source.range([...steps, 0, "run", "command", 0], "value")), "echo");
  t.equal(stretch(source.range([...steps, 4, "run", "command"], "value")), '- "true"');
  t.equal(source.file, "pack.yaml");
  t.equal(source.text, text);
});

t.test("a list item has no name and answers with its first member's", async (t) => {
  t.equal(stretch(source.range([...steps, 4], "key")), "id");
  t.equal(stretch(source.range([...steps, 0, "run", "command", 0], "key")), "echo");
  t.equal(stretch(source.range([], "key")), "apiVersion");
});

t.test("what is not there has the range of what is around it", async (t) => {
  t.equal(stretch(source.range([...steps, 0, "run", "script"], "value")), "run");
  t.equal(stretch(source.range([...steps, 0, "title", "deeper", 3], "value")), "title");
  t.equal(stretch(source.range([...steps, 7, "run"], "key")), "steps");
  t.equal(stretch(source.range(["nothing"], "key")), "apiVersion");
});

t.test("a stretch of a string is found through escapes", async (t) => {
  const command = [...steps, 0, "run", "command"] as const;
  const double = "a\té😀 ${{ inputs.channel }}";
  const at = double.indexOf("inputs");
  t.equal(stretch(source.offsetRange([...command, 1], at, at + 6)), "inputs");
  t.equal(stretch(source.offsetRange([...command, 1], 3, 5)), "\\U0001F600");
  t.equal(stretch(source.offsetRange([...command, 1], 0, 1)), "a");
  t.equal(stretch(source.offsetRange([...command, 2], 5, 12)), "${{ 1 }}".slice(0, 7));
  t.equal(stretch(source.offsetRange([...steps, 4, "title"], 6, 14)), "${{ 2 }}");
  t.equal(stretch(source.offsetRange([...steps, 4, "title"], 6, 99)), "${{ 2 }}", "never beyond the scalar");
});

t.test("a stretch of a block scalar is found where its lines are those of the value", async (t) => {
  const literal = "block ${{ 3 }}\n\n  deeper ${{ 4 }}\n";
  const stdin = [...steps, 0, "stdin"] as const;
  t.equal(stretch(source.offsetRange(stdin, 6, 14)), "${{ 3 }}");
  const at = literal.indexOf("${{ 4");
  t.equal(stretch(source.offsetRange(stdin, at, at + 8)), "${{ 4 }}");
  t.equal(stretch(source.offsetRange(stdin, at, 99)), "${{ 4 }}", "never beyond the scalar");
  const folded = "${{ inputs.a && inputs.b }}";
  const second = folded.indexOf("inputs.b");
  t.equal(stretch(source.offsetRange([...steps, 1, "when"], second, second + 8)), "inputs.b");
  t.match(stretch(source.offsetRange([...steps, 1, "when"], 4, second + 8)), /^inputs\.a…/, "over two lines");
});

t.test("a stretch of other block scalars is the whole scalar, of anything else its name", async (t) => {
  t.match(stretch(source.offsetRange([...steps, 2, "stdin"], 6, 9)), /^>…/, "a line end stays one in it");
  t.match(stretch(source.offsetRange([...steps, 3, "stdin"], 6, 9)), /^\|2…/, "it says its indentation");
  t.equal(stretch(source.offsetRange([...steps, 0, "run"], 0, 1)), "run");
  t.equal(stretch(source.offsetRange([...steps, 0, "nothing"], 0, 1)), "id");
});

t.test("a place in the text belongs to the innermost value that has begun there", async (t) => {
  const pathAt = (found: string): unknown => {
    const offset = text.indexOf(found);
    const before = text.slice(0, offset).split("\n");
    return source.pathAt({ line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
  };
  t.strictSame(pathAt("apiVersion"), ["apiVersion"]);
  t.strictSame(pathAt("packrun.dev"), ["apiVersion"]);
  t.strictSame(pathAt("steps:"), ["spec", "steps"]);
  t.strictSame(pathAt("plain text"), ["spec", "steps", 0, "title"]);
  t.strictSame(pathAt("echo"), ["spec", "steps", 0, "run", "command", 0]);
  t.strictSame(pathAt("EMPTY"), ["spec", "steps", 4, "env", "EMPTY"]);
  t.strictSame(source.pathAt({ line: 1, column: 1 }), ["apiVersion"]);
});
