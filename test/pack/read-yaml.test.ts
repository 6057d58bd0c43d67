import * as fc from "fast-check";
import t from "tap";
import { parseDocument, stringify } from "yaml";
import { readYaml } from "#pack/read-yaml.ts";
import { bytesOf } from "./sample-pack.ts";

function codesAt(text: string | Uint8Array): readonly string[] {
  const { diagnostics } = readYaml(typeof text === "string" ? bytesOf(text) : text, "pack.yaml");
  return diagnostics.map(({ code, range }) => `${code} ${range?.start.line}:${range?.start.column}`);
}

t.test("plain data is read as JSON by the core schema of YAML 1.2", async (t) => {
  const { value, sound, diagnostics } = readYaml(
    bytesOf("a: [1, 0x1F, 0o17, -2.5, 1e3, true, ~, yes, 012]\nb: |\n  x\n  y\nc: >-\n  x\n  y\n'd': \"\\u00e9\"\n"),
    "pack.yaml",
  );
  t.ok(sound);
  t.strictSame(diagnostics, []);
  t.strictSame(value, { a: [1, 31, 15, -2.5, 1000, true, null, "yes", 12], b: "x\ny\n", c: "x y", d: "é" });
});

t.test("a byte order mark is taken off and counts in no column", async (t) => {
  t.strictSame(codesAt("\uFEFFa: *x\n"), ["YAML_ALIAS 1:4"]);
  t.strictSame(readYaml(bytesOf("\uFEFFa: 1\n"), "pack.yaml").value, { a: 1 });
});

t.test(
  "what is not YAML is YAML_SYNTAX, at most once for each line, and nothing more is said about the value",
  async (t) => {
    t.strictSame(codesAt("a: [b\nc: d\n"), ["YAML_SYNTAX 2:1"]);
    t.strictSame(codesAt("a: b: c\n"), ["YAML_SYNTAX 1:4"]);
    t.strictSame(codesAt("{a: 1, , b}\n"), ["YAML_SYNTAX 1:8"]);
    t.strictSame(codesAt('a: "x\n'), ["YAML_SYNTAX 2:1"]);
    t.strictSame(codesAt("a:\n\tb: 1\n"), ["YAML_SYNTAX 2:1"]);
    t.equal(readYaml(bytesOf("a: [b\n"), "pack.yaml").sound, false);
  },
);

t.test("behind a broken line nothing is said of what a guess made of it, and what stands before it is", async (t) => {
  t.strictSame(codesAt("steps:\n  - id: a\n\t- id: b\n"), ["YAML_SYNTAX 3:1"]);
  t.strictSame(codesAt("1: a\nb: [c\nd: e\n"), ["YAML_SYNTAX 3:1", "YAML_KEY_TYPE 1:1"]);
});

t.test("behind the place where the structure is lost correct lines are not called wrong", async (t) => {
  const lost = "- run: { script: echo ${{ x }}, comand: [x] }\n  timeout: 5m\n- id: b\n  run: *c\n---\n- d\n";
  t.strictSame(codesAt(lost), ["YAML_SYNTAX 1:24"]);
  t.strictSame(codesAt("  a: 1\n b: 2\nc: 1\n"), ["YAML_SYNTAX 2:2"]);
  t.strictSame(codesAt("a: &x 1\nb: [c\nd: e\n"), ["YAML_ANCHOR 1:4", "YAML_SYNTAX 3:1"]);
  t.strictSame(codesAt("a: b: c\nd: e: f\n"), ["YAML_SYNTAX 1:4", "YAML_SYNTAX 2:4"], "a key leaves it whole");
  t.strictSame(codesAt('a: "\\q"\nb: @c\nd: &e f\n'), ["YAML_ANCHOR 3:4", "YAML_SYNTAX 1:5", "YAML_SYNTAX 2:4"]);
  const both = "a: b: c\nd: {e: f}}\ng: h\ni: j: k\n";
  t.strictSame(codesAt(both), ["YAML_SYNTAX 1:4", "YAML_SYNTAX 2:10"]);
  t.ok(codesAt("a: b: c\n".repeat(40_000)).length > 0, "however many there are");
});

t.test("each part of YAML that packs do not use has its code and its place", async (t) => {
  t.strictSame(codesAt("a: &x 1\nb: *x\n"), ["YAML_ANCHOR 1:4", "YAML_ALIAS 2:4"]);
  t.strictSame(codesAt("a: !!str 2\nb: !mine {}\n"), ["YAML_TAG 1:4", "YAML_TAG 2:4"]);
  t.strictSame(codesAt("%YAML 1.1\n---\na: 1\n"), ["YAML_DIRECTIVE 1:1"]);
  t.strictSame(codesAt("a: {}\n<<: {b: 1}\n"), ["YAML_MERGE_KEY 2:1"]);
  t.strictSame(codesAt("a: {}\n'<<': {b: 1}\n"), [], "a quoted one is a name like any other");
  t.strictSame(codesAt("a: 1\n---\nb: 2\n---\nc: 3\n"), ["YAML_MULTIPLE_DOCUMENTS 2:1"]);
  t.strictSame(codesAt("---\na: 1\n...\n"), [], "one document may be marked");
});

