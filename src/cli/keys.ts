import type { Command } from "commander";
import { generateKeys, importKeys, showKey } from "#app/keys.ts";
import { readSettings } from "#app/settings.ts";
import { ok, type Result } from "#fault/result.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, settingsSource, withGlobals } from "./options.ts";

import type { Keyring } from "#port/keyring.ts";

/** `packrun keys …`. */
export const keys: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("keys").description("make, import and show signing keys");
    defineGenerate(group, cli, done);
    defineImport(group, cli, done);
    withGlobals(
      group.command("show <key>").description("fingerprint and algorithm of a key file, or of signer:NAME"),
    ).action(async (file: string, options: GlobalOptions) => {
      const settings = readSettings(settingsSource(cli, options));
      if (!settings.ok) {
        done(cli.fault(settings.fault, formatOf(options)));
        return;
      }
      const { keyringFor, passwordSource } = await import("#compose.ts");
      const keyring = keyringFor(settings.value);
      const shown = await showKey(file, keyring, passwordSource(cli.env, options.input !== false));
      done(answer(cli, options, shown, (key) => `${key.keyid}  ${key.algorithm}${key.private ? "  private" : ""}\n`));
    });
    group.addHelpText(
      "after",
      "\nExamples: packrun keys generate alice\n          packrun keys import ~/.ssh/id_ed25519.pub --name alice",
    );
  },
};

function defineGenerate(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("generate <name>").description("write NAME.key (mode 600) and NAME.pub"))
    .option("--ed25519", "Ed25519 instead of ECDSA P-256")
    .option("--encrypt", "encrypt the private key; the password comes from PACKRUN_KEY_PASSWORD or a prompt")
    .action(async (name: string, options: GlobalOptions & { ed25519?: boolean; encrypt?: boolean }) => {
      const { keyring, passwordSource } = await import("#compose.ts");
      const ask = passwordSource(cli.env, options.input !== false);
      const password = options.encrypt === true ? ((await ask()) ?? "") : undefined;
      const made = await makeKeys(name, options.ed25519 === true, password, keyring);
      done(answer(cli, options, made, (pair) => `${pair.keyid}\n${pair.privateFile}\n${pair.publicFile}\n`));
    });
}

function defineImport(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(
    group.command("import <file>").description("take over keys of cosign, of OpenSSH (public ones), or in PEM"),
  )
    .option("--name <name>", "write NAME.pub, and NAME.key for a private key (default: the file's name)")
    .action(async (file: string, options: GlobalOptions & { name?: string }) => {
      const { keyring, passwordSource } = await import("#compose.ts");
      const given = options.name === undefined ? { file } : { file, name: options.name };
      const taken = await importKeys(given, keyring, passwordSource(cli.env, options.input !== false));
      const imported = taken.ok ? ok({ keys: taken.value }) : taken;
      done(
        answer(cli, options, imported, ({ keys: made }) =>
          made
            .map(({ keyid, publicFile, privateFile }) => [keyid, privateFile, publicFile].filter(Boolean).join("\n"))
            .join("\n")
            .concat("\n"),
        ),
      );
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
