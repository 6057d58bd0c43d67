import { Option } from "commander";
import type { Authenticate } from "#api/authenticate.ts";
import type { HttpServer, Listen } from "#api/http-server.ts";
import type { Log } from "#api/route.ts";
import type { Worker } from "#app/service/worker.ts";
import { DEFAULT_LISTEN } from "#app/server-settings.ts";
import type { Workplace } from "#app/workplace.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Cli, CommandFile, GlobalOptions } from "./cli.ts";
import { withGlobals } from "./options.ts";
import { enterOwnScope } from "./own-scope.ts";
import { serviceLog } from "./service-log.ts";
import { readListen } from "./listen-address.ts";
import { withWorkplace } from "./with-workplace.ts";

const ROLES = ["all", "api", "worker"] as const;
type ServeOptions = GlobalOptions & { readonly listen?: string; readonly role: (typeof ROLES)[number] };

/** From the signal to the end of the process, whatever still hangs, in milliseconds. */
const LAST_MS = 9500;

/** `packrun serve`. */
export const serve: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("serve").description("take, drive and show runs over HTTP"), ["text"])
      .option("--listen <host:port>", `where to listen (default: the configuration's, else ${DEFAULT_LISTEN})`)
      .addOption(
        new Option("--role <role>", "all; api takes and shows runs; worker drives them").choices(ROLES).default("all"),
      )
      .addHelpText(
        "after",
        "\nWithout `server.issuers` in the configuration it listens on loopback only, with a token that is printed once\n" +
          "and kept in the state folder. Its log goes to stderr as JSON lines. SIGTERM ends it within ten seconds.\n" +
          "Example: packrun serve --listen 127.0.0.1:7070",
      )
      .action(async (options: ServeOptions) => {
        if (options.role !== "api") {
          await enterOwnScope();
        }
        done(await withWorkplace(cli, options, (workplace) => serveUntilTold(cli, options, workplace)));
      });
  },
};

async function serveUntilTold(cli: Cli, options: ServeOptions, workplace: Workplace): Promise<number> {
  const { server: settings } = workplace.settings;
  const listen = readListen(options.listen ?? settings?.listen ?? DEFAULT_LISTEN);
  const authenticate = listen.ok ? await openAuthentication(cli, listen.value, options, workplace) : listen;
  if (!listen.ok || !authenticate.ok) {
    return cli.fault((authenticate as Extract<typeof authenticate, { ok: false }>).fault);
  }
  const running = await start(cli, listen.value, options, workplace, authenticate.value);
  if (!running.ok) {
    return cli.fault(running.fault);
  }
  const { server, worker, log, close } = running.value;
  cli.out(`listening on ${server.url}\n`);
  log("info", "server.started", { data: { url: server.url, role: options.role } });
  const signal = await told();
  log("info", "server.ending", { data: { signal } });
  const last = setTimeout(() => process.exit(0), LAST_MS);
  await Promise.all([server.stop(), worker?.stop()]);
  await workplace.planner.close();
  await close();
  clearTimeout(last);
  log("info", "server.ended", { data: { signal } });
  return 0;
}

/** Resolves with the first signal that asks the process to end. */
async function told(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const heard = (signal: string): void => resolve(signal);
  process.on("SIGTERM", heard).on("SIGINT", heard);
  return promise;
}

/** Tokens of the configured issuers; without any, the token of this user on loopback. A worker takes no tokens at all. */
async function openAuthentication(
  cli: Cli,
  listen: Listen,
  { role }: ServeOptions,
  { settings, clock }: Workplace,
): Promise<Result<Authenticate>> {
  const [{ authenticator }, { isLoopback }] = await Promise.all([
    import("#api/authenticate.ts"),
    import("#api/host-check.ts"),
  ]);
  const { issuers = [] } = settings.server ?? {};
  if (issuers.length > 0 || role === "worker") {
    return ok(await authenticator(issuers, undefined, clock.now));
  }
  if (!isLoopback(listen.host)) {
    const { apiCodes } = await import("#api/codes.ts");
    return fail(faultOf(apiCodes, "SERVE_UNAUTHENTICATED", { host: listen.host }));
  }
  const [{ ensureLoopbackToken }, { serverFolder }] = await Promise.all([
    import("#api/loopback-token.ts"),
    import("#api/token-key.ts"),
  ]);
  const kept = await ensureLoopbackToken(serverFolder(settings.stateFolder));
  if (!kept.ok) {
    return kept;
  }
  const { token, file, made } = kept.value;
  cli.out(made ? `token ${token}\nkept in ${file}, and not shown again\n` : `the token is in ${file}\n`);
  return ok(await authenticator([], { token, tenantId: settings.tenantId }, clock.now));
}

type Running = {
  readonly server: HttpServer;
  readonly worker: Worker | undefined;
  readonly log: Log;
  readonly close: () => Promise<void>;
};

async function start(
  cli: Cli,
  listen: Listen,
  { role }: ServeOptions,
  opened: Workplace,
  authenticate: Authenticate,
): Promise<Result<Running>> {
  const [
    { startHttpServer },
    { openService },
    { serviceLimits },
    { ServiceMetrics },
    { Worker },
    { withoutSecrets },
    { pinNamedRoot },
  ] = await Promise.all([
    import("#api/http-server.ts"),
    import("#app/service/open-service.ts"),
    import("#app/service/service-limits.ts"),
    import("#app/service/service-metrics.ts"),
    import("#app/service/worker.ts"),
    import("#compose.ts"),
    import("#app/run-trust.ts"),
  ]);
  const limits = serviceLimits(opened.settings.server?.limits ?? {});
  const metrics = new ServiceMetrics();
  const { log, note, writeDebug } = serviceLog(cli, opened.clock, withoutSecrets);
  const isDebug = opened.settings.server?.logLevel === "debug";
  const debug = { all: isDebug, write: writeDebug };
  const workplace = await pinNamedRoot(opened);
  const worker = role === "api" ? undefined : new Worker({ workplace, limits, metrics, note, debug });
  const service = openService({ workplace, limits, metrics, debug: isDebug, nudge: () => worker?.nudge() });
  const requests = workplace.requests();
  const onlyHealth = role === "worker";
  const { metrics: access, hosts } = workplace.settings.server ?? {};
  const server = await startHttpServer({
    listen,
    authenticate,
    service,
    requests,
    log,
    onlyHealth,
    metrics: access,
    hosts,
  });
  if (!server.ok) {
    await requests.close();
    return server;
  }
  worker?.start();
  return ok({ server: server.value, worker, log, close: () => requests.close() });
}
