import type { Server } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Clock } from "#port/clock.ts";
import type { Egress, EgressRecord, EgressScope, EgressSession } from "#port/egress.ts";
import type { LineStore } from "#port/run-store.ts";
import { AttemptNetwork, type NetworkPorts } from "./attempt-network.ts";
import { Door } from "./door.ts";
import { fetchUrl } from "./fetch-url.ts";
import { openAccount, reopenAccount, type RunAccount } from "./run-account.ts";
import { ruleWithSecret } from "./recorded-host.ts";
import { readUpstreamProxy } from "./upstream-proxy.ts";
import { interfaceAddresses, systemResolve } from "./vet-address.ts";

export type EgressOptions = {
  readonly lines: LineStore;
  readonly clock: Clock;
  /** The addresses of a name; without it, as this host looks names up. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Addresses of this host, asked for with every name; without it, those of its interfaces. */
  readonly ownAddresses?: () => readonly string[];
  /** `http://host:port` of the operator's proxy, through which everything then leaves. */
  readonly upstreamProxy?: string;
};

/** The network of one attempt, with a door for the processes of its step. */
export type SandboxSession = EgressSession & {
  /** Takes over a listening server whose connections come from inside the step's network namespace; closes it in the end. */
  readonly serve: (server: Server) => void;
  /** Cuts everything now, and refuses what comes later. `close` is still due. */
  readonly end: () => void;
};
export type SandboxEgress = Omit<Egress, "open"> & {
  readonly open: (scope: EgressScope) => Promise<Result<SandboxSession>>;
};

/**
 * The one door to the network. What a run used and tried is kept in its lines; they are read once for each process, and
 * once more when another process had the run meanwhile.
 */
export function createEgress(options: EgressOptions): SandboxEgress {
  const { lines, clock, resolve = systemResolve, ownAddresses = interfaceAddresses, upstreamProxy } = options;
  const proxy = upstreamProxy === undefined ? ok(undefined) : readUpstreamProxy(upstreamProxy);
  const accounts = new Map<string, Promise<Result<RunAccount>>>();
  const sessions = new Set<SandboxSession>();

  /** The account of a run, entered by this user. One look at a run's lines at a time. */
  const enter = async ({ tenantId, runId }: EgressScope, user: object): Promise<Result<RunAccount>> => {
    const name = `${tenantId}/${runId}`;
    const open = async (): Promise<Result<RunAccount>> => openAccount(lines, clock, { tenantId, runId });
    const before = accounts.get(name);
    const opening = (async () => {
      const known = await before;
      const account = known?.ok === true ? await reopenAccount(known.value, open) : await open();
      if (account.ok) {
        account.value.enter(user);
      }
      return account;
    })();
    accounts.set(name, opening);
    return opening;
  };

  return {
    open: async (scope) => {
      if (!proxy.ok) {
        return proxy;
      }
      const published = ruleWithSecret(scope);
      if (published !== undefined) {
        return fail(published);
      }
      const user = {};
      const account = await enter(scope, user);
      if (!account.ok) {
        return account;
      }
      const ports: NetworkPorts = {
        clock,
        resolve,
        ownAddresses,
        ...(proxy.value === undefined ? {} : { proxy: proxy.value }),
      };
      const network = new AttemptNetwork(ports, scope, { account: account.value, user });
      const session: SandboxSession = openSession(network, () => sessions.delete(session));
      sessions.add(session);
      return ok(session);
    },
    close: async () => {
      await Promise.allSettled([...sessions].map(async (session) => session.close()));
      accounts.clear();
    },
  };
}

function openSession(network: AttemptNetwork, onClosed: () => void): SandboxSession {
  let door: Door | undefined;
  let closing: Promise<EgressRecord> | undefined;
  const end = (): void => {
    network.end();
    door?.shut();
  };
  const close = async (): Promise<EgressRecord> => {
    // What processes sent and ended before they went is there already: two turns of the event loop see it.
    await nextTurn();
    await nextTurn();
    end();
    const record = await network.close();
    onClosed();
    return record;
  };
  return {
    fetch: async (url, signal) => fetchUrl(network, url, signal),
    serve: (server) => (door ??= new Door(network)).serve(server),
    end,
    close: async () => (closing ??= close()),
  };
}
