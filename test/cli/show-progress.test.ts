import t from "tap";
import type { Cli } from "../../src/cli/cli.ts";
import type { LedgerEvent } from "../../src/cli/progress.ts";
import { showProgress } from "../../src/cli/show-progress.ts";
import { RunProgress } from "#view/run-progress.ts";
import { approval, planOf, run } from "../run/sample-plan.ts";
import { Terminal } from "./terminal.ts";

type Followed = {
  readonly env?: Readonly<Record<string, string>>;
  readonly packFile?: string;
  readonly live: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly stays?: boolean;
};

function follow({ live, columns = 60, rows = 20, stays = true, env = {}, packFile }: Followed) {
  const terminal = new Terminal(columns);
  const written: string[] = [];
  const cli = {
    live,
    rows,
    env,
    cwd: "/work",
    where: {},
    get columns() {
      return terminal.columns;
    },
    style: (_style: string, text: string) => text,
    err: (text: string) => {
      written.push(text);
      terminal.write(text);
    },
    note: (text: string) => terminal.write(`packrun: ${text}\n`),
  } as unknown as Cli;
  return {
    terminal,
    written,
    progress: showProgress(cli, { stays, runId: () => "RUN", ...(packFile === undefined ? {} : { packFile }) }),
  };
}

const event = (eventType: string, stepId: string, metadata: object = {}): LedgerEvent =>
  ({ eventType, stepId, attempt: 1, metadata }) as unknown as LedgerEvent;
const started = (id: string): LedgerEvent => event("step.started", id);
const printed = (id: string, ...lines: string[]): LedgerEvent => event("step.output", id, { lines });
const succeeded = (id: string): LedgerEvent => event("step.succeeded", id, { durationMs: 40, outputs: {} });
const failed = (id: string): LedgerEvent =>
  event("step.failed", id, { reason: "STEP_EXIT", exitCode: 3, durationMs: 40, code: "STEP_EXIT", hint: "" });
const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => `line ${at + 1}`);

t.test("without a terminal every transition is a line, and output only where a step fails", (t) => {
  const { terminal, progress } = follow({ live: false });
  progress.events([started("a"), printed("a", "fine"), succeeded("a")]);
  progress.events([started("b"), printed("b", "first", "\u001b[2Jsecond"), failed("b")]);
  progress.close();
  t.same(terminal.lines(), [
    "▶ a  started",
    "✓ a  40ms",
    "▶ b  started",
    "✗ b  STEP_EXIT (exit 3) after 40ms",
    "    first",
    "    \\x1b[2Jsecond",
    "",
  ]);
  t.end();
});

t.test("of a long output the last 20 lines are shown, and where the rest is", (t) => {
  for (const live of [true, false]) {
    const { terminal, progress } = follow({ live, columns: 200 });
    progress.events([started("b"), printed("b", ...numbers(15)), printed("b", ...numbers(30)), failed("b")]);
    progress.close();
    const lines = terminal.lines();
    const at = lines.findIndex((line) => line.startsWith("✗ b"));
    t.equal(lines[at + 1], "    the last 20 of 45 lines (packrun runs logs RUN --step b)");
    t.equal(lines[at + 2], "    line 11");
    t.equal(lines[at + 21], "    line 30");
  }
  t.end();
});

t.test("an attempt that is tried again leaves no output to the next one", (t) => {
  const { terminal, progress } = follow({ live: false });
  const retry = event("step.retry", "a", { reason: "STEP_EXIT", notBefore: "2026-01-05T08:00:00.000Z" });
  progress.events([started("a"), printed("a", "old"), retry, started("a"), printed("a", "new"), failed("a")]);
  t.notOk(terminal.lines().includes("    old"));
  t.ok(terminal.lines().includes("    new"));
  t.end();
});

t.test("an open gate says how to approve it where the process stays", (t) => {
  const opened = event("gate.opened", "ok", { requestDigest: "", notAfter: "2026-01-05T08:00:00.000Z" });
  for (const [stays, count] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const { terminal, progress } = follow({ live: false, stays });
    progress.events([opened]);
    const how = terminal.lines().filter((line) => line === "    packrun approve RUN ok --key KEY --reason TEXT");
    t.equal(how.length, count);
  }
  t.end();
});

t.test("on a terminal, lines stay above and what runs is drawn over, also where a note comes between", (t) => {
  const { terminal, progress } = follow({ live: true });
  progress.events([started("a"), started("b"), printed("a", "hello")]);
  progress.note("one");
  t.match(terminal.lines()[0], /^packrun: one$/);
  t.match(terminal.lines()[1], /^\S a {2}\d+ms {2}hello$/);
  t.match(terminal.lines()[2], /^\S b {2}\d+ms$/);
  // A terminal shows the key that interrupts where the cursor is.
  terminal.write("^C");
  progress.events([succeeded("a")]);
  progress.note("two");
  t.same(terminal.lines().slice(0, 3), ["packrun: one", "✓ a  40ms", "packrun: two"]);
  t.match(terminal.lines()[3], /^\S b {2}\d+ms$/);
  progress.close();
  t.same(terminal.lines(), ["packrun: one", "✓ a  40ms", "packrun: two", ""]);
  t.end();
});

