import { flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { authenticator } from "#api/authenticate.ts";
import { startHttpServer } from "#api/http-server.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { openWorkplace } from "#compose.ts";
import type { Workplace } from "#app/workplace.ts";
import { value } from "../attest/signing.ts";

/** Where a server is killed: before its run is created, or between that and the answer. */
export type Moment = "create" | "settle";
export const KILLED_SERVER: string = fileURLToPath(import.meta.url);

// A server in a process of its own, over the store in the folder that is named, which dies at a moment of its first order.
if (process.argv[1] === KILLED_SERVER) {
  const [folder = "", moment = ""] = process.argv.slice(2);
  // Killed, it would keep nothing of what it compiled.
  flushCompileCache();
  const source = { flags: { store: `${folder}/state` }, env: { HOME: folder }, cwd: folder };
  const workplace = dying(moment, value(await openWorkplace(source, { mayAsk: false })));
  const loopback = { token: "of-the-operator", tenantId: workplace.settings.tenantId };
  const server = value(
    await startHttpServer({
      listen: { host: "127.0.0.1", port: 0 },
      authenticate: await authenticator([], loopback, Date.now),
      service: openService({ workplace, limits: serviceLimits({}), metrics: new ServiceMetrics() }),
      requests: workplace.requests(),
      log: () => undefined,
    }),
  );
  process.stdout.write(`${server.url}\n`);
}

function dying(moment: string, workplace: Workplace): Workplace {
  const { store, requests } = workplace;
  const die = async (): Promise<never> => {
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => undefined);
  };
  return moment === "create"
    ? { ...workplace, store: { ...store, ledger: { ...store.ledger, create: die } } }
    : { ...workplace, requests: () => ({ ...requests(), settle: die }) };
}
