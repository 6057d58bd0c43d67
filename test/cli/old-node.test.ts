import { readFileSync } from "node:fs";
import t from "tap";
import { oldNode } from "../../src/cli/old-node.ts";

t.test("a Node.js that is too old is named, with the one that is needed", (t) => {
  for (const version of ["18.19.0", "20.20.2", "22.18.0", "24.14.1"]) {
    t.match(oldNode(version), `error: packrun needs Node.js 24.15 or later; this is ${version}\n`);
  }
  t.end();
});

t.test("newer ones go on, and the oldest is the one that package.json asks for", (t) => {
  for (const version of ["24.15.0", "24.21.0", "26.0.0-nightly", process.versions.node]) {
    t.equal(oldNode(version), undefined, version);
  }
  const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    engines: { node: string };
  };
  t.match(engines.node, /^\^24\.15\.0/);
  t.end();
});
