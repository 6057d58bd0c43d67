import t from "tap";
import { commandsOf } from "./run-blocks.ts";
import { isAsShown } from "./shown-output.ts";

t.test("what a document shows stands for what is printed, but for times, ids and `...`", async (t) => {
  t.ok(isAsShown("verified\n", "verified\n"));
  t.ok(isAsShown("✓ build  67ms\n", "✓ build  1.2s\n"));
  t.ok(isAsShown("a\n...\nd\n", "a\nb\nc\nd\n"));
  t.ok(isAsShown("a\n...\n", "a\n"));
  t.ok(isAsShown("run ... ended\n", "run 7 has ended\n"));
  const [one, other] = ["sha256:", "sha256:"].map((prefix, at) => prefix + String(at).repeat(64));
  t.ok(isAsShown(`planHash  ${one}\n`, `planHash  ${other}\n`));
  t.ok(isAsShown("until 2026-11-21T21:16:29.880Z\n", "until 2027-01-02T03:04:05.006Z\n"));
  t.notOk(isAsShown("verified\n", "failed\n"));
  t.notOk(isAsShown("a\nd\n", "a\nb\nd\n"));
  t.notOk(isAsShown("a.b\n", "axb\n"), "text is no pattern");
  t.notOk(isAsShown("a\n", "a\nb\n"), "nothing more is printed");
});

t.test("a console block is commands with what they print", async (t) => {
  const text = "$ one \\\n    two\nout\n$ cat > f <<'EOF'\n$ not a command\nEOF\n$ false\n$ echo $?\n1\n";
  t.strictSame(commandsOf({ language: "console", text, line: 10, headings: [] }), [
    { line: 11, text: "one \\\n    two", shown: "out\n", strict: true },
    { line: 14, text: "cat > f <<'EOF'\n$ not a command\nEOF", shown: "", strict: true },
    { line: 17, text: "false", shown: "", strict: false },
    { line: 18, text: "echo $?", shown: "1\n", strict: true },
  ]);
});
