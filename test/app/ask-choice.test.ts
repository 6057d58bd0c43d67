import { PassThrough } from "node:stream";
import t from "tap";
import { askChoice } from "#app/ask-choice.ts";

const choices = [
  { name: "command", about: "one" },
  { name: "release", about: "two" },
];

/** What is answered to these lines, and what was asked. */
async function asked(typed: string): Promise<{ readonly chosen: string | undefined; readonly shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(typed);
  const chosen = await askChoice("Which?", choices, { input, output });
  return { chosen, shown: String(output.read() as Buffer) };
}

t.test("a number or a name chooses, and an empty line takes the first", async (t) => {
  const list = "Which?\n  1  command  one\n  2  release  two\n";
  t.strictSame(await asked("2\n"), { chosen: "release", shown: `${list}number or name [1]: ` });
  t.match(await asked("  Release \n1\n"), { chosen: "release" });
  t.match(await asked("\n2\n"), { chosen: "command" });
});

t.test("what is neither is asked for again", async (t) => {
  const { chosen, shown } = await asked("0\n3\nrel\nhello\nrelease\n");
  t.equal(chosen, "release");
  t.equal(shown.split("number or name [1]: ").length - 1, 5);
});

t.test("the end of the input is no answer", async (t) => {
  t.match(await asked(""), { chosen: undefined });
  t.match(await asked("what\n"), { chosen: undefined });
});
