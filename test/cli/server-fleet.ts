import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Test } from "tap";
import { isTerminal, type RunStatus } from "#run/status.ts";
import { Place, until, type PackSpec, type Running } from "./place.ts";

export type ServerRole = "all" | "api" | "worker";
type Server = { readonly running: Running; readonly url: string; readonly role: ServerRole };
type Answer = { readonly status: number; readonly body: Record<string, unknown> };

/** How long one request may take before another server is asked, in milliseconds. */
const REQUEST_MS = 20_000;
/**
 * How long one thing is asked again, in milliseconds: an order is left to a server that died over it for ten seconds, and
 * the next one may die over it as well.
 */
const PATIENCE_MS = 120_000;
/** How many order runs at the same time. */
const ORDERING = 4;
/** How long a server may live, in milliseconds. */
const LIFE_MS = 1_200_000;

/** Servers over one store, each a process of its own, that may be killed and take each other's place. */
export class ServerFleet {
  readonly place: Place;
  readonly #roles: readonly ServerRole[];
  readonly #servers: (Promise<Server> | undefined)[];
  readonly #token: () => string;

  constructor(t: Test, roles: readonly ServerRole[], configuration: object = {}) {
    this.place = new Place(t);
    this.#roles = roles;
    this.#servers = roles.map(() => undefined);
    const limits = { runs: 3, parallel: 2, queueDepth: 1000 };
    this.place.write(
      "packrun.config.yaml",
      JSON.stringify({ server: { allowFolders: true, limits }, ...configuration }),
    );
    this.#token = () => readFileSync(this.place.here(".packrun/server/token"), "utf8").trim();
  }

  async start(): Promise<void> {
    for (const at of this.#roles.keys()) {
      await this.#startOne(at);
    }
  }

  async #startOne(at: number): Promise<Server> {
    const role = this.#roles[at] ?? "all";
    const running = this.place.start(["serve", "--listen", "127.0.0.1:0", "--role", role], {}, LIFE_MS);
    const listening = until(`a server with the role ${role}`, () => /^listening on (\S+)$/m.exec(running.out())?.[1]);
    const server = listening.then((url) => ({ running, url, role }));
    this.#servers[at] = server;
    return server;
  }

  /** SIGKILL for one of them, whatever it does; another takes its place. */
  async kill(at: number): Promise<void> {
    const server = await this.#servers[at];
    server?.running.child.kill("SIGKILL");
    await server?.running.ended;
    await this.#startOne(at);
  }

  /** Asks whichever server answers: one that was killed meanwhile gave no answer. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const until = Date.now() + PATIENCE_MS;
    for (let tries = 0; ; tries += 1) {
      const asked = await this.#servers[tries % this.#servers.length];
      if (asked === undefined || asked.role === "worker") {
        continue;
      }
      const headers = { Authorization: `Bearer ${this.#token()}`, "Content-Type": "application/json", ...init.headers };
      try {
        const signal = AbortSignal.timeout(REQUEST_MS);
        const answer = await fetch(new URL(path, asked.url), { ...init, headers, signal });
        const body = (await answer.json()) as Record<string, unknown>;
        if (answer.status < 500 && answer.status !== 409 && answer.status !== 429) {
          return { status: answer.status, body };
        }
        if (Date.now() > until) {
          throw new Error(`${path}: ${JSON.stringify(body)}`);
        }
      } catch (error) {
        if (Date.now() > until) {
          throw error;
        }
      }
      await pause(100);
    }
  }

  /** Uploads a pack; what orders call it. */
  async upload(name: string, spec: PackSpec): Promise<{ readonly upload: string }> {
    this.place.pack(name, spec);
    const tar = execFileSync("tar", ["--format=ustar", "-C", this.place.here(name), "-cf", "-", "."]);
    const headers = { "Content-Type": "application/x-tar" };
    const { body } = await this.ask("/api/packs", { method: "POST", headers, body: tar });
    return { upload: String(body["upload"]) };
  }

  /** The id of a new run. The same key is the same run, however often a server died while it was ordered. */
  async submit(order: object, key: string): Promise<string> {
    const headers = { "Idempotency-Key": key };
    const { status, body } = await this.ask("/api/runs", { method: "POST", headers, body: JSON.stringify(order) });
    if (status !== 202) {
      throw new Error(JSON.stringify(body));
    }
    return String(body["runId"]);
  }

  async unfinished(runIds: ReadonlySet<string>): Promise<number> {
    const ended = new Set<string>();
    let path: string | undefined = "/api/runs?limit=100";
    while (path !== undefined) {
      const { body } = await this.ask(path);
      const items = body["items"] as readonly { readonly runId: string; readonly status: RunStatus }[];
      items.filter(({ status }) => isTerminal(status)).forEach(({ runId }) => ended.add(runId));
      const next = body["next"];
      path = typeof next === "string" ? `/api/runs?limit=100&cursor=${encodeURIComponent(next)}` : undefined;
    }
    return [...runIds].filter((runId) => !ended.has(runId)).length;
  }

  /** Tells them all to end; how each did. */
  async stop(): Promise<readonly (number | null)[]> {
    const servers = await Promise.all(this.#servers.map(async (server) => server));
    return Promise.all(
      servers.map(async (server) => {
        server?.running.child.kill("SIGTERM");
        return (await server?.running.ended)?.code ?? null;
      }),
    );
  }
}

export type KillPlan = { readonly roles: readonly ServerRole[]; readonly runs: number; readonly kills: number };

const step = (id: string): object => ({
  id,
  run: { command: ["sh", "-c", `echo ${id} > out.txt`] },
  outputs: { out: { file: "out.txt" } },
  idempotent: true,
});
const tiny: PackSpec = { steps: [step("one"), step("two")] };

/** Submits runs, kills servers at random while they come and are at work, and waits until all have ended; their ids. */
export async function runThroughKills(
  fleet: ServerFleet,
  { roles, runs, kills }: KillPlan,
): Promise<readonly string[]> {
  await fleet.start();
  const pack = await fleet.upload("tiny", tiny);
  const ids: string[] = [];
  const order = async (first: number): Promise<void> => {
    for (let n = first; n < runs; n += ORDERING) {
      ids.push(await fleet.submit({ pack, inputs: {} }, `order-${n}`));
    }
  };
  const submitting = Promise.all(Array.from({ length: ORDERING }, (_, first) => order(first)));
  let killed = 0;
  while (ids.length < runs || (await fleet.unfinished(new Set(ids))) > 0) {
    if (killed < kills) {
      await fleet.kill(Math.floor(Math.random() * roles.length));
      killed += 1;
    }
    // A failed order ends the waiting.
    await Promise.race([pause(200 + Math.random() * 2000), submitting.then(() => pause(200 + Math.random() * 2000))]);
  }
  await submitting;
  return ids;
}

/** Finished steps that began again, in the order of a ledger. */
export function begunAgain(
  events: readonly { readonly eventType: string; readonly stepId?: string }[],
): readonly string[] {
  const ended = new Set<string>();
  const wrong: string[] = [];
  for (const { eventType, stepId = "" } of events) {
    if (eventType === "step.started" && ended.has(stepId)) {
      wrong.push(stepId);
    }
    if (eventType === "step.succeeded") {
      ended.add(stepId);
    }
  }
  return wrong;
}
