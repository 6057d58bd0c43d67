import type { Command } from "commander";
import { Option } from "commander";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import type { ServerAccess } from "#client/server-access.ts";
import type { Cli, GlobalOptions } from "./cli.ts";

/** Options of the commands that also work through a server. */
export type ServerOptions = { readonly server?: string; readonly tokenFile?: string };

const HEADING = "Through a server:";

export function withServer(command: Command): Command {
  return command
    .addOption(
      new Option("--server <url>", "work through the server there, not in the local store (PACKRUN_SERVER)").helpGroup(
        HEADING,
      ),
    )
    .addOption(
      new Option("--token-file <file>", "file of mode 600 with the token, instead of PACKRUN_TOKEN").helpGroup(HEADING),
    );
}

/** Whether a server is named, for the commands that work through one. */
export function isAtServer({ server }: ServerOptions, env: Cli["env"]): boolean {
  return server !== undefined || (env["PACKRUN_SERVER"] ?? "") !== "";
}

/**
 * The server that a command is to work through, if any. Nothing of the client is loaded for a command that works here.
 * Faults: those of `readServerAccess`; SERVER_OPTION for a store or a tenant, which are the server's and the token's.
 */
export async function serverOf(
  cli: Cli,
  options: GlobalOptions & ServerOptions,
  taken: { readonly tenant?: true } = {},
): Promise<Result<ServerAccess | undefined>> {
  const { server, tokenFile } = options;
  if (!isAtServer(options, cli.env)) {
    return { ok: true, value: undefined };
  }
  if (options.store !== undefined) {
    return unfit("--store", "runs are in the server's store");
  }
  if (options.tenant !== undefined && taken.tenant !== true) {
    return unfit("--tenant", "the tenant is the token's");
  }
  const { readServerAccess } = await import("#client/server-access.ts");
  const flags = {
    ...(server === undefined ? {} : { server }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
  return readServerAccess({ flags, env: cli.env, cwd: cli.cwd });
}

export async function unfit(option: string, why: string): Promise<Result<never>> {
  const { clientCodes } = await import("#client/codes.ts");
  return fail(faultOf(clientCodes, "SERVER_OPTION", { option, why }));
}
