import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { blocksOf, COMMANDS, PROJECT } from "./document.ts";
import { documents } from "./documents.ts";

t.test("every document with commands has a test that runs them", async (t) => {
  const all = ["README.md", ...globSync(["docs/**/*.md", "recipes/**/*.md"], { cwd: PROJECT })];
  const withCommands = all.filter((file) => blocksOf(file).some(({ language }) => COMMANDS.includes(language)));
  t.strictSame(withCommands.toSorted(), Object.keys(documents).toSorted());
  for (const [file, { by, elsewhere = {} }] of Object.entries(documents)) {
    t.match(readFileSync(join(PROJECT, by), "utf8"), file, by);
    for (const [heading, test] of Object.entries(elsewhere)) {
      t.ok(
        blocksOf(file).some(({ headings }) => headings.includes(heading)),
        `${file}: ${heading}`,
      );
      t.match(readFileSync(join(PROJECT, test), "utf8"), heading, test);
    }
  }
});

t.test("links between documents lead somewhere", async (t) => {
  for (const file of ["README.md", ...globSync(["docs/**/*.md", "recipes/**/*.md"], { cwd: PROJECT })]) {
    const text = readFileSync(join(PROJECT, file), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)\s#]+)(?:#[^)]*)?\)/g)) {
      t.ok(existsSync(join(PROJECT, file, "..", target)), `${file}: ${target}`);
    }
  }
});
