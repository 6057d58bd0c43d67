import t from "tap";
import { codePage } from "#cli/code-page.ts";
import { explainedCodes } from "#cli/explained-codes.ts";

const entry = {
  severity: "error",
  exitCode: 3,
  message: "the oven is too hot",
  hint: "let it cool down",
  explanation:
    "## Cause\n\nNobody looked.\n\n## Example\n\n```text\na:\n  b\n```\n\n## Fix\n\nRun `oven cool --now please` and wait.\n",
};

t.test("a page has message, hint and three parts with headings, and nothing of Markdown's fences", async (t) => {
  t.equal(
    codePage("TOO_HOT", entry, 80),
    `TOO_HOT (error, exit code 3)

  the oven is too hot
  = help: let it cool down

Cause
  Nobody looked.

Example
  a:
    b

Fix
  Run \`oven cool --now please\` and wait.
`,
  );
});

t.test("a narrow terminal wraps prose between words, and keeps a command on one line", async (t) => {
  t.match(codePage("TOO_HOT", entry, 20), "Fix\n  Run\n  `oven cool --now please`\n  and wait.\n");
});

t.test("every code has a page whose prose fits into a wide terminal", async (t) => {
  for (const [code, known] of Object.entries(explainedCodes())) {
    const page = codePage(code, known, 300);
    t.match(
      page,
      /^[A-Z_0-9]+ \((error|warning|info), exit code \d+\)\n\n {2}[^]+\nCause\n {2}[^]+\nExample\n {2}[^]+\nFix\n {2}/,
    );
    t.notMatch(page, "```");
  }
});
