import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import t from "tap";
import { completeWords } from "#cli/complete-words.ts";
import type { Cli } from "#cli/cli.ts";
import { commandTable } from "#cli/command-table.ts";
import { MAIN } from "./command-line.ts";
import { answerOf, Place } from "./place.ts";

const place = new Place(t);
place.pack("pack", {
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [{ id: "ok", gate: { approval: "release" } }],
});
place.pack("done", { steps: [{ id: "a", run: { command: ["true"] } }] });
const waiting = answerOf(await place.packrun("run", "pack", "--no-wait", "--json")).runId;
const done = answerOf(await place.packrun("run", "done", "--json")).runId;

function cliIn(cwd: string): Cli {
  const unheard = (): never => {
    throw new Error("completing a word says nothing");
  };
  return {
    commands: commandTable,
    env: {},
    where: {},
    cwd,
    out: unheard,
    err: unheard,
    style: (_style, text) => text,
    live: false,
    columns: 80,
    rows: 24,
    fault: unheard,
    diagnostics: unheard,
    note: unheard,
    worksOn: () => undefined,
  };
}

async function candidates(...words: readonly string[]): Promise<readonly string[]> {
  return (await completeWords(words, cliIn(place.folder))).map(({ value }) => value);
}

t.test("commands, subcommands, options and their choices complete from their own definitions", async (t) => {
  t.strictSame(await candidates("ru"), ["run", "runs"]);
  t.strictSame(await candidates("runs", "sh"), ["show"]);
  t.ok((await candidates("trust", "")).includes("init"));
  t.strictSame(await candidates("run", "pack", "--fo"), ["--format"]);
  t.strictSame(await candidates("run", "--format", ""), ["text", "json", "ndjson"]);
  t.strictSame(await candidates("completion", "z"), ["zsh"]);
  t.strictSame(await candidates("--st"), ["--store"]);
  t.strictSame(await candidates("--json", "--store", "x", "ru"), ["run", "runs"]);
  t.strictSame(await candidates("--store", "x", "runs", "--te"), ["--tenant"]);
  t.strictSame(await candidates("--format", "json", "runs", "--json", "sh"), ["show"]);
  t.strictSame(await candidates("--store", ""), [], "a folder is meant");
  t.notOk((await candidates("completion", "")).includes("candidates"), "what is hidden is not offered");
});

t.test("runs and gates come from the store; a command for unfinished runs is offered those", async (t) => {
  t.strictSame(await candidates("runs", "show", ""), ["last", done, waiting]);
  t.strictSame(await candidates("--store", "elsewhere", "runs", "show", ""), []);
  t.strictSame(await candidates("runs", "--store", ".packrun", "show", "la"), ["last"]);
  t.strictSame(await candidates("resume", waiting.slice(0, 4)), [waiting]);
  t.strictSame(await candidates("approve", waiting, ""), ["ok"]);
  t.strictSame(await candidates("approve", "--key", "k", waiting, "o"), ["ok"]);
  t.strictSame(await candidates("explain", "ok", "--run", "la"), ["last"]);
  t.strictSame(await candidates("diff", done, "l"), ["last"]);
});

t.test("where files are meant, or nothing is known, nothing is offered", async (t) => {
  t.strictSame(await candidates("lint", "pa"), []);
  t.strictSame(await candidates("nope", ""), []);
  t.strictSame(await candidates("approve", "0000", ""), []);
  const empty = new Place(t);
  t.strictSame(await completeWords(["runs", "show", ""], cliIn(empty.folder)), []);
  t.notOk(existsSync(empty.here(".packrun")), "completing makes no state folder");
});

/** What a shell says that has read its completion script: by itself, and with a program `packrun` on its PATH. */
async function shellSays(shell: string, words: (script: string) => readonly string[]): Promise<string> {
  const shim = `#!/bin/sh\nexec "${process.execPath}" --conditions=@packrun/source "${MAIN}" "$@"\n`;
  place.write("bin/packrun", shim, 0o755);
  const script = place.write(`completion.${shell}`, (await place.packrun("completion", shell)).out);
  const env = { PATH: `${place.here("bin")}:${process.env["PATH"] ?? ""}`, HOME: place.folder, TERM: "dumb" };
  const said = spawnSync(shell, words(script), { cwd: place.folder, env, encoding: "utf8", timeout: 60_000 });
  return `${said.stdout}${said.stderr}${said.error?.message ?? ""}`;
}

t.test("bash completes with its script", async (t) => {
  const asked = (script: string): string => `. ${script}
    COMP_WORDS=(packrun runs sh); COMP_CWORD=2; _packrun; printf '%s\\n' "\${COMPREPLY[@]}"
    COMP_WORDS=(packrun approve ${waiting} ""); COMP_CWORD=3; _packrun; printf '%s\\n' "\${COMPREPLY[@]}"`;
  t.equal(await shellSays("bash", (script) => ["-c", asked(script)]), "show\nok\n");
});

t.test("fish completes with its script", async (t) => {
  const asked = (script: string): string => `source ${script}
    complete -C 'packrun runs sh'; complete -C 'packrun approve ${waiting} '; complete -C 'packrun lint compl'`;
  const said = await shellSays("fish", (script) => ["--no-config", "-c", asked(script)]);
  t.match(said, /^show\tstatus, steps and gates of a run\nok\t0 of 1 approvals\n/);
  t.match(said, /\ncompletion\.fish\n$/, "files where files are meant");
});

t.test("zsh completes with its script when Tab is pressed", async (t) => {
  const asked = (script: string): string => `
    zmodload zsh/zpty
    zpty -b shell zsh -f -i
    zpty -w shell 'autoload -U compinit; compinit -u -D; source ${script}; print re""ady'
    zpty -r -m shell said '*ready*'
    zpty -n -w shell $'packrun runs sh\\t'
    zpty -r -m shell said '*runs show*'
    zpty -n -w shell $'\\C-upackrun approve ${waiting} \\t'
    zpty -r -m shell said '*${waiting} ok*' && print completed`;
  t.match(await shellSays("zsh", (script) => ["-f", "-c", asked(script)]), /completed/);
});

t.test("a shell without a script is refused", async (t) => {
  t.match(await place.packrun("completion", "tcsh"), { code: 2, err: /Allowed choices are bash, zsh, fish/ });
});
