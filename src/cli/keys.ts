import type { Command } from "commander";
import { generateKeys, showKey } from "#app/keys.ts";
import type { Result } from "#fault/result.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";

import type { Keyring } from "#port/keyring.ts";

/** `packrun keys …`. */
export const keys: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("keys").description("make and show signing keys");
    defineGenerate(group, cli, done);
    withGlobals(group.command("show <file>").description("fingerprint and algorithm of a key file")).action(
      async (file: string, options: GlobalOptions) => {
        const { keyring, passwordSource } = await import("#compose.ts");
        const shown = await showKey(file, keyring, passwordSource(cli.env, options.input !== false));
        done(answer(cli, options, shown, (key) => `${key.keyid}  ${key.algorithm}${key.private ? "  private" : ""}\n`));
      },
    );
    group.addHelpText("after", "\nExample: packrun keys generate alice");
  },
};

function defineGenerate(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("generate <name>").description("write NAME.key (mode 600) and NAME.pub"))
    .option("--ed25519", "Ed25519 instead of ECDSA P-256")
    .option("--encrypt", "encrypt the private key; the password comes from PACKRUN_KEY_PASSWORD or a prompt")
    .action(async (name: string, options: GlobalOptions & { ed25519?: boolean; encrypt?: boolean }) => {
      const { keyring, passwordSource } = await import("#compose.ts");
      const password = options.encrypt === true ? await passwordSource(cli.env, options.input !== false)() : undefined;
      if (options.encrypt === true && password === undefined) {
        cli.err("error: no password; set PACKRUN_KEY_PASSWORD\n");
        done(2);
        return;
      }
      const made = await makeKeys(name, options.ed25519 === true, password, keyring);
      done(answer(cli, options, made, (pair) => `${pair.keyid}\n${pair.privateFile}\n${pair.publicFile}\n`));
    });
}

function makeKeys(name: string, ed25519: boolean, password: string | undefined, keyring: Keyring) {
  const given = { name, algorithm: ed25519 ? ("ed25519" as const) : ("ecdsa-p256-sha256" as const) };
  return generateKeys(password === undefined ? given : { ...given, password }, keyring);
}

/** Prints what a use case answered, or its fault; the exit code. */
export function answer<T extends object>(
  cli: Cli,
  options: GlobalOptions,
  result: Result<T>,
  text: (value: T) => string,
): number {
  if (!result.ok) {
    return cli.fault(result.fault, formatOf(options));
  }
  cli.out(formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, ...result.value }) : text(result.value));
  return 0;
}
