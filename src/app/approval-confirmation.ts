import { createInterface } from "node:readline";

/**
 * Asks at the terminal whether to go on; only `y` or `yes` is a yes, the end of the input is a no. Where nobody sits, or
 * nobody may be asked, it answers yes without asking: the command line has said all that there is to say.
 */
export async function confirmAtTerminal(question: string, mayAsk: boolean): Promise<boolean> {
  if (!mayAsk || !process.stdin.isTTY) {
    return true;
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  const answer = await new Promise<string>((resolve) => {
    lines.once("close", () => resolve(""));
    lines.question(`${question} [y/N] `, resolve);
  });
  lines.close();
  return /^y(?:es)?$/i.test(answer.trim());
}
