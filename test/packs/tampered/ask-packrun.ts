import { join } from "node:path";
import { Command } from "commander";
import { bundle } from "#cli/bundle.ts";
import type { Cli } from "#cli/cli.ts";
import { codeEntry } from "#cli/explained-codes.ts";
import { verify } from "#cli/verify.ts";

export type Said = { readonly code: number; readonly stdout: string; readonly fault?: string };

/** Flags whose value is a file. */
const FILES: ReadonlySet<string> = new Set(["--trust", "--revocations"]);

type Way = {
  /** The words before the arguments; `verify` unless given. */
  readonly command?: readonly ["verify"] | readonly ["bundle", "verify"];
  /** The state folder; one in the folder unless given. */
  readonly store?: string;
};

/** `packrun verify` with these arguments, in a folder with a state of its own, without a process of its own. */
export async function askPackrun(
  folder: string,
  args: readonly string[],
  { command = ["verify"], store = join(folder, ".packrun") }: Way = {},
): Promise<Said> {
  let stdout = "";
  let code = -1;
  let said: string | undefined;
  const ignored = (): void => undefined;
  const cli: Cli = {
    commands: {},
    env: { PACKRUN_STORE: store, HOME: folder },
    cwd: folder,
    where: {},
    out: (text) => void (stdout += text),
    err: ignored,
    style: (_, text) => text,
    live: false,
    columns: 80,
    rows: 25,
    fault: (fault) => {
      said = fault.code;
      return codeEntry(fault.code).exitCode;
    },
    diagnostics: () => -1,
    note: ignored,
    worksOn: ignored,
  };
  const program = new Command("packrun").exitOverride();
  (command[0] === "bundle" ? bundle : verify).define(program, cli, (ended) => {
    code = ended;
  });
  const placed = args.map((arg, at) => (at === 0 || FILES.has(args[at - 1] ?? "") ? join(folder, arg) : arg));
  await program.parseAsync([...command, ...placed], { from: "user" });
  return { code, stdout, ...(said === undefined ? {} : { fault: said }) };
}
