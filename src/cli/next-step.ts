import type { Cli, Whereabouts } from "./cli.ts";
import { isAtServer } from "./server-options.ts";

/** Commands that also work through a server; of a group those that are named. */
const SERVED: Readonly<Record<string, readonly string[] | "all">> = {
  run: "all",
  resume: "all",
  cancel: "all",
  runs: "all",
  diff: "all",
  explain: "all",
  approve: "all",
  reject: "all",
  approvals: ["list", "request", "import"],
  evidence: ["show", "extract", "export", "snapshot"],
  incident: "all",
};

/** Commands that look at nothing but what they are given, as does `explain` of a code. */
const ANYWHERE: ReadonlySet<string> = new Set(["init", "lint", "keys", "completion", "slo"]);

/**
 * The command line that goes on from here: pasted into the same shell it works where the command worked that shows it. So
 * flags are said again, and what the environment says is not.
 */
export function nextStep(cli: Pick<Cli, "where" | "env">, ...words: readonly string[]): string {
  return nextStepAt(cli.where, cli.env, words);
}

/** The same, for a place that is not quite that of the command itself. */
export function nextStepAt(where: Whereabouts, env: Cli["env"], words: readonly string[]): string {
  return ["packrun", ...words.map(quoted), ...flags(words, where, env)].join(" ");
}

/**
 * A text with commands between backquotes, each as `nextStep` would write it. The text may be a server's: what would do
 * more in a shell than run one command stays as it came.
 */
export function withNextSteps(cli: Pick<Cli, "where" | "env">, text: string): string {
  return text.replaceAll(/`packrun ([^`;&|<>$()\\\n]+)`/g, (_, line: string) => {
    const said = line.split(" ");
    return `\`${["packrun", line, ...flags(said, cli.where, cli.env)].join(" ")}\``;
  });
}

/** Whether the command works through a server where one is named. */
function isServed([name = "", child = ""]: readonly string[]): boolean {
  const served = SERVED[name];
  return served === "all" || served?.includes(child) === true;
}

function flags(words: readonly string[], where: Whereabouts, env: Cli["env"]): readonly string[] {
  const [name = ""] = words;
  if (ANYWHERE.has(name) || (name === "explain" && !words.includes("--run"))) {
    return [];
  }
  const { store, tenant, server, tokenFile, trust, config } = where;
  const isThere = isServed(words) && isAtServer(where, env);
  const place: readonly Flag[] = isThere
    ? [
        ["--server", server],
        ["--token-file", tokenFile],
        ["--tenant", name === "run" ? tenant : undefined],
      ]
    : [
        ["--store", store],
        ["--tenant", tenant],
      ];
  // The trust root that is looked for is the one to make.
  const root: Flag = [name === "trust" && words[1] === "init" ? "-o" : "--trust", trust];
  const all: readonly Flag[] = [...place, root, ["--config", config]];
  return all.flatMap(([flag, value]) => (value === undefined || words.includes(flag) ? [] : [flag, quoted(value)]));
}

type Flag = readonly [flag: string, value: string | undefined];

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
