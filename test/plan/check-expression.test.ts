import t from "tap";
import { findingsIn, packAround, saysIn, saysOf } from "./sample-plan.ts";

t.test("what fits is let through", async (t) => {
  for (const good of [
    "inputs.channel",
    'inputs["channel"]',
    "inputs.count + 1",
    "inputs.ratio * 2.0",
    "inputs.count < inputs.ratio",
    "string(inputs.dry) + inputs.channel",
    "steps.scan.outputs.critical == 0",
    "steps.scan.status == 'skipped'",
    'steps["build-sbom"].status',
    'has(steps["build-sbom"].outputs.sbom) ? 1 : 0',
    "steps.scan.outputs.report.digest",
    "steps.scan.outputs.meta.anything.below > 1",
    "steps.scan.outputs.names[0]",
    "size(steps.scan.outputs.names) + steps.many.status.size()",
    "steps.one[0].outputs.size",
    "steps.one.all(one, one != null && one.outputs.size > 0)",
    "steps.one.map(one, has(one.outputs.size) ? one.outputs.size : 0).size()",
    "inputs.hosts.exists(host, host in ['eu'])",
    "run.id + pack.name + pack.version",
    "inputs.settings.depth",
    "'depth' in inputs.settings",
    "steps.scan.outputs.names.map(each, each.ports.filter(port, port > 1).size() > 0)[0]",
    "inputs.archive.name.lowerAscii().split('.').join('-')",
    "[1, 2, 3].map(n, n > 1, n * 2)[0]",
    "-inputs.count % 2",
    "!inputs.dry && true || false",
    "{'a': 1}.a",
  ]) {
    t.strictSame(saysOf(good), [], good);
  }
});

t.test("types that cannot fit are found where they stand", async (t) => {
  for (const [expression, ...says] of [
    ["inputs.count + inputs.ratio", "EXPR_TYPE inputs.count + inputs.ratio"],
    ["inputs.count + 'x'", "EXPR_TYPE inputs.count + 'x'"],
    ["inputs.count == 1.5", "EXPR_TYPE inputs.count == 1.5"],
    ["inputs.channel == null", "EXPR_TYPE inputs.channel == null"],
    ["inputs.channel < 1", "EXPR_TYPE inputs.channel < 1"],
    ["inputs.count % 2.0", "EXPR_TYPE inputs.count % 2.0"],
    ["inputs.count in inputs.channel", "EXPR_TYPE inputs.count in inputs.channel"],
    ["1 in ['a']", "EXPR_TYPE 1 in ['a']"],
    ["1 in inputs.settings", "EXPR_TYPE 1 in inputs.settings"],
    ["inputs.hosts", "EXPR_TYPE inputs.hosts"],
    ["inputs.archive", "EXPR_TYPE inputs.archive"],
    ["steps", "EXPR_TYPE steps", "EXPR_TYPE steps"],
    ["inputs.channel.path", "EXPR_TYPE inputs.channel.path"],
    ["inputs.hosts.first", "EXPR_TYPE inputs.hosts.first"],
    ["inputs.channel[0]", "EXPR_TYPE inputs.channel"],
    ["inputs.hosts['a']", "EXPR_TYPE 'a'"],
    ["inputs.settings[0]", "EXPR_TYPE 0"],
    ["inputs[0]", "EXPR_TYPE 0"],
    ["steps[inputs.channel].status", "EXPR_TYPE inputs.channel"],
    ["inputs.count && true", "EXPR_TYPE inputs.count"],
    ["!inputs.count", "EXPR_TYPE inputs.count"],
    ["-inputs.channel", "EXPR_TYPE inputs.channel"],
    ["inputs.count ? 1 : 2", "EXPR_TYPE inputs.count"],
    ["inputs.dry ? 1 : 'a'", "EXPR_TYPE inputs.dry ? 1 : 'a'"],
    ["size(inputs.count)", "EXPR_TYPE size(inputs.count)"],
    ["inputs.count.startsWith('a')", "EXPR_TYPE inputs.count.startsWith('a')"],
    ["inputs.channel.startsWith(1)", "EXPR_TYPE inputs.channel.startsWith(1)"],
    ["int(inputs.hosts)", "EXPR_TYPE int(inputs.hosts)"],
    ["inputs.hosts.all(h, inputs.count)", "EXPR_TYPE inputs.count"],
    ["inputs.count.all(c, true)", "EXPR_TYPE inputs.count"],
    ["steps.all(s, true)", "EXPR_TYPE steps"],
    ["steps.one.outputs.size", "EXPR_TYPE steps.one.outputs"],
    ["size(steps)", "EXPR_TYPE size(steps)"],
  ] as const) {
    t.match(saysOf(expression), says.slice(0, 1), expression);
  }
});

