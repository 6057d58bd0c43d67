import t from "tap";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { sarifLog } from "#view/sarif.ts";

const codes = {
  PACK_DUPLICATE_ID: { message: "step id twice", hint: "rename one", explanation: "## Cause\n" },
  PACK_FILE_MISSING: { message: "not there", hint: "name it", explanation: "## Cause\n" },
};

const range = (line: number) => ({ start: { line, column: 11 }, end: { line, column: 16 } });

const twice: Diagnostic = {
  code: "PACK_DUPLICATE_ID",
  severity: "error",
  message: 'step id "a" stands twice',
  hint: "rename one",
  file: "packs/my pack/pack.yaml",
  range: range(27),
  related: [{ message: "the first one", file: "packs/my pack/pack.yaml", range: range(22) }],
};

t.test("a finding becomes a result with its rule, level, place and related places", (t) => {
  t.strictSame(sarifLog([twice], codes, "1.2.3"), {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "packrun",
            semanticVersion: "1.2.3",
            rules: [
              {
                id: "PACK_DUPLICATE_ID",
                shortDescription: { text: "step id twice" },
                help: { text: "rename one", markdown: "## Cause\n" },
              },
            ],
          },
        },
        columnKind: "utf16CodeUnits",
        results: [
          {
            ruleId: "PACK_DUPLICATE_ID",
            ruleIndex: 0,
            level: "error",
            message: { text: 'step id "a" stands twice (rename one)' },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "packs/my%20pack/pack.yaml" },
                  region: { startLine: 27, startColumn: 11, endLine: 27, endColumn: 16 },
                },
              },
            ],
            relatedLocations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "packs/my%20pack/pack.yaml" },
                  region: { startLine: 22, startColumn: 11, endLine: 22, endColumn: 16 },
                },
                message: { text: "the first one" },
              },
            ],
          },
        ],
      },
    ],
  });
  t.end();
});

t.test("every code has one rule, whatever the order of the findings", (t) => {
  const missing: Diagnostic = {
    code: "PACK_FILE_MISSING",
    severity: "warning",
    message: "gone",
    file: "/abs/p#1/pack.yaml",
  };
  const info: Diagnostic = { ...missing, severity: "info" };
  t.match(sarifLog([missing, twice, info], codes, "1.2.3"), {
    runs: [
      {
        tool: { driver: { rules: [{ id: "PACK_DUPLICATE_ID" }, { id: "PACK_FILE_MISSING" }] } },
        results: [
          {
            ruleIndex: 1,
            level: "warning",
            message: { text: "gone" },
            locations: [{ physicalLocation: { artifactLocation: { uri: "file:///abs/p%231/pack.yaml" } } }],
          },
          { ruleIndex: 0, level: "error" },
          { ruleIndex: 1, level: "note" },
        ],
      },
    ],
  });
  t.end();
});

t.test("a log without findings is a log all the same: it says that nothing is wrong", (t) => {
  t.match(sarifLog([], codes, "1.2.3"), { runs: [{ tool: { driver: { rules: [] } }, results: [] }] });
  t.end();
});
