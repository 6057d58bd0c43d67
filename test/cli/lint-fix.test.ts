import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import t from "tap";
import { Place } from "./place.ts";

const place = new Place(t);
const broken = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/x, version: 1.0.0, title: 7} # a comment stays
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  stps:
    - {id: build, run: {comand: ["true"]}}
`;

t.test("lint --fix mends what is mechanical, says how much, and shows what is left", async (t) => {
  const file = place.write("pack/pack.yaml", broken);
  chmodSync(file, 0o640);
  const found = await place.packrun("lint", "pack", "--json");
  t.equal(found.code, 3);
  t.match(JSON.parse(found.out), { diagnostics: [{ fix: '"7"' }, { code: "PACK_MISSING_FIELD" }, { fix: "steps" }] });
  t.equal(readFileSync(file, "utf8"), broken, "without --fix nothing is written");
  const fixed = await place.packrun("lint", "pack", "--fix");
  t.match(fixed, { code: 0, out: "pack: no findings\n", err: "packrun: mended 3 places in pack\n" });
  const text = readFileSync(file, "utf8");
  t.equal(text, broken.replace("stps", "steps").replace("comand", "command").replace("title: 7", 'title: "7"'));
  t.equal(statSync(file).mode & 0o777, 0o640);
  t.strictSame(readdirSync(place.here("pack")), ["pack.yaml"]);
  t.match(await place.packrun("lint", "pack", "--fix"), { code: 0, err: "" });
});

t.test("a text that is no YAML is left as it is, and so is what the registry holds", async (t) => {
  const file = place.write("torn/pack.yaml", broken.replace("stps:", "stps: ["));
  const before = readFileSync(file, "utf8");
  t.match(await place.packrun("lint", "torn", "--fix"), { code: 3, err: /YAML_SYNTAX/ });
  t.equal(readFileSync(file, "utf8"), before);
  t.match(await place.packrun("lint", "acme/x@1.0.0", "--fix"), { code: 2, err: /as its publisher signed it/ });
});

t.test("findings that can be mended carry the mend in SARIF, too", async (t) => {
  place.write("sarif/pack.yaml", broken);
  const log = JSON.parse((await place.packrun("lint", "sarif", "--format", "sarif")).out) as {
    runs: { results: { fixes?: object[] }[] }[];
  };
  const [fix] = log.runs[0]?.results.flatMap(({ fixes = [] }) => fixes) ?? [];
  t.match(fix, {
    artifactChanges: [
      {
        artifactLocation: { uri: "sarif/pack.yaml" },
        replacements: [{ deletedRegion: { startLine: 3 }, insertedContent: { text: '"7"' } }],
      },
    ],
  });
});
