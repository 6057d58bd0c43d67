import t from "tap";
import { encodeUtf8 } from "#canon/utf8.ts";
import { growingDoubts, NO_DOUBTS } from "#pack/doubts.ts";
import { inspectPack } from "#pack/read-pack.ts";
import { packWith, sampleFiles } from "./sample-pack.ts";

const VALUE = { spec: { input: { "dry-run": { type: "boolean" } }, steps: [{ id: "a" }, ["lost", 7]] } };

t.test("a doubt covers what stands below its place, and touches what it stands in", async (t) => {
  const doubts = growingDoubts(VALUE);
  t.notOk(doubts.touch([]));
  doubts.doubt(["spec", "steps", 1]);
  t.ok(doubts.cover(["spec", "steps", 1]));
  t.ok(doubts.cover(["spec", "steps", 1, "run", "command"]));
  t.notOk(doubts.cover(["spec", "steps"]));
  t.ok(doubts.touch(["spec", "steps"]));
  t.ok(doubts.touch([]));
  t.notOk(doubts.touch(["spec", "steps", 0]));
  t.notOk(doubts.touch(["spec", "inputs", "a"]));
});

t.test("names in what is wrong may be there unseen, however they are written", async (t) => {
  const doubts = growingDoubts(VALUE);
  doubts.doubt(["spec", "input"]);
  doubts.doubt(["spec", "steps", 1]);
  for (const name of ["dry-run", "dryRun", "dry_run", "input", "lost", "boolean"]) {
    t.ok(doubts.mayBe(name), name);
  }
  for (const name of ["a", "id", "0", "1", "", "steps"]) {
    t.notOk(doubts.mayBe(name), name);
  }
  const nameless = growingDoubts(VALUE);
  nameless.doubt(["spec", "input"], false);
  t.ok(nameless.cover(["spec", "input", "dry-run"]));
  t.notOk(nameless.mayBe("dryRun"));
  t.notOk(NO_DOUBTS.mayBe("dryRun"));
});

t.test("of a pack with something wrong the rest is there, and keeps its place", async (t) => {
  const text = packWith(
    `
- {id: one, run: {command: [echo, 5, "\${{ inputs.a }}"]}, env: {A: x, B: 7}, timeout: soon}
- two
- id: three
  map: {items: [1, 2], ass: host, steps: [{id: four, rnu: {command: [x]}, stdin: text}]}
- {id: five, gate: {policy: severity, wiht: {a: 1}}}`,
    "  outputs: {good: {from: x}, bad: {form: x}}",
  );
  const { pack, doubts, diagnostics } = inspectPack(encodeUtf8(text), { file: "pack.yaml", files: sampleFiles });
  t.strictSame(
    diagnostics.map(({ code }) => code),
    [
      "PACK_MISSING_FIELD",
      "PACK_UNKNOWN_FIELD",
      "PACK_TYPE",
      "PACK_TYPE",
      "PACK_VALUE",
      "PACK_TYPE",
      "PACK_UNKNOWN_FIELD",
      "PACK_UNKNOWN_FIELD",
      "PACK_UNKNOWN_FIELD",
    ],
  );
  t.match(pack.spec, {
    inputs: { channel: { type: "string" } },
    outputs: { good: { from: "x" }, bad: undefined },
    steps: [
      {
        id: "one",
        path: ["spec", "steps", 0],
        action: { command: ["echo", "", /inputs\.a/] },
        env: { A: "x", B: undefined },
      },
      { id: "?", path: ["spec", "steps", 1] },
      { id: "three", kind: "map", items: [1, 2], as: "item", steps: [{ id: "four", kind: "run", stdin: "text" }] },
      { id: "five", kind: "gate.policy", policy: "severity", with: undefined },
    ],
  });
  t.ok(doubts.cover(["spec", "steps", 1, "id"]));
  t.ok(doubts.touch(["spec", "steps", 2, "map", "steps", 0, "run"]));
  t.ok(doubts.mayBe("host"));
});