t.test("equal keys are found however they are written, and the first is shown", async (t) => {
  t.strictSame(codesAt("a: 1\nb: 2\n'a': 3\n"), ["YAML_DUPLICATE_KEY 3:1"]);
  t.strictSame(codesAt('"1": 2\n1: 3\n'), ["YAML_KEY_TYPE 2:1", "YAML_DUPLICATE_KEY 2:1"]);
  const { diagnostics, value } = readYaml(bytesOf("{x: {k: 1, k: 2}}"), "pack.yaml");
  t.strictSame(diagnostics[0]?.related?.[0]?.range?.start, { line: 1, column: 6 });
  t.strictSame(value, { x: { k: 1 } }, "the first counts");
});

t.test("keys that are no strings are refused", async (t) => {
  t.strictSame(codesAt("1: a\ntrue: b\n~: c\n? [x]\n: d\n? {y: 1}\n: e\n"), [
    "YAML_KEY_TYPE 1:1",
    "YAML_KEY_TYPE 2:1",
    "YAML_KEY_TYPE 3:1",
    "YAML_KEY_TYPE 4:3",
    "YAML_KEY_TYPE 6:3",
  ]);
});

t.test("numbers that JSON cannot hold exactly are refused", async (t) => {
  t.strictSame(codesAt("[9007199254740991, -9007199254740991, 0.1, 1e15]"), []);
  t.strictSame(codesAt("[9007199254740993, 1e400, .nan, -.inf, 1e20]"), [
    "YAML_NUMBER_UNSAFE 1:2",
    "YAML_NUMBER_UNSAFE 1:20",
    "YAML_NUMBER_UNSAFE 1:27",
    "YAML_NUMBER_UNSAFE 1:33",
    "YAML_NUMBER_UNSAFE 1:40",
  ]);
});

t.test("half of a surrogate pair and NUL cannot come in through escapes", async (t) => {
  t.strictSame(codesAt('["\\ud83d\\ude00", "\\ud83d", "a\\0b"]'), ["YAML_SURROGATE 1:18", "YAML_ENCODING 1:28"]);
});

t.test("bytes that are no UTF-8 text are refused", async (t) => {
  t.strictSame(codesAt(Uint8Array.of(0x61, 0x3a, 0x20, 0xff)), ["YAML_ENCODING 1:1"]);
  const [utf16] = readYaml(Uint8Array.of(0xff, 0xfe, 0x61, 0), "pack.yaml").diagnostics;
  t.match(utf16?.message, /UTF-16/);
  t.strictSame(codesAt("a: b\x07\x07\nc: \x1b[31m\n"), ["YAML_ENCODING 1:5", "YAML_ENCODING 2:4"]);
});

t.test("size, depth and number of nodes are bounded", async (t) => {
  t.strictSame(codesAt(new Uint8Array(8 * 1024 * 1024 + 1).fill(0x20)), ["YAML_TOO_LARGE 1:1"]);
  t.strictSame(codesAt(`${"[".repeat(64)}${"]".repeat(64)}`), []);
  t.strictSame(codesAt(`${"[".repeat(65)}${"]".repeat(65)}`), ["YAML_TOO_DEEP 1:65"]);
  t.strictSame(codesAt("[".repeat(100_000)), ["YAML_TOO_DEEP 1:66"]);
  t.strictSame(codesAt("- ".repeat(100_000)), ["YAML_TOO_DEEP 1:131"]);
  t.strictSame(codesAt(`[${"a,".repeat(500_000)}]`), ["YAML_TOO_MANY_NODES 1:1000000"]);
  t.strictSame(codesAt("-\n".repeat(500_001)), ["YAML_TOO_MANY_NODES 500001:1"]);
  t.strictSame(codesAt(`${"- ".repeat(100)}\n${"-\n".repeat(500_001)}`), ["YAML_TOO_DEEP 1:131"]);
});

t.test("wrong escapes are counted before each costs an error, wherever they stand", async (t) => {
  const problemsIn = (text: string): readonly string[] =>
    readYaml(bytesOf(text), "pack.yaml").diagnostics.map(({ message }) => message);
  const tooMany = ["not YAML: more than 1000 escapes are none of YAML, the first of them here"];
  for (const escape of ["\\q", "\\R", "\\'", "\\xg1", "\\u12g4", "\\U00110000", "\\uffg", "\\\r"]) {
    t.strictSame(problemsIn(`x: "${`${escape} \n `.repeat(1001)}"`), tooMany, escape);
    t.match(problemsIn(`x: "${escape}"`), [/invalid escape/], `${escape} once`);
  }
  t.strictSame(problemsIn(`x: "${"\\q".repeat(4_190_000)}"`), tooMany, "in one line");
  t.strictSame(problemsIn(`[${'"\\q",'.repeat(2000)}]`), tooMany, "in many texts");
  t.strictSame(codesAt(`x: "a\\t${"\\q".repeat(1001)}"`), ["YAML_SYNTAX 1:8"], "the first of them is shown");
  const right = ["\t", "\n ", "\r\n ", " ", ...'abtnvfre"/\\N_LP', "x1f", "u12aF", "U0010FFff", "U0001f600"];
  const every = right.map((name) => `\\${name}`).join("");
  t.strictSame(problemsIn(`x: "${every.repeat(500)}"`), [], "these are right");
  t.strictSame(
    problemsIn(`# ${"\\q".repeat(2000)}\nx: '${"\\q".repeat(2000)}'\ny: ${"\\q".repeat(2000)}\n`),
    [],
    "these hold no escapes",
  );
});

