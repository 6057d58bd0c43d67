import { createInterface } from "node:readline";

export type Choice = { readonly name: string; readonly about: string };

/** Where questions go and answers come from. */
export type Asked = { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream };

/**
 * Asks for one of these by number or name; an empty line takes the first. What is neither is asked for again. Undefined
 * when the input ends before there is an answer.
 */
export async function askChoice(
  question: string,
  choices: readonly Choice[],
  { input, output }: Asked,
): Promise<string | undefined> {
  const width = Math.max(...choices.map(({ name }) => name.length));
  const list = choices.map(({ name, about }, at) => `  ${at + 1}  ${name.padEnd(width)}  ${about}\n`).join("");
  output.write(`${question}\n${list}`);
  const lines = createInterface({ input, output, terminal: false });
  const prompt = "number or name [1]: ";
  output.write(prompt);
  try {
    for await (const line of lines) {
      const said = line.trim().toLowerCase();
      const chosen =
        said === "" ? choices[0] : choices.find(({ name }, at) => said === name || said === String(at + 1));
      if (chosen !== undefined) {
        return chosen.name;
      }
      output.write(prompt);
    }
    return undefined;
  } finally {
    lines.close();
  }
}
