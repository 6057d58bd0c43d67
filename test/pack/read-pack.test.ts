import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import t from "tap";
import { diagnosticRenderer } from "#fault/source-frame.ts";
import { readPack } from "#pack/read-pack.ts";
import type { RunStep } from "#pack/pack.ts";
import { bytesOf, findingsIn, goodPack, packWith, sampleFiles, saysIn } from "./sample-pack.ts";

const golden = new URL("golden/", import.meta.url);
const run = "run: {command: [echo]}";

t.test("a pack is read into its parts with every default written out", async (t) => {
  const { source, ...pack } = goodPack(packWith(`- {id: one, ${run}}`));
  t.equal(source.file, "pack.yaml");
  t.strictSame(pack, {
    name: "acme/sample",
    version: "1.0.0",
    maintainers: [],
    labels: {},
    annotations: {},
    spec: {
      inputs: { channel: { type: "string", required: false } },
      secrets: { deployToken: { description: "a token" } },
      sandbox: {
        mode: "sealed",
        egressAllowlist: [{ host: "a.example", port: 443, protocol: "tls", allowPrivate: false }],
        egressQuota: { requests: 5, bytes: 1_048_576 },
        limits: { cpus: 1, memoryBytes: 67_108_864, pids: 256, logBytes: 16_777_216, artifactBytes: 1_073_741_824 },
      },
      security: { secretsRedactionPolicy: "blank" },
      approvals: {
        release: { required: 1, from: ["approver"], ttlMs: 3_600_000, separationOfDuties: true, reasonRequired: false },
      },
      policies: { severity: { engine: "cel", expression: "true" } },
      failurePolicy: { onFailure: "skip-dependents" },
      steps: [
        {
          id: "one",
          path: ["spec", "steps", 0],
          continueOnError: false,
          needs: [],
          kind: "run",
          action: { type: "command", command: ["echo"] },
          env: {},
          inputs: {},
          outputs: {},
          timeoutMs: 600_000,
          retry: { maxAttempts: 1, initialMs: 1000, factor: 2, maxMs: 60_000 },
          idempotent: false,
        },
      ],
      finally: [],
      outputs: {},
    },
  });
});

t.test("every field of the specification is read", async (t) => {
  const text = readFileSync(new URL("full.yaml", golden), "utf8");
  const { source, ...pack } = goodPack(text);
  t.equal(source.text, text);
  t.strictSame(pack, JSON.parse(readFileSync(new URL("full.json", golden), "utf8")));
});

t.test("everything wrong is reported at once, in the order of the text, with its source", async (t) => {
  const text = readFileSync(new URL("broken.yaml", golden), "utf8");
  const read = readPack(bytesOf(text), { file: "pack.yaml", files: sampleFiles });
  const found = read.ok ? [] : read.fault;
  const plain = found.map((one) => diagnosticRenderer(text, { color: (_, part) => part })(one)).join("\n\n");
  t.equal(`${plain}\n`, readFileSync(new URL("broken.txt", golden), "utf8"));
});

t.test("defaults of the pack reach its steps field by field", async (t) => {
  const defaults = "  defaults: {timeout: 90s, retry: {maxAttempts: 3, backoff: {initial: 2s}}}";
  const steps = `- {id: one, ${run}}\n- {id: two, ${run}, timeout: 1h30m, retry: {backoff: {factor: 3}, onExitCodes: [7]}}`;
  const [one, two] = goodPack(packWith(steps, defaults)).spec.steps as readonly RunStep[];
  t.equal(one?.timeoutMs, 90_000);
  t.strictSame(one?.retry, { maxAttempts: 3, initialMs: 2000, factor: 2, maxMs: 60_000 });
  t.equal(two?.timeoutMs, 5_400_000);
  t.strictSame(two?.retry, { maxAttempts: 3, initialMs: 2000, factor: 3, maxMs: 60_000, onExitCodes: [7] });
});

t.test("unknown fields are refused with the name that was probably meant, or the place where it belongs", async (t) => {
  t.strictSame(saysIn(packWith("- {id: a, run: {comand: [echo], command: [x]}}")), ["PACK_UNKNOWN_FIELD comand"]);
  t.strictSame(hintsOf("- {id: a, run: {comand: [echo], command: [x]}}"), ['did you mean "command"?']);
  t.strictSame(hintsOf(`- {id: a, ${run}, command: [x]}`), ['"command" stands inside "run"']);
  t.strictSame(hintsOf("- {id: a, run: {command: [x], timeout: 1m}}"), [
    '"timeout" stands beside "run", not inside it',
  ]);
  t.strictSame(hintsOf("- {id: a, gate: {approval: release}, env: {A: b}}"), ['"env" is a field of steps with "run"']);
  t.strictSame(
    saysIn("apiVersion: packrun.dev/v1\nkind: TaskPack\nmetadata: {}\nspec: {}\n__proto__: {}\n").at(-1),
    "PACK_UNKNOWN_FIELD __proto__",
  );
});

