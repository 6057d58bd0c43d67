import { globSync, readFileSync } from "node:fs";
import { Command } from "commander";
import t from "tap";
import type { Cli } from "#cli/cli.ts";
import { commandTable } from "#cli/command-table.ts";
import { codeLiterals } from "../../scripts/code-literals.ts";
import { codesFile, codesTwice, readCodeTables } from "../../scripts/code-tables.ts";
import { codeTable } from "../../src/fault/code-table.ts";

const root = process.cwd();
const tables = await readCodeTables(root);
const entries = tables.flatMap(({ table }) => Object.entries(table));

/** Exit codes that the command line documents. */
const EXIT_CODES = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 20, 124, 130, 143]);

t.test("every code says what it means in three parts, and ends in a documented exit code", async (t) => {
  t.ok(entries.length > 20, "tables were found");
  for (const [code, { explanation, exitCode, message, hint }] of entries) {
    t.match(code, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/);
    t.ok(EXIT_CODES.has(exitCode), `${code} exits with ${exitCode}`);
    for (const [part, text] of Object.entries({ ...explanation, message, hint })) {
      t.ok(text.trim().length > 0, `${code} has a ${part}`);
    }
  }
});

t.test("an explanation says more than the message: why, what is wrong, and what is right", async (t) => {
  const plain = (text: string): string => text.trim().replace(/\.$/, "").toLowerCase();
  for (const [code, { explanation, message, hint }] of entries) {
    const { cause, example, fix } = explanation;
    const said = [plain(message), plain(hint)];
    t.notOk(
      [cause, example, fix].some((part) => said.includes(plain(part))),
      `${code} repeats its message or its hint`,
    );
    t.equal(new Set([cause, example, fix].map(plain)).size, 3, `${code} says one thing twice`);
    t.ok(cause.length >= 20 && fix.length >= 13, `${code} explains something`);
  }
});

function commandOf(parent: Command, word = ""): Command | undefined {
  return parent.commands.find((each) => each.name() === word);
}

/** The command that a line begins with, its other words, and the options among them. */
function readLine(program: Command, line: string) {
  const [, ...words] = line.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  const group = commandOf(program, words[0]);
  const command = group?.commands.length === 0 ? group : group && commandOf(group, words[1]);
  const rest = words.slice(command === group ? 1 : 2);
  return { command, rest, options: rest.filter((word) => /^--?[a-z]/.test(word)) };
}

const takes = (command: Command | undefined, option: string) =>
  command?.options.find(({ short, long }) => short === option || long === option);

/** What keeps a line from being typed as it is: nothing, when it is a whole command. */
function whatIsMissing(program: Command, line: string): string {
  const { command, rest, options } = readLine(program, line);
  if (command === undefined) {
    return "no command";
  }
  const unknown = options.filter((each) => takes(command, each) === undefined);
  const needed = command.options.filter(
    ({ mandatory, short, long }) => mandatory && !rest.includes(short ?? "") && !rest.includes(long ?? ""),
  );
  const values = options.filter((each) => takes(command, each)?.isBoolean() === false).length;
  const given = rest.length - options.length - values;
  const { length: most } = command.registeredArguments;
  const least = command.registeredArguments.filter(({ required }) => required).length;
  const counted = given >= least && given <= most ? [] : [`${given} arguments`];
  return [...unknown, ...needed.map(({ flags }) => flags), ...counted].join(", ");
}

t.test("codes name only commands that there are, with options that they take, and set them apart", async (t) => {
  const program = new Command();
  for (const { load } of Object.values(commandTable)) {
    (await load()).define(program, {} as Cli, () => undefined);
  }
  for (const [code, { explanation, hint }] of entries) {
    const { cause, example, fix } = explanation;
    const quoted = [hint, cause, fix].flatMap((text) => [...text.matchAll(/`(packrun [a-z][^`]*)`/g)]);
    for (const line of quoted.map(([, text = ""]) => text)) {
      const { command, options } = readLine(program, line);
      t.ok(command, `${code}: ${line}`);
      t.strictSame(
        options.filter((each) => !takes(command, each)),
        [],
        `${code}: ${line}`,
      );
    }
    if (/^packrun [a-z]/.test(example)) {
      t.equal(whatIsMissing(program, example.replace(/ {3}# .*$/, "")), "", `${code}: ${example}`);
    }
    const prose = [hint, cause, fix].map((text) => text.replaceAll(/`[^`]*`/g, ""));
    const bare = prose.flatMap((text) =>
      [...text.matchAll(/\bpackrun ([a-z]+)/g)].filter(([, word]) => commandOf(program, word)),
    );
    t.strictSame(
      bare.map(([words]) => words),
      [],
      `${code}: a command stands in backquotes`,
    );
  }
});

t.test("a code stands in one table only", async (t) => {
  t.strictSame(codesTwice(tables), []);
});

t.test("every code is named in a test", async (t) => {
  const own = "test/scripts/codes.test.ts";
  const texts = globSync("test/**/*.ts").filter((path) => path !== own);
  const named = new Set(
    texts.flatMap((path) => readFileSync(path, "utf8").match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)),
  );
  t.strictSame(
    entries.map(([code]) => code).filter((code) => !named.has(code)),
    [],
  );
});

t.test("what the sources use as a code stands in a table", async (t) => {
  const known = new Set(entries.map(([code]) => code));
  t.strictSame(
    codeLiterals(root).filter(({ code }) => !known.has(code)),
    [],
  );
});

t.test("codes.json is sorted, with explanations as Markdown, and refuses a code of two tables", async (t) => {
  const explanation = { cause: "because", example: "a: b", fix: "mend it" };
  const entry = { severity: "error", exitCode: 1, message: "m", hint: "h", explanation } as const;
  const placed = (name: string, table: Readonly<Record<string, typeof entry>>) => ({
    path: `src/${name}/codes.ts`,
    name: `${name}Codes`,
    table: codeTable(table),
  });
  const text = codesFile([placed("b", { Z_LAST: entry }), placed("a", { A_FIRST: entry })]);
  const read = JSON.parse(text) as Readonly<Record<string, { readonly explanation: string }>>;
  t.strictSame(Object.keys(read), ["A_FIRST", "Z_LAST"]);
  t.equal(
    read["A_FIRST"]?.explanation,
    "## Cause\n\nbecause\n\n## Example\n\n```text\na: b\n```\n\n## Fix\n\nmend it\n",
  );
  const laidOut = [placed("a", { ONE_CODE: entry }), placed("a", { ONE_CODE: entry, TWO_CODE: entry })];
  t.strictSame(
    Object.keys(JSON.parse(codesFile(laidOut)) as object),
    ["ONE_CODE", "TWO_CODE"],
    "one table in two files",
  );
  t.throws(() => codesFile([placed("b", { SAME_CODE: entry }), placed("a", { SAME_CODE: { ...entry } })]), {
    message: "SAME_CODE stands in src/b/codes.ts (bCodes) and src/a/codes.ts (aCodes)",
  });
});
