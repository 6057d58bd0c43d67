import fc from "fast-check";
import t from "tap";
import { encodeUtf8 } from "#canon/utf8.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { applyFixes } from "#pack/apply-fixes.ts";
import { lineIndex } from "#pack/line-index.ts";
import { readPack } from "#pack/read-pack.ts";

const BEFORE = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/x, version: 1.10, title: 7}
spec:
  sandbox: {mode: seald, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  "stps":
    - id: all
      paralel:
        steps:
          - {id: build, run: {comand: ["true"]}}
          - {id: test, needs: [biuld], run: {command: ["true"]}, tiemout: 5m}
`;
const AFTER = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/x, version: "1.10", title: "7"}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  steps:
    - id: all
      parallel:
        steps:
          - {id: build, run: {command: ["true"]}}
          - {id: test, needs: [build], run: {command: ["true"]}, timeout: 5m}
`;

function findings(text: string): readonly Diagnostic[] {
  const read = readPack(encodeUtf8(text), { file: "pack.yaml", files: [] });
  return read.ok ? [] : read.fault;
}

t.test("what is mechanical is mended, round by round, and nothing else is touched", (t) => {
  let text = BEFORE;
  const rounds: number[] = [];
  for (let next = applyFixes(text, findings(text)); next.applied > 0; next = applyFixes(text, findings(text))) {
    rounds.push(next.applied);
    text = next.text;
  }
  t.equal(text, AFTER);
  t.ok(rounds.length > 1, "what stands inside a wrong name is found once the name is right");
  t.strictSame(
    findings(text).map(({ code }) => code),
    ["PACK_VALUE"],
    "1.10 in quotes is no version: which one is meant has to be decided",
  );
  t.end();
});

t.test("a name that may mean two things is left to people", (t) => {
  const pack = AFTER.replace("id: build", "id: testa")
    .replace("needs: [build]", "needs: [testb]")
    .replace("id: test,", "id: testc,");
  const found = findings(pack).find(({ code }) => code === "PACK_NEEDS_UNKNOWN");
  t.match(found?.hint, /did you mean "testa"\?/);
  t.equal(found?.fix, undefined);
  t.end();
});

t.test("fixes stand where their ranges are; of two that overlap the first is made", (t) => {
  const places = fc.array(fc.record({ at: fc.nat(60), length: fc.nat(8), fix: fc.string({ maxLength: 5 }) }));
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "é", "😀"), maxLength: 40 }), places, (text, given) => {
      const lines = lineIndex(text);
      const found = given.map(({ at, length, fix }): Diagnostic => {
        const range = lines.range(Math.min(at, text.length), Math.min(at + length, text.length));
        return { code: "X", severity: "error", message: "", file: "f", range, fix };
      });
      const { text: made, applied } = applyFixes(text, found);
      const untouched = applyFixes(
        text,
        found.map(({ fix: _fix, ...rest }) => rest),
      );
      const [only] = found;
      const one = only === undefined ? { text, applied: 0 } : applyFixes(text, [only]);
      return (
        applied <= found.length &&
        (found.length === 0 || applied > 0) &&
        untouched.text === text &&
        (only === undefined || one.text.includes(only.fix ?? "")) &&
        (found.length > 1 || made === one.text)
      );
    }),
  );
  t.end();
});
