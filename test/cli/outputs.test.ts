import { lstatSync, readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { answerOf, faultOf, Place } from "./place.ts";

const spec = {
  inputs: { word: { type: "string", default: "one" } },
  steps: [
    {
      id: "make",
      env: { WORD: "${{ inputs.word }}" },
      run: {
        script:
          'printf "$WORD" > r; mkdir site; echo page > "site/$WORD.html"; ln -s "$WORD.html" site/index.html; printf \'{"n": "%s"}\' "$WORD" > "$PACKRUN_OUTPUT"',
      },
      outputs: { report: { file: "r" }, site: { dir: "site" }, n: { type: "string" } },
    },
  ],
  outputs: {
    report: { from: "${{ steps.make.outputs.report }}" },
    site: { from: "${{ steps.make.outputs.site }}" },
    n: { from: "${{ steps.make.outputs.n }}" },
  },
};

const place = new Place(t);
place.pack("make", spec);

t.test("outputs of an earlier run are replaced whole, whatever they were", async (t) => {
  for (const word of ["one", "one", "two"]) {
    const ran = await place.packrun("run", "make", "-i", `word=${word}`, "-o", "out");
    t.equal(ran.code, 0, ran.err);
    t.strictSame(readdirSync(place.here("out")).toSorted(), ["n.json", "report", "site"]);
    t.equal(readFileSync(place.here("out/report"), "utf8"), word);
    t.equal(readFileSync(place.here("out/n.json"), "utf8"), `"${word}"`);
    t.strictSame(readdirSync(place.here("out/site")).toSorted(), ["index.html", `${word}.html`].toSorted());
  }
});

t.test("what somebody else wrote is left alone, and that is said before anything runs", async (t) => {
  place.write("mine/report", "my work\n");
  place.write("other/site/draft.html", "my work\n");
  const runs = place.runs().length;
  for (const [folder, file] of [
    ["mine", "mine/report"],
    ["other", "other/site"],
  ] as const) {
    const refused = await place.packrun("run", "make", "-o", folder, "--json");
    t.equal(refused.code, 2);
    t.match(faultOf(refused), { code: "OUTPUT_OCCUPIED", message: `${file} is in the way of an output` });
  }
  t.equal(place.runs().length, runs, "nothing ran");
  t.equal(readFileSync(place.here("mine/report"), "utf8"), "my work\n");
  t.ok(lstatSync(place.here("other/site/draft.html")).isFile());
});

t.test("a folder that cannot be made is said before anything runs", async (t) => {
  place.write("file", "");
  const refused = await place.packrun("run", "make", "-o", "file/out", "--json");
  t.equal(refused.code, 2, refused.err);
  t.match(faultOf(refused), { code: "USER_FILE_WRITE", message: /a part of its path is no folder/ });
});

t.test("where outputs cannot be copied after all, the run's end is told with the fault beside it", async (t) => {
  place.write("late/n.json", "mine\n");
  const json = await place.packrun("run", "make", "-o", "late", "--json");
  t.equal(json.code, 2, json.err);
  t.match(answerOf(json), { status: "succeeded", exitCode: 2, error: { code: "OUTPUT_OCCUPIED" } });
  const text = await place.packrun("run", "make", "-o", "late");
  t.equal(text.code, 2);
  t.match(text.out, /^status {4}succeeded$/m);
  t.match(text.err, "late/n.json is in the way");
  t.notOk(readdirSync(place.here("late")).includes("report"), "all or none");
});

t.test("an output is held to a schema that is a file of the pack", async (t) => {
  const script = 'printf \'{"n": %s}\' "$N" > "$PACKRUN_OUTPUT"';
  const outputs = { n: { type: "integer", schema: "./schemas/small.json" } };
  const held = new Place(t);
  held.pack("held", {
    inputs: { n: { type: "integer", default: 3 } },
    steps: [{ id: "count", env: { N: "${{ inputs.n }}" }, run: { script }, outputs }],
    outputs: { n: { from: "${{ steps.count.outputs.n }}" } },
  });
  held.write("held/schemas/small.json", '{"maximum": 5}');
  const fine = await held.packrun("run", "held", "--json");
  t.equal(fine.code, 0, fine.out + fine.err);
  t.equal((await held.packrun("verify", "last")).code, 0);
  const large = await held.packrun("run", "held", "-i", "n=7", "--json");
  t.match(answerOf(large), { status: "failed", reason: "STEP_OUTPUT_TYPE" });
  t.match(large.out + JSON.stringify(held.ledger()), /its schema refuses it/);
});
