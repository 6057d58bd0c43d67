import { spawn } from "node:child_process";

/** What a command wrote to a terminal of its own, up to its end or to the first `until` in it. */
export async function record(
  commandLine: string,
  options: {
    readonly cwd: string;
    readonly columns: number;
    readonly env: Readonly<Record<string, string>>;
    /** Ends the recording behind this text; the command is interrupted. */
    readonly until?: RegExp;
  },
): Promise<string> {
  const { cwd, columns, env, until } = options;
  const inside = `stty cols ${columns} rows 40 -echo; exec ${commandLine}`;
  const child = spawn("script", ["-qec", inside, "/dev/null"], { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let text = "";
  let cut: string | undefined;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const found = cut === undefined ? until?.exec(text) : undefined;
    if (found !== null && found !== undefined) {
      cut = text.slice(0, found.index + found[0].length);
      // Ctrl-C twice: everything ends at once.
      child.stdin.write("\u0003");
      setTimeout(() => child.stdin.write("\u0003"), 500);
    }
  });
  child.on("error", reject).on("close", () => resolve(undefined));
  await promise;
  if (until !== undefined && cut === undefined) {
    throw new Error(`${commandLine} never wrote ${until}:\n${text}`);
  }
  return cut ?? text;
}