t.test("missing fields are reported at what lacks them", async (t) => {
  t.strictSame(saysIn("kind: TaskPack\n"), [
    "PACK_MISSING_FIELD kind",
    "PACK_MISSING_FIELD kind",
    "PACK_MISSING_FIELD kind",
  ]);
  t.strictSame(saysIn(packWith(`- {${run}}`)), ["PACK_MISSING_FIELD run"]);
  t.strictSame(saysIn(packWith("- {id: m, map: {items: []}}")), ["PACK_MISSING_FIELD map"]);
});

t.test("a wrong type is refused; what only looks like a string should be quoted", async (t) => {
  const [found] = findingsIn(packWith("- {id: a, run: {command: [sleep, 5]}}"));
  t.equal(found?.code, "PACK_TYPE");
  t.equal(found?.hint, 'put it in quotes: "5"');
  t.strictSame(saysIn(packWith(`- {id: a, ${run}, env: {PORT: 80, DEBUG: true}}`)), ["PACK_TYPE 80", "PACK_TYPE true"]);
  t.strictSame(saysIn(packWith(`- {id: a, ${run}, title:}`)), ["PACK_TYPE title"]);
  t.strictSame(saysIn("just text"), ["PACK_TYPE just text"]);
  t.strictSame(saysIn(""), ["PACK_TYPE "]);
});

t.test("values that do not parse are refused: durations, sizes, names, rules, choices", async (t) => {
  t.strictSame(saysOfStep("timeout: 5 minutes"), ["PACK_VALUE 5 minutes"]);
  t.strictSame(saysOfStep("timeout: 0s"), ["PACK_VALUE 0s"]);
  t.strictSame(saysOfStep("sandbox: {limits: {memory: 1 GB}}"), ["PACK_VALUE 1 GB"]);
  t.strictSame(saysOfStep("sandbox: {egressAllowlist: [a.example]}"), ["PACK_VALUE a.example"]);
  t.strictSame(saysOfStep("retry: {maxAttempts: 21}"), ["PACK_VALUE 21"]);
  t.strictSame(saysOfStep("env: {A-B: x}"), ["PACK_VALUE A-B"]);
  t.strictSame(saysOfStep("outputs: {Up: {file: x}}"), ["PACK_VALUE Up"]);
  t.strictSame(saysOfStep("outputs: {up: {file: ../x}}"), ["PACK_VALUE ../x"]);
  t.strictSame(saysOfStep("inputs: {up: some/file}"), ["PACK_VALUE some/file"]);
  t.strictSame(saysOfStep("when: '${{ a }} and more'"), ["PACK_VALUE '${{ a }} and more'"]);
  t.strictSame(saysOfStep("when: true"), ["PACK_TYPE true"]);
  t.strictSame(saysIn(packWith("- {id: a.b, run: {command: [x]}}")), ["PACK_VALUE a.b"]);
  const [choice] = findingsIn(packWith("- {id: a, run: {script: x, shell: bas}}"));
  t.equal(choice?.hint, 'did you mean "bash"?');
});

t.test("a step says once what it is, a run once what it does", async (t) => {
  t.strictSame(saysIn(packWith("- {id: a}")), ["PACK_STEP_KIND id"]);
  t.strictSame(saysIn(packWith("- {id: a, rum: {command: [x]}}")), ["PACK_UNKNOWN_FIELD rum"]);
  t.strictSame(saysIn(packWith(`- {id: a, ${run}, gate: {approval: release}}`)), ["PACK_STEP_KIND gate"]);
  t.strictSame(saysIn(packWith("- {id: a, run: {}}")), ["PACK_STEP_KIND run"]);
  t.strictSame(saysIn(packWith("- {id: a, run: {command: [x], script: y}}")), ["PACK_STEP_KIND script"]);
  t.strictSame(saysIn(packWith("- {id: a, run: {command: [x], shell: sh}}")), ["PACK_VALUE shell"]);
  t.strictSame(saysIn(packWith("- {id: a, run: {command: [x], with: {}}}")), ["PACK_VALUE with"]);
});

