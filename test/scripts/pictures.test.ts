import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { Screen } from "../../scripts/pictures/screen.ts";
import { terminalSvg } from "../../scripts/pictures/terminal-svg.ts";
import { packrun } from "../cli/command-line.ts";

const readme = readFileSync("README.md", "utf8");

function lines(columns: number, ...written: readonly string[]): readonly string[] {
  const screen = new Screen(columns);
  written.forEach((text) => screen.write(text));
  return screen.lines().map((cells) => cells.map(({ character }) => character).join(""));
}

t.test("a screen holds what stands: lines drawn over are gone, long ones are broken", async (t) => {
  t.same(lines(20, "one\r\ntwo\r\n", "\r\u001b[1Athree\u001b[K\r\n\u001b[J", "\r\n"), ["one", "three"]);
  t.same(lines(4, "abcdef\r\n"), ["abcd", "ef"]);
});

t.test("a picture has one text for each look, in its columns, and no markup from a terminal", async (t) => {
  const screen = new Screen(40);
  screen.write('\u001b[32m✓\u001b[39m \u001b[1mbuild\u001b[22m  <b> & \u001b[2m"dim"\u001b[0m\r\n');
  const svg = terminalSvg(screen.lines(), 40, "a <title>");
  t.match(svg, '<text x="16" y="48" textLength="8.4" fill="#56d364">✓</text>');
  t.match(svg, '<text x="32.8" y="48" textLength="42" font-weight="bold">build</text>');
  t.match(svg, "&lt;b&gt; &amp;</text>");
  t.match(svg, 'opacity="0.6">&quot;dim&quot;</text>');
  t.match(svg, "<title>a &lt;title&gt;</title>");
});

t.test("every picture that the README shows is there, and shows nothing of the machine that made it", async (t) => {
  const shown = [...readme.matchAll(/\]\((docs\/pictures\/[^)]+)\)/g)].map(([, path = ""]) => path);
  t.same(shown.toSorted(), ["docs/pictures/approval.svg", "docs/pictures/lint.svg", "docs/pictures/run.svg"]);
  for (const path of shown.filter((path) => t.ok(existsSync(path), path))) {
    const svg = readFileSync(path, "utf8");
    t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^]*<\/svg>\n$/);
    t.notMatch(svg, /\/tmp\/|\/work\/|\d+ms</);
  }
});

t.test("the graph in the README is what packrun draws of that pack", async (t) => {
  const folder = t.testdir({});
  t.match(packrun(folder, "init", "demo", "--template", "release"), { code: 0 });
  const [, shown] = /```mermaid\n([^]*?)```/.exec(readme) ?? [];
  t.equal(packrun(folder, "graph", "demo").out, shown);
});