t.test("many long and wide lines never break, however narrow the terminal is or becomes", (t) => {
  const { terminal, progress } = follow({ live: true, columns: 80, rows: 8 });
  const ids = Array.from({ length: 50 }, (_, at) => `deploy-to-the-machine-with-the-long-name-${at}`);
  progress.events(ids.map(started));
  for (const columns of [80, 40, 20, 8, 40]) {
    // What stood there before may be broken anew by a terminal; this one leaves it, so it is cleared first.
    progress.close();
    terminal.columns = columns;
    progress.events(ids.map(started));
    progress.events(ids.map((id) => printed(id, "wide 漢字 \u001b[31m and long ".repeat(9))));
    progress.note("x");
    progress.note("y");
    const drawn = terminal.lines().filter((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line));
    t.equal(drawn.length, 5, `${columns} columns`);
    t.equal(terminal.lines().filter((line) => line === "  and 45 more".slice(0, columns)).length, 1);
  }
  progress.close();
  t.notOk(terminal.lines().some((line) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(line)));
  t.end();
});

t.test("gates that were open before are told like those that open, and the last line counts with them", (t) => {
  const plan = planOf([run("a"), approval("ok", { needs: ["a"] })]);
  const gates = [{ id: "ok", notAfter: "2026-01-05T08:00:00.000Z" }];
  for (const live of [true, false]) {
    const { terminal, progress } = follow({ live, columns: 80 });
    progress.count(
      new RunProgress(plan, [
        { id: "a", status: "succeeded" },
        { id: "ok", status: "waiting" },
      ]),
    );
    progress.open(gates);
    t.same(terminal.lines().slice(0, 2), [
      "? ok  waits for approval until 2026-01-05T08:00:00.000Z",
      "    packrun approve RUN ok --key KEY --reason TEXT",
    ]);
    t.equal(/1 of 2 steps · ok waits for approval/.test(terminal.lines().join("\n")), live);
    progress.close();
  }
  t.end();
});

t.test("however much happens, nothing is written between two drawings", (t) => {
  const { written, progress } = follow({ live: true });
  for (let at = 0; at < 200; at += 1) {
    progress.events([started(`s${at}`), printed(`s${at}`, "x"), succeeded(`s${at}`)]);
  }
  t.equal(written.length, 0);
  progress.close();
  t.equal(written.length, 1);
  t.match(written[0], /✓ s0 {2}40ms[^]*✓ s199 {2}40ms/);
  t.end();
});

t.test("on a terminal the last line says how far the run is, as much of it as there is room for", (t) => {
  const { terminal, progress } = follow({ live: true, columns: 80 });
  const plan = planOf([run("a"), approval("ok", { needs: ["a"] }), run("b", { needs: ["ok"] })]);
  progress.count(new RunProgress(plan));
  progress.events([started("a")]);
  progress.note("x");
  t.match(terminal.lines().at(-2), /^ {2}0 of 3 steps · 1 running · wave 1 of 3 · \d/);
  progress.events([
    succeeded("a"),
    event("gate.opened", "ok", { requestDigest: "", notAfter: "2026-01-05T08:00:00.000Z" }),
  ]);
  progress.note("y");
  t.match(terminal.lines().at(-2), /^ {2}1 of 3 steps · ok waits for approval · wave 2 of 3 · \d/);
  progress.close();
  t.notMatch(terminal.lines().join("\n"), "wave");
  const narrow = follow({ live: true, columns: 20 });
  narrow.progress.count(new RunProgress(plan, [{ id: "a", status: "succeeded" }]));
  narrow.progress.events([started("b")]);
  narrow.progress.note("x");
  t.equal(narrow.terminal.lines().at(-2), "  1 of 3 steps · 1…");
  narrow.progress.close();
  t.end();
});

t.test("on GitHub Actions a failed step is annotated, and what it printed gives no commands", (t) => {
  const folder = t.testdir({ "pack.yaml": "spec:\n  steps:\n    - id: a\n    - {id: b, run: {}}\n" });
  const packFile = `${folder}/pack.yaml`;
  const env = { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: folder };
  const { written, progress } = follow({ live: false, env, packFile });
  progress.events([started("b"), printed("b", "::add-mask::x", "50% ##[error]y"), failed("b")]);
  progress.events([started("c"), failed("c")]);
  progress.close();
  const lines = written.join("").trimEnd().split("\n");
  const [, token] = /^::stop-commands::([0-9a-f-]{36})$/.exec(lines[2] ?? "") ?? [];
  t.same(lines, [
    "▶ b  started",
    "✗ b  STEP_EXIT (exit 3) after 40ms",
    `::stop-commands::${token}`,
    "    ::add-mask::x",
    "    50% ##[error]y",
    `::${token}::`,
    "::error title=step b failed,file=pack.yaml,line=4::STEP_EXIT (exit 3) after 40ms%0A::add-mask::x%0A50%25 ##[error]y",
    "▶ c  started",
    "✗ c  STEP_EXIT (exit 3) after 40ms",
    "::error title=step c failed,file=pack.yaml::STEP_EXIT (exit 3) after 40ms",
  ]);
  t.end();
});
