import t from "tap";
import { annotation, findingAnnotation, onGithub } from "#cli/github-annotation.ts";

const env = { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: "/home/runner/work/repo" };
const finding = { code: "PACK_UNKNOWN_FIELD", message: 'unknown field "comand"', file: "pack/pack.yaml" } as const;
const on = (line: number, column: number, endLine: number, endColumn: number) => ({
  start: { line, column },
  end: { line: endLine, column: endColumn },
});

t.test("it is GitHub Actions where it says so", async (t) => {
  t.ok(onGithub({ env }));
  t.notOk(onGithub({ env: {} }));
  t.notOk(onGithub({ env: { GITHUB_ACTIONS: "false" } }));
});

t.test("nothing in a message or a property ends it", async (t) => {
  t.equal(
    annotation("error", { title: "a:b,c", file: "x%y" }, "100%\r\n::error::more\u001b[2J"),
    "::error title=a%3Ab%2Cc,file=x%25y::100%25\\x0d%0A::error::more\\x1b[2J\n",
  );
});

t.test("a finding stands beside its line in the repository, with columns where it is on one line", async (t) => {
  const cwd = "/home/runner/work/repo/packs";
  t.equal(
    findingAnnotation({ env, cwd }, { ...finding, severity: "error", hint: "did you mean?", range: on(3, 7, 3, 13) }),
    "::error title=PACK_UNKNOWN_FIELD,file=packs/pack/pack.yaml,line=3,endLine=3,col=7,endColumn=13::" +
      'unknown field "comand"%0Adid you mean?\n',
  );
  t.equal(
    findingAnnotation({ env, cwd }, { ...finding, severity: "warning", range: on(3, 7, 4, 1) }),
    '::warning title=PACK_UNKNOWN_FIELD,file=packs/pack/pack.yaml,line=3,endLine=4::unknown field "comand"\n',
  );
  t.equal(
    findingAnnotation({ env: {}, cwd }, { ...finding, severity: "info" }),
    '::notice title=PACK_UNKNOWN_FIELD,file=pack/pack.yaml::unknown field "comand"\n',
  );
});
