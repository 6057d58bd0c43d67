import type { Command } from "commander";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#api/local-issuer.ts";
import { isScope, SCOPES, type Scope } from "#api/scope.ts";
import { readSettings } from "#app/settings.ts";
import { parseDuration } from "#canon/duration.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { collect, formatOf, settingsSource, withGlobals } from "./options.ts";
import { withRun } from "./runs.ts";

type IssueOptions = GlobalOptions & {
  readonly subject: string;
  readonly scope?: readonly string[];
  readonly ttl: string;
  readonly issuer: string;
  readonly audience: string;
  readonly run?: string;
  readonly gate?: string;
};

const LONGEST_MS = 86_400_000;

/** `packrun token issue`. */
export const token: CommandFile = {
  define: (program, cli, done) => {
    const group = program.command("token").description("tokens for the HTTP API");
    withGlobals(group.command("issue").description("sign a token with the local issuer's key"))
      .requiredOption("--subject <name>", "whose token it is")
      .option("--scope <scope>", `what it may do (repeatable): ${SCOPES.join(", ")}`, collect)
      .option("--ttl <duration>", "how long it is good, at most 24h", "1h")
      .option("--issuer <name>", "iss", LOCAL_ISSUER)
      .option("--audience <name>", "aud", LOCAL_AUDIENCE)
      .option("--run <run>", "with --gate: the one run whose gate it may send a decision on")
      .option("--gate <id>", "with --run: that gate")
      .addHelpText(
        "after",
        "\nThe key is made at the first use. Configure the server with\n" +
          "  server: {issuers: [{issuer: 'packrun:local', audience: packrun, jwksFile: .packrun/server/jwks.json}]}\n" +
          "Example: packrun token issue --subject ci --scope packs.read --scope packs.run",
      )
      .action(async (options: IssueOptions, command: Command) => {
        const scopes = readScopes(options, command);
        const ttlMs = parseDuration(options.ttl) ?? 0;
        if (ttlMs < 1000 || ttlMs > LONGEST_MS) {
          command.error("error: --ttl is a duration such as 15m, from 1s to 24h");
        }
        if ((options.run === undefined) !== (options.gate === undefined)) {
          command.error("error: --run and --gate go together");
        }
        const { run } = options;
        done(
          run === undefined
            ? await issue(cli, options, { scopes, ttlMs })
            : await withRun(cli, options, run, async (key, { store }) => {
                const identity = await store.ledger.identity(key);
                return identity.ok
                  ? issue(cli, options, { scopes, ttlMs, approval: { ...identity.value, gateId: options.gate ?? "" } })
                  : cli.fault(identity.fault, formatOf(options));
              }),
        );
      });
  },
};

function readScopes({ scope = [] }: IssueOptions, command: Command): readonly Scope[] {
  const names = scope.flatMap((text) => text.split(/[ ,]+/)).filter((name) => name !== "");
  const unknown = names.find((name) => !isScope(name));
  if (unknown !== undefined || names.length === 0) {
    command.error(`error: --scope is one of ${SCOPES.join(", ")}`);
  }
  return SCOPES.filter((known) => names.includes(known));
}

type Grant = {
  readonly scopes: readonly Scope[];
  readonly ttlMs: number;
  readonly approval?: Pick<RunIdentity, "runId" | "planHash"> & { readonly gateId: string };
};

async function issue(cli: Cli, options: IssueOptions, grant: Grant): Promise<number> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return cli.fault(settings.fault, formatOf(options));
  }
  const [{ issueToken }, { ensureTokenKey, serverFolder }, { clock }] = await Promise.all([
    import("#api/issue-token.ts"),
    import("#api/token-key.ts"),
    import("#compose.ts"),
  ]);
  const { tenantId, stateFolder } = settings.value;
  const opened = await ensureTokenKey(serverFolder(stateFolder));
  if (!opened.ok) {
    return cli.fault(opened.fault, formatOf(options));
  }
  const key = opened.value;
  const { subject, issuer, audience } = options;
  const now = clock.now();
  const made = await issueToken({ issuer, audience, subject, tenantId, now, ...grant }, key);
  if (key.made) {
    cli.note(`made the key of the local issuer; its key set is ${key.jwksFile}`);
  }
  const about = { issuer, audience, subject, tenant: tenantId, scopes: grant.scopes, jwksFile: key.jwksFile };
  const expiresAt = timestampOf(now + grant.ttlMs);
  cli.out(
    formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, token: made, expiresAt, ...about }) : `${made}\n`,
  );
  return 0;
}