t.test("step ids are unique in the whole pack, and the first is shown", async (t) => {
  const finish = `  finally:\n    - {id: a, ${run}}`;
  const found = findingsIn(packWith(`- {id: p, parallel: {steps: [{id: a, ${run}}]}}\n- {id: p, ${run}}`, finish));
  t.strictSame(
    found.map(({ code, at }) => `${code} ${at}`),
    ["PACK_DUPLICATE_ID a", "PACK_DUPLICATE_ID p"].toSorted(),
  );
  t.ok(found.every(({ related }) => related?.length === 1 && related[0]?.range !== undefined));
});

t.test("needs name siblings inside one parallel, without a circle", async (t) => {
  t.strictSame(saysOfParallel(`{id: a, ${run}}, {id: b, needs: [a, a], ${run}}`), []);
  t.strictSame(saysOfParallel(`{id: alpha, ${run}}, {id: b, needs: [alpa], ${run}}`), ["PACK_NEEDS_UNKNOWN alpa"]);
  t.strictSame(saysOfParallel(`{id: a, needs: [p], ${run}}`), ["PACK_NEEDS_UNKNOWN p"]);
  t.strictSame(saysOfParallel(`{id: a, needs: [a], ${run}}`), ["PACK_NEEDS_CYCLE [a]"]);
  t.strictSame(
    saysOfParallel(
      `{id: a, needs: [c], ${run}}, {id: b, needs: [a], ${run}}, {id: c, needs: [b], ${run}}, {id: d, ${run}}`,
    ),
    ["PACK_NEEDS_CYCLE [c]"],
  );
  t.strictSame(saysIn(packWith(`- {id: a, ${run}}\n- {id: b, needs: [a], ${run}}`)), ["PACK_VALUE needs"]);
  const [cycle] = findingsIn(
    packWith(`- {id: p, parallel: {steps: [{id: a, needs: [b], ${run}}, {id: b, needs: [a], ${run}}]}}`),
  );
  t.match(cycle?.message, /a -> b -> a/);
});

t.test("gates name rules and policies of the pack", async (t) => {
  const found = findingsIn(packWith("- {id: a, gate: {approval: relaese}}\n- {id: b, gate: {policy: other}}"));
  t.strictSame(
    found.map(({ code, at }) => `${code} ${at}`),
    ["PACK_ID_UNKNOWN relaese", "PACK_ID_UNKNOWN other"],
  );
  t.equal(found[0]?.hint, 'did you mean "release"?');
  t.equal(found[1]?.hint, "declare it under spec.policies");
});

t.test("no run slips past an approval gate", async (t) => {
  const gate = "{id: g, gate: {approval: release}}";
  t.strictSame(saysIn(packWith(`- {id: m, map: {items: [], steps: [{id: p, parallel: {steps: [${gate}]}}]}}`)), [
    "PLAN_GATE_IN_MAP gate",
  ]);
  t.strictSame(saysIn(packWith("- {id: g, when: '${{ true }}', gate: {approval: release}}")), [
    "PLAN_GATE_CONDITIONAL when",
  ]);
  t.strictSame(saysIn(packWith(`- {id: p, when: '\${{ true }}', parallel: {steps: [${gate}]}}`)), [
    "PLAN_GATE_CONDITIONAL when",
  ]);
  t.strictSame(
    saysIn(packWith(`- {id: a, ${run}}`, `  finally:\n    - ${gate}\n    - {id: h, gate: {policy: severity}}`)),
    ["PLAN_GATE_IN_FINALLY gate", "PLAN_GATE_IN_FINALLY gate"],
  );
  t.strictSame(saysIn(packWith("- {id: g, when: '${{ true }}', gate: {policy: severity}}")), []);
  t.strictSame(saysIn(packWith("- {id: m, map: {items: [], steps: [{id: g, gate: {policy: severity}}]}}")), []);
});

t.test("containers nest to depth 8", async (t) => {
  t.strictSame(saysIn(nested(8)), []);
  t.strictSame(saysIn(nested(9)), ["PLAN_TOO_DEEP parallel"]);
  t.strictSame(saysIn(nested(12)), ["PLAN_TOO_DEEP parallel"], "said once on the way down");
});