t.test("unknown names are found, with the name that was meant", async (t) => {
  const hintOf = (expression: string): readonly (string | undefined)[] => {
    const text = packAround(`
- {id: scan, run: {command: ["true"]}, outputs: {critical: {type: integer}}}
- {id: build-sbom, run: {command: ["true"]}}
- {id: use, run: {command: ["true"]}, env: {VALUE: ${JSON.stringify(`\${{ ${expression} }}`)}}}`);
    return findingsIn(text).map(({ code, at, hint }) => `${code} ${at}: ${hint}`);
  };
  t.strictSame(hintOf("inputs.chanel"), ['EXPR_UNKNOWN inputs.chanel: did you mean "channel"?']);
  t.strictSame(hintOf("input.channel"), ['EXPR_UNKNOWN input: did you mean "inputs"?']);
  t.match(hintOf("secrets.deployToken"), [/^EXPR_UNKNOWN secrets: expressions hold no secret: .*env:/]);
  t.strictSame(hintOf("steps.scam.status"), ['EXPR_UNKNOWN steps.scam: did you mean "scan"?']);
  t.strictSame(hintOf("steps.scan.outputs.critcal"), [
    'EXPR_UNKNOWN steps.scan.outputs.critcal: did you mean "critical"?',
  ]);
  t.strictSame(hintOf("steps.scan.state"), ['EXPR_UNKNOWN steps.scan.state: step "scan": status, outputs']);
  t.strictSame(hintOf("inputs.archive.sise"), ['EXPR_UNKNOWN inputs.archive.sise: did you mean "size"?']);
  t.strictSame(hintOf("inputs.channel.startswith('a')"), [
    "EXPR_UNKNOWN inputs.channel.startswith('a'): did you mean startsWith()?",
  ]);
  t.strictSame(hintOf("steps.build-sbom.status"), [
    'EXPR_UNKNOWN steps.build-sbom: write steps["build-sbom"]: a hyphen subtracts',
  ]);
  t.match(hintOf("env.HOME"), ["EXPR_UNKNOWN env: expressions know inputs, pack"]);
  t.match(hintOf("now()"), [/^EXPR_UNKNOWN now\(\)/]);
  t.match(hintOf("inputs.hosts.map(host, hosts)"), [/^EXPR_UNKNOWN hosts: did you mean "host"\?/]);
});

t.test("a place takes only what it can use", async (t) => {
  const wrong = (step: string): readonly string[] =>
    saysIn(
      packAround(`- {id: scan, run: {command: ["true"]}, outputs: {n: {type: integer}, f: {file: f}}}\n- ${step}`),
    );
  t.strictSame(wrong('{id: a, when: "${{ inputs.count }}", run: {command: ["true"]}}'), ["EXPR_TYPE inputs.count"]);
  t.strictSame(wrong('{id: a, when: "${{ steps.scan.outputs.n }}", run: {command: ["true"]}}'), [
    "EXPR_TYPE steps.scan.outputs.n",
  ]);
  t.strictSame(wrong('{id: a, inputs: {x: "${{ inputs.channel }}"}, run: {command: ["true"]}}'), [
    "EXPR_TYPE inputs.channel",
  ]);
  t.strictSame(wrong('{id: a, inputs: {x: "${{ inputs.settings.depth }}"}, run: {command: ["true"]}}'), [
    "EXPR_TYPE inputs.settings.depth",
  ]);
  t.strictSame(wrong('{id: a, run: {command: [echo, "a ${{ steps.scan.outputs.f }}"]}}'), [
    "EXPR_TYPE steps.scan.outputs.f",
  ]);
  t.strictSame(wrong('{id: a, map: {items: "${{ inputs.channel }}", steps: [{id: b, run: {command: ["true"]}}]}}'), [
    "EXPR_TYPE inputs.channel",
  ]);
  t.strictSame(wrong('{id: a, run: {command: [echo, "${{ inputs.settings.depth.x }}"]}}'), [
    "EXPR_ABSENT inputs.settings.depth.x",
  ]);
});

t.test("a map's item and index are known inside it, and only there", async (t) => {
  const inside = (expression: string, items = "[a, b]"): readonly string[] =>
    saysIn(
      packAround(`
- id: outer
  map:
    items: ${items}
    as: host
    steps:
      - {id: first, run: {command: ["true"]}, outputs: {n: {type: integer}}}
      - {id: push, env: {V: "\${{ ${expression} }}"}, run: {command: ["true"]}}
- {id: after, env: {V: "\${{ steps.first.size() }}"}, run: {command: ["true"]}}`),
    );
  t.strictSame(inside("host + string(index)"), []);
  t.strictSame(inside("steps.first.outputs.n"), [], "a step of the same iteration is no list");
  t.strictSame(inside("host + 1"), ["EXPR_TYPE host + 1"], "items that are all strings are strings");
  t.strictSame(inside("host + 1", "[1, 2]"), []);
  t.strictSame(inside("host + 1", "[1, a]"), [], "mixed items can be anything");
  t.strictSame(inside("item"), ["EXPR_UNKNOWN item"]);
  t.match(saysOf("index"), ["EXPR_UNKNOWN index"]);
});

t.test("the names that CEL itself has are no names for items", async (t) => {
  const text = packAround('- {id: a, map: {items: [1], as: list, steps: [{id: b, run: {command: ["true"]}}]}}');
  t.strictSame(saysIn(text), ["PACK_VALUE list"]);
});
