import { spawn } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";
import { isMap, isSeq, parseDocument, type Document } from "yaml";
import { COMPILED } from "../compiled.ts";
import { MAIN } from "../cli/command-line.ts";
import type { Place } from "../cli/place.ts";
import { blocksOf, COMMANDS, type Block } from "./document.ts";
import { isAsShown } from "./shown-output.ts";

/** A document ends here at the latest, in milliseconds. */
const LONGEST_MS = 280_000;

type Command = { readonly line: number; readonly text: string; readonly shown: string; readonly strict: boolean };

export type Following = {
  readonly env?: Readonly<Record<string, string>>;
  /** Programs on PATH beside packrun, by name. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Blocks below other headings are left out. */
  readonly below?: readonly string[];
  /** Blocks below these headings are left out: another test runs them. */
  readonly elsewhere?: readonly string[];
};

/**
 * Does in a place what a document tells its reader to do, in its order and in one shell:
 * - of a block `console`, each line that begins with `$ `, and those that continue it; what follows is held to what it prints;
 * - a block `sh` as a whole;
 * - a block whose first line is a comment with a path is written to that file: `# demo/pack.yaml`; with a place in it,
 *   `# demo/pack.yaml: spec.steps`, it is added there.
 *
 * A command that does not end with 0 is wrong, unless the next one is `echo $?`. Returns everything that was printed.
 */
export async function follow(t: Test, place: Place, file: string, following: Following = {}): Promise<string> {
  const { below, elsewhere = [] } = following;
  const blocks = blocksOf(file).filter(
    ({ headings }) =>
      !headings.some((heading) => elsewhere.includes(heading)) &&
      (below === undefined || headings.some((heading) => below.includes(heading))),
  );
  await using shell = new Shell(place, following);
  let all = "";
  for (const block of blocks) {
    if (!COMMANDS.includes(block.language)) {
      writeShown(place, block);
      continue;
    }
    for (const { line, text, shown, strict } of commandsOf(block)) {
      const { code, printed } = await shell.run(text);
      all += printed;
      if (strict && code !== 0) {
        t.fail(`${file}:${line}: ${text.trim()} ends with ${code}`, { printed });
        return all;
      } else if (shown !== "" && !isAsShown(shown, printed)) {
        t.fail(`${file}:${line}: ${text.trim()} prints something else`, { shown, printed });
      } else {
        t.pass(`${file}:${line}`);
      }
    }
  }
  return all;
}

/** The commands of a block, each with what is shown of its output. */
export function commandsOf({ language, text, line }: Block): readonly Command[] {
  if (language === "sh") {
    return [
      {
        line: line + 1,
        text: `__failed=0; trap '__failed=$?' ERR\n${text}trap - ERR\n(exit "$__failed")`,
        shown: "",
        strict: true,
      },
    ];
  }
  const commands: { line: number; text: string; shown: string }[] = [];
  let within: string | undefined;
  for (const [at, written] of text.split("\n").slice(0, -1).entries()) {
    const last = commands.at(-1);
    if (within === undefined && written.startsWith("$ ")) {
      commands.push({ line: line + 1 + at, text: written.slice(2), shown: "" });
    } else if (last !== undefined && within !== undefined) {
      last.text += `\n${written}`;
      within = written === within ? undefined : within;
      continue;
    } else if (last !== undefined && last.shown === "" && last.text.endsWith("\\")) {
      last.text += `\n${written}`;
    } else if (last !== undefined) {
      last.shown += `${written}\n`;
    }
    const [, word] = /<<'?(\w+)'?$/.exec(commands.at(-1)?.shown === "" ? (commands.at(-1)?.text ?? "") : "") ?? [];
    within = word;
  }
  return commands.map((command, at) => ({ ...command, strict: commands[at + 1]?.text !== "echo $?" }));
}

/** Writes what a block shows into the file that its first line names, or adds it to what is there. */
function writeShown(place: Place, { text }: Block): void {
  const [, path, where] = /^# ([\w./-]+)(?:: ([\w.]+))?\n/.exec(text) ?? [];
  if (path === undefined) {
    return;
  }
  if (where === undefined) {
    place.write(path, text);
    return;
  }
  const document = parseDocument(readFileSync(place.here(path), "utf8"));
  const added = parseDocument(text);
  const at = placeIn(document, where.split("."));
  if (isSeq(added.contents)) {
    added.contents.items.forEach((item) => document.addIn(at, item));
  } else {
    const members = (added.toJS() ?? {}) as Readonly<Record<string, unknown>>;
    Object.entries(members).forEach(([name, value]) => document.setIn([...at, name], document.createNode(value)));
  }
  place.write(path, document.toString());
}

/** Where in a document this is; of a list of steps one is named by its id. */
function placeIn(document: Document, names: readonly string[]): readonly (string | number)[] {
  return names.reduce<readonly (string | number)[]>((at, name) => {
    const around = document.getIn(at);
    return [...at, isSeq(around) ? around.items.findIndex((item) => isMap(item) && item.get("id") === name) : name];
  }, []);
}

/** One bash that is given commands and says of each how it ended and what it printed, on both streams. */
class Shell implements AsyncDisposable {
  readonly #child;
  readonly #lines;
  readonly #ended: Promise<void>;
  readonly #limit;
  #count = 0;

  constructor(place: Place, { env = {}, programs = {} }: Following) {
    place.write(
      "programs/packrun",
      `#!/bin/sh\nexec ${process.execPath} --conditions=@packrun/source ${MAIN} "$@"\n`,
      0o755,
    );
    for (const [name, program] of Object.entries(programs)) {
      symlinkSync(program, place.here("programs", name));
    }
    this.#child = spawn("bash", ["--noprofile", "--norc"], {
      cwd: place.folder,
      env: {
        PATH: `${place.here("programs")}:${dirname(process.execPath)}:${process.env["PATH"]}`,
        HOME: place.folder,
        TMPDIR: place.folder,
        LANG: "C.UTF-8",
        NO_COLOR: "1",
        CI: "1",
        NODE_COMPILE_CACHE: COMPILED,
        ...env,
      },
      // A group of its own: what a command left behind ends with it.
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdin.write("exec 2>&1\n");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.on("close", () => resolve()));
    this.#limit = setTimeout(() => this.#end(), LONGEST_MS);
  }

  async run(command: string): Promise<{ readonly code: number; readonly printed: string }> {
    this.#count += 1;
    const mark = `@@ended ${this.#count} `;
    const say = `__code=$?; printf '\\n%s%d\\n' '${mark}' "$__code"; (exit "$__code")`;
    this.#child.stdin.write(`{ ${command}\n} </dev/null\n${say}\n`);
    let printed = "";
    for (;;) {
      const { done, value: line } = await this.#lines.next();
      if (done === true) {
        return { code: -1, printed: `${printed}(the shell ended)\n` };
      }
      if (line.startsWith(mark)) {
        return { code: Number(line.slice(mark.length)), printed: printed.replace(/\n$/, "") };
      }
      printed += `${line}\n`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#limit);
    this.#end();
    await this.#ended;
  }

  #end(): void {
    const { pid } = this.#child;
    if (pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(-pid, "SIGKILL");
    }
  }
}
