import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { archiveOf } from "../bundle/bundle-world.ts";
import { packrun } from "./command-line.ts";

t.test("what a fault tells of a file of others does not steer the terminal", (t) => {
  const folder = t.testdir({});
  const layout = { path: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' };
  const index = { path: "index.json", text: JSON.stringify({ "\u001b[2J\u009b\u202e": 1 }) };
  writeFileSync(join(folder, "x.packbundle.tar"), archiveOf([layout, index]));
  const { code, out, err } = packrun(folder, "bundle", "show", "x.packbundle.tar");
  t.equal(code, 7);
  t.equal(out, "");
  t.match(err, 'unknown member "\\x1b[2J\\x9b\\u{202e}"');
  t.notMatch(err, /[^\P{Cc}\n]|\u202e/u);
  t.end();
});