t.test("of many findings of one code the first are told, and how many there are more", async (t) => {
  const { diagnostics } = readYaml(bytesOf(`[${"{1: 1, 2: 1, 1: 1},".repeat(1500)}]`), "pack.yaml");
  const messages = (code: string): readonly string[] =>
    diagnostics.filter((each) => each.code === code).map(({ message }) => message);
  t.equal(messages("YAML_KEY_TYPE").length, 1000);
  t.match(messages("YAML_KEY_TYPE").at(-1), /and 3500 more of this kind/);
  t.equal(messages("YAML_DUPLICATE_KEY").length, 1000);
  t.match(messages("YAML_DUPLICATE_KEY").at(-1), /stands twice in the same mapping \(and 500 more of this kind\)$/);
  t.equal(messages("YAML_DUPLICATE_KEY").filter((message) => message.includes("more of this kind")).length, 1);
  const lines = readYaml(bytesOf("- @a\n".repeat(1001)), "pack.yaml").diagnostics;
  t.equal(lines.length, 1000);
  t.match(lines.at(-1)?.message, /and 1 more of this kind/);
});

t.test("what is no value is bounded too, and is not read to its end", async (t) => {
  const half = 4 * 1024 * 1024;
  t.strictSame(codesAt("\n".repeat(half)), ["YAML_TOO_MANY_NODES 300001:1"]);
  t.strictSame(codesAt("#\n".repeat(half)), ["YAML_TOO_MANY_NODES 150001:1"]);
  for (const text of ["\n".repeat(400_000), "# why\n".repeat(400_000)]) {
    t.match(readYaml(bytesOf(text), "pack.yaml").diagnostics, [
      { message: /more than 300000 line ends, comments and other tokens beside 6 for each/, hint: /comments/ },
    ]);
  }
  t.match(readYaml(bytesOf("-\n".repeat(500_001)), "pack.yaml").diagnostics, [
    { message: "the text has more than 500000 keys and values" },
  ]);
  const anchors = codesAt("&a ".repeat(half / 2));
  t.strictSame(anchors.at(-1), "YAML_TOO_MANY_NODES 1:450000");
  t.equal(anchors.length, 1001, "of which the first thousand are told");
  t.strictSame(
    codesAt(`${"# why\n".repeat(100_000)}${"- a # b\n\n".repeat(20_000)}`),
    [],
    "a pack may say much about little",
  );
});

t.test("names that JavaScript objects treat specially are names like any other", async (t) => {
  const { value } = readYaml(bytesOf("__proto__: {x: 1}\nconstructor: 2\n"), "pack.yaml");
  t.strictSame(Object.entries(value as object), [
    ["__proto__", { x: 1 }],
    ["constructor", 2],
  ]);
  t.equal(({} as { x?: number }).x, undefined);
});

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

t.test("reading what was printed gives the value again", async () => {
  fc.assert(
    fc.property(json, (value) => {
      const { value: read, diagnostics } = readYaml(bytesOf(stringify(value, { aliasDuplicateObjects: false })), "p");
      const unsafe = diagnostics.every(({ code }) =>
        ["YAML_NUMBER_UNSAFE", "YAML_SURROGATE", "YAML_ENCODING"].includes(code),
      );
      return diagnostics.length > 0 ? unsafe : JSON.stringify(sorted(read)) === JSON.stringify(sorted(value));
    }),
    { numRuns: 200 },
  );
});

t.test("any text is read without throwing, and as the library reads it where nothing is wrong", async () => {
  const piece = fc.constantFrom(
    "a",
    "b: ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    '"',
    "'",
    "|",
    "#",
    "? ",
    "1",
    "é",
    "~",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
      (text) => {
        const { diagnostics, value, sound } = readYaml(bytesOf(text), "p");
        const plain = parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
        if (!sound || diagnostics.length > 0) {
          return true;
        }
        return plain.errors.length === 0 && JSON.stringify(value) === JSON.stringify(plain.toJS() ?? null);
      },
    ),
    { numRuns: 500 },
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, member]) => [name, sorted(member)])
        .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    : Object.is(value, -0)
      ? 0
      : value;
}
