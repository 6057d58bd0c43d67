import { Option, type Command } from "commander";
import { trustToken } from "#app/trust-edit.ts";
import type { GlobalOptions } from "./cli.ts";
import { withGlobals } from "./options.ts";
import type { EditRoot } from "./trust-witness.ts";

type TokenOptions = GlobalOptions & {
  readonly principal?: string;
  readonly remove?: boolean;
  readonly output?: string;
};

/** `packrun trust token`: whom the bearer of a server's token stands for. */
export function defineToken(group: Command, edit: EditRoot): void {
  const command = group
    .command("token <issuer> <subject>")
    .description("say whom the bearer of a token stands for; writes the next version");
  withGlobals(command)
    .addOption(new Option("--principal <name>", "who that is").conflicts("remove"))
    .option("--remove", "the bearer stands for nobody any more")
    .option("-o, --output <file>", "write the next version here instead of in place")
    .addHelpText(
      "after",
      "\nA server takes orders and approvals only from bearers that the trust root knows, by the claims iss and sub\n" +
        "of their tokens. The key of the run attestor must not be a requester's.\n" +
        "Example: packrun trust token https://issuer.example ci-release --principal release-bot",
    )
    .action(async (iss: string, sub: string, options: TokenOptions) => {
      const { principal, remove = false, output: out } = options;
      if (!remove && principal === undefined) {
        command.error("error: say --principal NAME, or --remove");
      }
      await edit(options, (file, tools) =>
        trustToken({ file, out, iss, sub, ...(principal === undefined ? {} : { principal }) }, tools),
      );
    });
}