t.test("no expression stands where its text would become code", async (t) => {
  t.strictSame(saysIn(packWith('- {id: a, run: {script: "echo ${{ inputs.channel }}"}}')), [
    "PACK_EXPR_IN_SCRIPT ${{ inputs.channel }}",
  ]);
  t.strictSame(saysIn(packWith('- {id: a, run: {script: x, shell: "${{ inputs.channel }}"}}')), [
    "PACK_EXPR_IN_SCRIPT ${{ inputs.channel }}",
  ]);
  const block = "- id: a\n  run:\n    script: |\n      echo a\n      echo ${{ inputs.a }} ${{ inputs.b }}";
  t.strictSame(
    saysIn(packWith(block)),
    ["PACK_EXPR_IN_SCRIPT ${{ inputs.a }}", "PACK_EXPR_IN_SCRIPT ${{ inputs.b }}"],
    "each of them",
  );
  const lines = '- {id: a, run: {script: "${{ inputs.a }}\\n\n    ${{ inputs.b }}\\n"}}';
  t.match(saysIn(packWith(lines)), [/^PACK_EXPR_IN_SCRIPT/]);
  t.equal(saysIn(packWith(lines)).length, 1, "once, where they have no places of their own");
  t.strictSame(saysIn(packWith('- {id: a, run: {command: ["./${{ inputs.channel }}", "${{ inputs.channel }}"]}}')), [
    "PACK_EXPR_IN_SCRIPT ${{ inputs.channel }}",
  ]);
  t.strictSame(saysIn(packWith('- {id: a, run: {script: "echo $${{ this }}"}}')), [], "a literal is no expression");
});

t.test("files that the pack names are in its folder", async (t) => {
  const found = findingsIn(
    packWith(
      `
- {id: a, run: {command: [./bin/tol]}}
- {id: b, run: {command: [./bin/notes.txt]}}
- {id: c, run: {command: [./bin/tool]}}
- {id: d, run: {command: [bin/tool]}}
- {id: e, run: {command: [/usr/bin/env]}}
- {id: f, run: {uses: bundle.ingest, with: {source: data/nothing-here, checksum: x}}}
- {id: g, run: {uses: bundle.ingest, with: {source: ./data/seed.tar, checksum: x}}}
- {id: h, run: {uses: bundle.ingest, with: {source: "\${{ inputs.file }}", checksum: x}}}
- {id: i, run: {command: [x]}, outputs: {o: {type: object, schema: schemas/absent-entirely}, p: {type: string, schema: schemas/channel.json}}}
- {id: j, run: {command: [./../bin/tool]}}
`,
    ),
  );
  t.strictSame(
    found.map(({ code, at, hint }) => `${code} ${at}: ${hint}`),
    [
      'PACK_FILE_MISSING ./bin/tol: did you mean "bin/tool"?',
      "PACK_FILE_MISSING ./bin/notes.txt: run chmod +x bin/notes.txt",
      "PACK_VALUE bin/tool: write ./bin/tool for a file of the pack",
      "PACK_FILE_MISSING data/nothing-here: add the file to the pack folder, or correct the path",
      "PACK_FILE_MISSING schemas/absent-entirely: add the file to the pack folder, or correct the path",
      "PACK_FILE_MISSING ./../bin/tool: add the file to the pack folder, or correct the path",
    ],
  );
  const rules = packWith(`- {id: a, ${run}}`)
    .replace('{engine: cel, expression: "true"}', "{engine: rego, module: policies/none.wasm, entrypoint: a/b}")
    .replace("{type: string}", "{type: string, schema: ./schemas/absent-entirely}");
  t.strictSame(saysIn(rules), ["PACK_FILE_MISSING ./schemas/absent-entirely", "PACK_FILE_MISSING policies/none.wasm"]);
});

t.test("the sandbox has no default for what isolates", async (t) => {
  const good = packWith(`- {id: a, ${run}}`);
  const sandbox = /sandbox: \{.*\}\n/;
  t.strictSame(saysIn(good.replace(sandbox, "slo: {}\n")), ["SANDBOX_MISSING spec"]);
  t.strictSame(saysIn(good.replace("mode: sealed, ", "")), ["SANDBOX_MISSING sandbox"]);
  t.strictSame(saysIn(good.replace(", limits: {cpus: 1, memory: 64Mi}", "")), ["SANDBOX_LIMIT_MISSING sandbox"]);
  t.strictSame(saysIn(good.replace("{cpus: 1, memory: 64Mi}", "{}")), [
    "SANDBOX_LIMIT_MISSING limits",
    "SANDBOX_LIMIT_MISSING limits",
  ]);
  t.strictSame(saysIn(good.replace("egressQuota: {requests: 5, bytes: 1Mi}, ", "")), ["SANDBOX_QUOTA_MISSING sandbox"]);
  t.strictSame(saysIn(good.replace("requests: 5, ", "")), ["SANDBOX_QUOTA_MISSING egressQuota"]);
  t.strictSame(saysIn(good.replace('["a.example:443"]', '["a.example:443", {host: A.example, port: 443}]')), [
    "PACK_VALUE {host: A.example, port: 443}",
  ]);
  t.strictSame(
    saysIn(good.replace(sandbox, "sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 1}}\n")),
    [],
  );
});

