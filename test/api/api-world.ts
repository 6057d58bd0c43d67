import { chmodSync, cpSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Test } from "tap";
import { authenticator, type LoopbackToken } from "#api/authenticate.ts";
import { startHttpServer, type HttpServer, type MetricsAccess } from "#api/http-server.ts";
import { issueToken, type TokenOrder } from "#api/issue-token.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "#api/local-issuer.ts";
import type { Limits } from "#api/route.ts";
import { SCOPES } from "#api/scope.ts";
import { ensureTokenKey, serverFolder, type TokenKey } from "#api/token-key.ts";
import { finishRun } from "#app/finish-run.ts";
import { openRequestTrust } from "#app/run-trust.ts";
import { openService } from "#app/service/open-service.ts";
import { serviceLimits } from "#app/service/service-limits.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import type { ServerIssuer } from "#app/server-settings.ts";
import type { Service } from "#app/service/service.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import type { RequestStore } from "#port/request-store.ts";
import { startRun } from "#app/start-run.ts";
import type { Workplace } from "#app/workplace.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { smallWorkplace, type SmallWorkplace } from "../app/small-workplace.ts";
import { parseTenantId } from "#canon/ids.ts";
import { value } from "../attest/signing.ts";

/** A server on a loopback port over a file store of its own, and tokens for it. */
export type ApiWorld = {
  readonly place: SmallWorkplace;
  readonly workplace: Workplace;
  readonly server: HttpServer;
  readonly key: TokenKey;
  readonly logged: string[];
  readonly service: Service;
  readonly requests: RequestStore;
  readonly serviceOver: (workplace: Workplace) => Service;
  /** Another server over the same store. */
  readonly another: (options: WorldOptions) => Promise<HttpServer>;
  /** Puts a pack where uploads are; its id. */
  readonly upload: (spec: object) => Promise<string>;
  /** A good token of everything, unless the order says otherwise. */
  readonly token: (order?: Partial<TokenOrder>) => Promise<string>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly send: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** Creates a run of a pack and drives it as far as it goes. */
  readonly run: (spec: object) => Promise<RunIdentity>;
};

export type WorldOptions = {
  readonly limits?: Partial<Limits>;
  readonly loopback?: LoopbackToken;
  readonly issuers?: readonly ServerIssuer[];
  readonly service?: Service;
  readonly requests?: RequestStore;
  readonly metrics?: MetricsAccess;
  readonly onlyHealth?: boolean;
  /** Where it listens; on loopback unless given. */
  readonly host?: string;
};

const SANDBOX = { mode: "sealed", egressAllowlist: [], limits: { cpus: 1, memory: "64Mi" } };

export async function apiWorld(t: Test, options: WorldOptions = {}): Promise<ApiWorld> {
  const place = smallWorkplace(t);
  // Steps run as another user, who has to reach the scratch folder below.
  chmodSync(place.here(), 0o711);
  const workplace = await place.open();
  const key = value(await ensureTokenKey(serverFolder(place.here("state"))));
  const issuers = [{ issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, jwksFile: key.jwksFile }];
  const logged: string[] = [];
  const requests = workplace.requests();
  const serviceOver: ApiWorld["serviceOver"] = (of) =>
    openService({ workplace: of, limits: serviceLimits({}), metrics: new ServiceMetrics() });
  const service = serviceOver(workplace);
  const servers: HttpServer[] = [];
  const another: ApiWorld["another"] = async (other) => {
    const server = value(
      await startHttpServer({
        listen: { host: other.host ?? "127.0.0.1", port: 0 },
        metrics: other.metrics,
        onlyHealth: other.onlyHealth ?? false,
        authenticate: await authenticator(other.issuers ?? issuers, other.loopback, workplace.clock.now),
        service: other.service ?? service,
        requests: other.requests ?? requests,
        log: (...line) => logged.push(JSON.stringify(line)),
        limits: other.limits ?? {},
      }),
    );
    servers.push(server);
    return server;
  };
  const server = await another(options);
  t.teardown(async () => {
    await Promise.all(servers.map((each) => each.stop()));
    await requests.close();
  });
  const token: ApiWorld["token"] = (order = {}) =>
    issueToken(
      {
        issuer: LOCAL_ISSUER,
        audience: LOCAL_AUDIENCE,
        subject: "alice",
        tenantId: tenantOf("default"),
        scopes: SCOPES,
        now: workplace.clock.now(),
        ttlMs: 600_000,
        ...order,
      },
      key,
    );
  const writePack = (spec: object): void => {
    const metadata = { name: "acme/small", version: "1.0.0" };
    const whole = { apiVersion: "packrun.dev/v1", kind: "TaskPack", metadata, spec: { sandbox: SANDBOX, ...spec } };
    place.write("pack/pack.yaml", JSON.stringify(whole));
  };
  const standing = { Authorization: `Bearer ${options.loopback?.token ?? (await token())}` };
  return {
    place,
    workplace,
    server,
    key,
    logged,
    service,
    requests,
    serviceOver,
    another,
    upload: async (spec) => {
      writePack(spec);
      const { compiled } = await place.plan(workplace);
      const { digest } = compiled.plan.pack;
      const folder = uploadFolder(digest, workplace.settings) ?? "";
      mkdirSync(dirname(folder), { recursive: true });
      cpSync(place.here("pack"), folder, { recursive: true });
      return digest;
    },
    token,
    get: (path, headers = {}) => fetch(`${server.url}${path}`, { headers: { ...standing, ...headers } }),
    send: (path, body, headers = {}) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { ...standing, "Content-Type": "application/json", ...headers },
        body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    run: async (spec) => {
      writePack(spec);
      const trust = value(await openRequestTrust(workplace, undefined, ["approver"]));
      const identity = value(await startRun(await place.plan(workplace), new Map(), workplace, trust));
      const order = { references: new Map(), maxParallel: 2, wait: false };
      value(await finishRun(identity, order, workplace, trust));
      return identity;
    },
  };
}

export function tenantOf(name: string): NonNullable<ReturnType<typeof parseTenantId>> {
  const tenantId = parseTenantId(name);
  if (tenantId === undefined) {
    throw new Error(name);
  }
  return tenantId;
}
