import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import t from "tap";
import { commandTable } from "../../src/cli/command-table.ts";
import { packrun, packrunIn } from "./command-line.ts";
import { faultOf } from "./place.ts";

const folder = t.testdir({ broken: { "pack.yaml": "apiVersion: packrun.dev/v1\nkind: TaskPac\n" } });

t.test("the help lists every command in its group, and how things end", (t) => {
  const help = packrun(folder);
  t.equal(help.code, 0);
  for (const [name, { summary }] of Object.entries(commandTable)) {
    t.match(help.out, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"));
  }
  t.match(help.out, /^Write a pack:\n {2}init [^]*^Run it:\n {2}run [^]*^Decide:\n {2}approve [^]*^Exit codes: 0 ok/m);
  t.equal(packrun(folder, "help").out, help.out);
  t.equal(packrun(folder, "--help").out, help.out);
  t.ok(
    help.out.split("\n").every((line) => line.length <= 80),
    "no line is longer than a terminal is wide",
  );
  t.end();
});

t.test("`help COMMAND` is `COMMAND --help`: own options first, an example at the end", (t) => {
  const help = packrun(folder, "help", "run");
  t.equal(help.code, 0, help.err);
  t.equal(help.out, packrun(folder, "run", "--help").out);
  t.match(
    help.out,
    /^Options:\n[^]*--plan-hash[^]*^Options of every command:\n[^]*--tenant[^]*^Examples: packrun run/m,
  );
  t.match(packrun(folder, "help", "runs", "logs").out, /^Usage: packrun runs logs .*<run>[^]*--follow/);
  t.match(packrun(folder, "help", "nope"), { code: 2, err: /unknown command "nope"/ });
  t.end();
});

t.test("a wrong command line says where its help is, and once what was meant", (t) => {
  t.strictSame(packrun(folder, "run", "x", "--plan-hsah", "y"), {
    code: 2,
    out: "",
    err:
      "error: unknown option '--plan-hsah'\n  = help: did you mean --plan-hash?\n" +
      "  = help: packrun run --help shows how it is used\n",
  });
  t.match(packrun(folder, "resume"), { code: 2, err: /missing required argument 'run'\n {2}= help: packrun resume/ });
  t.match(packrun(folder, "runs", "show"), { code: 2, err: /'run'\n {2}= help: packrun runs show --help/ });
  t.match(packrun(folder, "--jsn", "lint"), { code: 2, err: /unknown option '--jsn'\n[^]* {2}= help: packrun --help/ });
  t.match(packrun(folder, "runs"), { code: 2, out: "", err: /^Usage: packrun runs/ });
  t.end();
});

t.test(
  "what stands behind an unknown option, or is one argument too many, is not repeated: it may be a secret",
  (t) => {
    for (const wrong of [
      ["--secrets=tok=PLAIN\nSECRET", "x"],
      ["-Stok=SECRET", "x"],
      ["x", "y", "SECRET", "SECRET: 2."],
    ]) {
      const ended = packrun(folder, "run", ...wrong);
      t.equal(ended.code, 2);
      t.notMatch(ended.out + ended.err, /SECRET/);
    }
    t.match(packrun(folder, "run", "--secrets=tok=x").err, "error: unknown option '--secrets'\n  = help: packrun run");
    t.match(
      packrun(folder, "--color=x", "runs", "list").err,
      /^error: option '--color' takes no value\n {2}= help: packrun/,
    );
    t.match(packrun(folder, "help", "--json", "run").out, "--secret <name=reference>");
    t.match(packrun(folder, "run", "-Stok=x").err, "error: unknown option '-S'\n");
    t.match(packrun(folder, "run", "x", "y").err, /^error: too many arguments .* but got 2\.\n {2}= help: packrun run/);
    t.match(packrun(folder, "--secrets=tok=x").err, "error: unknown option '--secrets'\n");
    t.end();
  },
);

t.test("who asks for JSON is told of a wrong command line as of everything else", (t) => {
  const told = (...args: readonly string[]) => {
    const ended = packrun(folder, ...args);
    t.equal(ended.code, 2, args.join(" "));
    t.match(JSON.parse(ended.out), { schemaVersion: 1, error: { code: "COMMAND_LINE", exitCode: 2 } });
    t.match(ended.err, /^(?:error: |Usage: )/, "and whoever looks is told in text");
    const { message, hint } = faultOf(ended);
    return [message.replace("the command line is wrong: ", ""), hint];
  };
  const option = ["unknown option '--plan-hsah'", "did you mean --plan-hash?"];
  t.strictSame(told("run", "x", "--plan-hsah", "y", "--json"), option);
  t.strictSame(told("run", "x", "--plan-hsah=SECRET", "--format", "ndjson"), [
    option[0],
    "packrun run --help shows how it is used",
  ]);
  t.strictSame(told("runs", "show", "--format=json"), [
    "missing required argument 'run'",
    "packrun runs show --help shows how it is used",
  ]);
  t.strictSame(told("plna", "--json"), ['unknown command "plna"', 'did you mean "plan"?']);
  t.match(told("run", "x", "y", "--json"), [/^too many arguments .* but got 2$/]);
  t.match(told("evidence", "show", "x", "-o", "f", "--json"), ["-o goes with --pae alone; stdout has all else"]);
  for (const text of [
    ["resume", "--json", "--format", "text"],
    ["resume", "--", "x", "y", "--json"],
  ]) {
    t.match(packrun(folder, ...text), { code: 2, out: "" });
  }
  t.end();
});

t.test("options of every command stand before it, too, and what is nearer to its last word wins", (t) => {
  const listed = packrun(folder, "--help").out;
  t.match(listed, /^Options of most commands:\n[^]* {2}--store <folder> [^]* {2}--no-input [^]*^Exit codes:/m);
  const items = /^\{"schemaVersion":1,"items":\[\]/;
  for (const before of [
    ["--json", "runs", "list"],
    ["runs", "--json", "list"],
    ["--store=other", "--tenant", "t", "runs", "--format", "json", "--no-input", "list", "--config", "/dev/null"],
    ["--format=text", "runs", "--json", "list"],
    ["--format", "text", "--no-color", "runs", "list", "--json"],
  ]) {
    t.match(packrun(folder, ...before), { code: 0, out: items }, before.join(" "));
  }
  for (const text of [
    ["--json", "runs", "list", "--format", "text"],
    ["--json", "runs", "--format=text", "list"],
  ]) {
    t.notMatch(packrun(folder, ...text).out, items, text.join(" "));
  }
  t.match(packrun(folder, "--store", "far", "config", "--json").out, /\/far"/);
  t.match(packrun(folder, "--store", "far", "config", "--store", "near", "--json").out, /\/near"/);
  t.equal(packrun(folder, "--json", "help", "run").out, packrun(folder, "run", "--help").out);
  t.equal(packrun(folder, "--json").out, packrun(folder).out);
  t.match(packrun(folder, "--store"), { code: 2, err: "option '--store <folder>' argument missing" });
  t.match(packrun(folder, "--json", "runs"), { code: 2, out: /a command is missing/, err: /^Usage: packrun runs/ });
  t.match(packrun(folder, "--json", "nope"), { code: 2, out: /COMMAND_LINE/ });
  t.end();
});

t.test("every code can be found: `explain` alone lists them", (t) => {
  const listed = packrun(folder, "explain");
  t.equal(listed.code, 0);
  t.match(listed.out, /^PACK_UNKNOWN_FIELD +unknown field/m);
  const { items } = JSON.parse(packrun(folder, "explain", "--format", "json").out) as { items: unknown[] };
  t.equal(items.length, listed.out.trimEnd().split("\n").length);
  t.match(packrun(folder, "explain", "QQQ"), { code: 2, err: /`packrun explain` lists all codes/ });
  const unknown = packrun(folder, "explain", "STEP_OMO", "--json");
  t.equal(unknown.code, 2);
  t.match(faultOf(unknown), { code: "CODE_UNKNOWN", hint: "did you mean STEP_OOM?", exitCode: 2 });
  t.match(JSON.parse(packrun(folder, "explain", "step_oom", "--json").out), { schemaVersion: 1, code: "STEP_OOM" });
  t.end();
});

t.test("findings come as text, JSON and SARIF, also of a pack that is not there", (t) => {
  const text = packrun(folder, "lint", "broken", "absent");
  t.equal(text.code, 3);
  t.match(text.err, /expected "TaskPack"[^]*error\[PACK_FILE_MISSING\]: "absent" is not there/);
  const json = JSON.parse(packrun(folder, "lint", "broken", "absent", "--json").out) as {
    diagnostics: { related?: unknown }[];
    packs: { diagnostics: { related?: unknown }[] }[];
  };
  t.match(json.diagnostics.at(-1), { code: "PACK_FILE_MISSING", file: "absent" });
  const planned = JSON.parse(packrun(folder, "run", "broken", "--json").out) as typeof json;
  for (const found of [json, planned, ...json.packs]) {
    t.ok(found.diagnostics.length > 0 && found.diagnostics.every(({ related }) => Array.isArray(related)));
  }
  const sarif = packrun(folder, "lint", "broken", "absent", "--format", "sarif");
  t.equal(sarif.code, 3, sarif.err);
  const log = JSON.parse(sarif.out) as { version: string; runs: { results: { ruleId: string }[] }[] };
  t.equal(log.version, "2.1.0");
  t.equal(log.runs[0]?.results.length, json.diagnostics.length);
  t.match(packrun(folder, "init", "good"), { code: 0 });
  t.match(packrun(folder, "lint", "good", "--format", "sarif"), { code: 0, out: /"results":\[\]/ });
  t.end();
});

t.test("PACK is the current folder unless it is named; one without a pack is not read through", (t) => {
  t.match(packrun(folder, "init", "here"), { code: 0 });
  const here = `${folder}/here`;
  t.match(packrun(here, "lint"), { code: 0, out: ".: no findings\n" });
  t.match(packrun(here, "plan"), { code: 0, out: /^pack {6}here@0\.1\.0$/m });
  mkdirSync(`${folder}/none`);
  symlinkSync("/etc", `${folder}/none/link`);
  for (const command of ["lint", "run"]) {
    t.match(packrun(`${folder}/none`, command), {
      code: 3,
      err: /"pack\.yaml" is not there\n {2}= help: name the folder of a pack; `packrun init DIR` writes one/,
    });
  }
  t.end();
});

t.test("an empty pack.yaml is said to be empty, and what is no evidence is said to be none", (t) => {
  mkdirSync(`${folder}/blank`);
  writeFileSync(`${folder}/blank/pack.yaml`, "");
  t.match(packrun(folder, "lint", "blank"), { code: 3, err: /= help: the file says nothing; `packrun init DIR`/ });
  for (const path of ["blank", "blank/pack.yaml"]) {
    t.match(packrun(folder, "verify", path), { code: 7, err: /there is no evidence bundle at this path/ }, path);
  }
  t.end();
});

t.test("on GitHub Actions findings and faults are annotations, too", (t) => {
  const ended = packrunIn(folder, { GITHUB_ACTIONS: "true" }, "lint", "broken", "absent");
  t.match(ended.err, /^::error title=PACK_VALUE,file=broken\/pack\.yaml,line=2,endLine=2,col=7,endColumn=14::/m);
  t.match(ended.err, /^::error title=PACK_FILE_MISSING::"absent" is not there%0A/m);
  t.end();
});