t.test("an approval rule says how many, who and until when", async (t) => {
  t.strictSame(saysOfRule("{}"), [
    "APPROVAL_RULE_INCOMPLETE release",
    "APPROVAL_RULE_INCOMPLETE release",
    "APPROVAL_RULE_INCOMPLETE release",
  ]);
  t.strictSame(saysOfRule("{required: 1, from: [approver]}"), ["APPROVAL_RULE_INCOMPLETE release"]);
  t.strictSame(saysOfRule("{required: 0, from: [], ttl: 1h}"), ["PACK_VALUE 0", "PACK_VALUE []"]);
});

t.test("a step's sandbox may only narrow the pack's", async (t) => {
  const found = findingsIn(
    packWith(
      `- {id: a, ${run}, sandbox: {mode: restricted, egressAllowlist: ["b.example:443"], limits: {memory: 1Gi}}}`,
    ),
  );
  t.strictSame(
    found.map(({ code, at }) => `${code} ${at}`),
    ["SANDBOX_WIDENED restricted", 'SANDBOX_WIDENED "b.example:443"', "SANDBOX_WIDENED 1Gi"],
  );
  const narrowed = `- {id: a, ${run}, sandbox: {limits: {pids: 10}}}\n- {id: b, ${run}, sandbox: {mode: sealed}}`;
  const [a, b] = goodPack(packWith(narrowed)).spec.steps as readonly RunStep[];
  t.equal(a?.sandbox?.limits.pids, 10);
  t.equal(b?.sandbox, undefined, "what changes nothing is not there");
});

t.test("objectives that the pack's own limits make meaningless are refused", async (t) => {
  const text = packWith(`- {id: a, ${run}}`, "  slo: {runP95Seconds: 61, approvalP95Seconds: 3601, maxQueueDepth: 0}");
  t.strictSame(saysIn(text.replace("mode: sealed", "mode: sealed, wallClock: 1m")), [
    "PLAN_SLO_CONFLICT 61",
    "PLAN_SLO_CONFLICT 3601",
    "PLAN_SLO_CONFLICT 0",
  ]);
  t.strictSame(saysIn(text.replace("3601, maxQueueDepth: 0", "3600, maxQueueDepth: 1")), []);
});

t.test("only declared secrets reach a step", async (t) => {
  const [found] = findingsIn(packWith(`- {id: a, ${run}, env: {A: {secret: deployTokn}, B: {secret: deployToken}}}`));
  t.equal(found?.code, "SECRET_UNDECLARED");
  t.equal(found?.at, "deployTokn");
  t.equal(found?.hint, 'did you mean "deployToken"?');
});

t.test("names that start with $ are kept out of user objects, but not out of schemas", async (t) => {
  t.strictSame(saysIn(packWith("- {id: a, run: {uses: file.render, with: {x: [{$cel: 1}]}}}")), ["PACK_VALUE $cel"]);
  t.strictSame(saysIn(packWith("- {id: m, map: {items: [{$a: 1}], steps: [{id: a, run: {script: x}}]}}")), [
    "PACK_VALUE $a",
  ]);
  t.strictSame(saysIn(packWith("- {id: g, gate: {policy: severity, with: {$b: 1}}}")), ["PACK_VALUE $b"]);
  const held = (uses: string, member: string) =>
    saysIn(packWith(`- {id: a, run: {uses: ${uses}, with: {${member}: {$ref: '#/$defs/a', $defs: {a: {$id: a}}}}}}`));
  t.strictSame(held("schema.validate", "schema"), []);
  t.equal(held("schema.validate", "document").length, 3, "a schema is allowed where one is expected");
  t.equal(held("file.render", "schema").length, 3);
  const input = "{type: object, default: {$c: 1}, schema: {$ref: '#/x'}}";
  t.strictSame(saysIn(packWith(`- {id: a, ${run}}`).replace("{type: string}", input)), ["PACK_VALUE $c"]);
});

