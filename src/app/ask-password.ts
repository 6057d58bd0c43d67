import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { AskPassword } from "#port/keyring.ts";

/**
 * The password of an encrypted key: `PACKRUN_KEY_PASSWORD`, then `COSIGN_PASSWORD`, then a prompt when someone sits at
 * the terminal and may be asked. What is typed is not shown.
 */
export function askPassword(env: Readonly<Record<string, string | undefined>>, mayAsk: boolean): AskPassword {
  return async () => {
    const given = env["PACKRUN_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"];
    if (given !== undefined || !mayAsk || !process.stdin.isTTY) {
      return given;
    }
    process.stderr.write("Password of the key: ");
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
    const answer = await new Promise<string>((resolve) => {
      lines.question("", resolve);
    });
    lines.close();
    process.stderr.write("\n");
    return answer === "" ? undefined : answer;
  };
}
