import t from "tap";
import type { Range } from "#fault/place.ts";
import { goodPack, packWith } from "./sample-pack.ts";

const text = packWith(`
- id: first
  title: plain text
  run: {command: [echo, "a\\t\\u00e9\\U0001F600 \${{ inputs.channel }}", 'it''s \${{ 1 }}']}
  stdin: |
    block \${{ 3 }}
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
  t.equal(stretch(source.range([...steps, 1, "run", "command"], "value")), '- "true"');
  t.equal(source.file, "pack.yaml");
  t.equal(source.text, text);
});

t.test("a list item has no name and answers with its first member's", async (t) => {
  t.equal(stretch(source.range([...steps, 1], "key")), "id");
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
  t.equal(stretch(source.offsetRange([...steps, 1, "title"], 6, 14)), "${{ 2 }}");
  t.equal(stretch(source.offsetRange([...steps, 1, "title"], 6, 99)), "${{ 2 }}", "never beyond the scalar");
});

t.test("a stretch of a block scalar is the whole scalar, of anything else its name", async (t) => {
  t.match(stretch(source.offsetRange([...steps, 0, "stdin"], 6, 9)), /^\|…/);
  t.equal(stretch(source.offsetRange([...steps, 0, "run"], 0, 1)), "run");
  t.equal(stretch(source.offsetRange([...steps, 0, "nothing"], 0, 1)), "id");
});