t.test("a map's own name takes none that expressions already know", async (t) => {
  t.strictSame(saysOfMap("host"), []);
  t.strictSame(saysOfMap("inputs"), ["PACK_VALUE inputs"]);
  t.strictSame(saysOfMap("in"), ["PACK_VALUE in"]);
});

t.test("what the YAML reader said about a place is not said again in other words", async (t) => {
  t.strictSame(saysIn(packWith(`- {id: a, ${run}, title: *x}\n- {id: b, ${run}, nope: 1}`)), [
    "YAML_ALIAS *x",
    "PACK_UNKNOWN_FIELD nope",
  ]);
});

t.test("a text of nothing but mistakes is still answered in full", async (t) => {
  const steps = Array.from({ length: 500 }, (_, at) => `- {id: s${at}, run: {comand: [x]}, nedes: [y]}`).join("\n");
  t.equal(findingsIn(packWith(steps)).length, 1000);
});

const full = readFileSync(new URL("full.yaml", golden), "utf8");

t.test("however a good pack is mutilated, reading answers with ranges inside the text", async () => {
  const edit = fc.record({
    at: fc.integer({ min: 0, max: full.length }),
    remove: fc.integer({ min: 0, max: 12 }),
    insert: fc.oneof(
      fc.constant(""),
      fc.constantFrom(
        "\n",
        " ",
        "\t",
        "-",
        ":",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "&",
        "*",
        "!",
        "%",
        "|",
        "#",
        "$",
        "~",
        "\0",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = edits.reduce(
        (now, { at, remove, insert }) => now.slice(0, at) + insert + now.slice(at + remove),
        full,
      );
      const bytes = bytesOf(text);
      const read = readPack(bytes, { file: "pack.yaml", files: sampleFiles });
      const lines = new TextDecoder().decode(bytes).split("\n");
      return read.ok || (read.fault.length > 0 && read.fault.every(({ range }) => isInside(range, lines)));
    }),
    { numRuns: 400 },
  );
});

t.test("the same bytes give the same answer", async (t) => {
  t.strictSame(findingsIn(`${full}oops: 1\n`), findingsIn(`${full}oops: 1\n`));
});

type Ends = { readonly start: { line: number; column: number }; readonly end: { line: number; column: number } };
function isInside(range: Ends | undefined, lines: readonly string[]): boolean {
  if (range === undefined) {
    return true;
  }
  const { start, end } = range;
  const ordered = start.line < end.line || (start.line === end.line && start.column <= end.column);
  return (
    ordered &&
    [start, end].every(({ line, column }) => line >= 1 && column >= 1 && column <= (lines[line - 1]?.length ?? -2) + 1)
  );
}

t.test("a pack has no more outputs than a signed statement can name", async (t) => {
  const withOutputs = (count: number): string => {
    const members = Array.from({ length: count }, (_, at) => `o${at}: {from: x}`).join(", ");
    return `${packWith(`- {id: one, ${run}}`).trimEnd()}\n  outputs: {${members}}\n`;
  };
  t.same(findingsIn(withOutputs(1023)), []);
  t.match(findingsIn(withOutputs(1024)), [{ code: "PACK_VALUE", message: /at most 1023/ }]);
});

function hintsOf(steps: string): readonly (string | undefined)[] {
  return findingsIn(packWith(steps)).map(({ hint }) => hint);
}

function saysOfStep(more: string): readonly string[] {
  return saysIn(packWith(`- {id: a, ${run}, ${more}}`));
}

function saysOfParallel(steps: string): readonly string[] {
  return saysIn(packWith(`- {id: p, parallel: {steps: [${steps}]}}`));
}

function saysOfRule(text: string): readonly string[] {
  return saysIn(packWith(`- {id: a, ${run}}`).replace("{required: 1, from: [approver], ttl: 1h}", text));
}

function saysOfMap(as: string): readonly string[] {
  return saysIn(packWith(`- {id: m, map: {items: [], as: ${as}, steps: [{id: a, ${run}}]}}`));
}

function nested(depth: number): string {
  const open = Array.from({ length: depth }, (_, at) => `{id: c${at}, parallel: {steps: [`).join("");
  return packWith(`- ${open}{id: leaf, ${run}}${"]}}".repeat(depth)}`);
}
