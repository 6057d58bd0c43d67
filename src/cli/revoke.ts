import type { Command } from "commander";
import { revocationsPath } from "#app/revocation-files.ts";
import { revoke as revokeThing, type RevokedList } from "#app/revoke.ts";
import { readSettings } from "#app/settings.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { Cli, CommandFile, GlobalOptions } from "./cli.ts";
import { answer } from "./keys.ts";
import { settingsSource, withGlobals } from "./options.ts";
import { time } from "./time.ts";

type RevokeOptions = GlobalOptions & {
  readonly reason?: string;
  readonly key: string;
  readonly renew?: boolean;
  readonly nextUpdate?: Timestamp;
};

/** `packrun revoke KIND VALUE`. */
export const revoke: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(
      program
        .command("revoke [kind] [value]")
        .description("revoke a pack, plan, key, payload or run; writes the next signed list"),
    )
      .requiredOption("--key <key>", "private key that holds the role revoker, or signer:NAME of the configuration")
      .option("--reason <text>", "why, for all who meet it")
      .option("--renew", "write the list anew without revoking anything; a first one without entries")
      .option(
        "--next-update <time>",
        "when it has to be renewed (default: the trust root's maxAgeHours, or 30 days)",
        time,
      )
      .addHelpText(
        "after",
        "\nVALUE is a pack digest or NAME@VERSION, a planHash, a key's fingerprint, a payload digest, or a run id.\n" +
          "The list is `revocations` of the configuration, else revocations.json beside the trust root.\n" +
          'Examples: packrun revoke key SHA256:… --reason "laptop stolen" --key revoker.key\n' +
          "          packrun revoke --renew --key revoker.key",
      )
      .action(async (kind: string | undefined, value: string | undefined, options: RevokeOptions, command: Command) => {
        const { renew = false, reason } = options;
        if (renew ? kind !== undefined || reason !== undefined : value === undefined || reason === undefined) {
          command.error(
            renew
              ? "error: --renew revokes nothing: give it without KIND, VALUE and --reason"
              : "error: give KIND, VALUE and --reason, or --renew alone",
          );
        }
        const entry = renew ? {} : { entry: { kind: kind ?? "", value: value ?? "", reason: reason ?? "" } };
        done(answer(cli, options, await writeList(cli, options, entry), wordsOf));
      });
  },
};

async function writeList(
  cli: Cli,
  options: RevokeOptions,
  entry: { readonly entry?: { readonly kind: string; readonly value: string; readonly reason: string } },
): Promise<Result<RevokedList>> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const { keyringFor, passwordSource, clock, verifySignature, sha256 } = await import("#compose.ts");
  const password = passwordSource(cli.env, options.input !== false);
  const signer = await keyringFor(settings.value).open(options.key, password);
  if (!signer.ok) {
    return signer;
  }
  const { nextUpdate } = options;
  const order = {
    ...entry,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    signer: signer.value,
    listFile: revocationsPath(settings.value),
  };
  return revokeThing(order, { settings: settings.value, verifySignature, sha256, now: clock.now });
}

function wordsOf({ file, trustDomain, sequence, entries, nextUpdate }: RevokedList): string {
  return `${file}: ${trustDomain}, sequence ${sequence}, ${entries} revoked, to be renewed by ${nextUpdate}\n`;
}
