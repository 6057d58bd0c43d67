import { digestOfHex } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AttemptContext, ReadyAttempt } from "#port/attempt-preparer.ts";
import type { Egress, EgressRecord, EgressScope, EgressSession } from "#port/egress.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import type { PackFile } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import type { PreparerPorts } from "./preparer-ports.ts";

type Ports = Pick<
  PreparerPorts,
  "builtIns" | "packListing" | "artifacts" | "artifactsPath" | "redactor" | "egress" | "plan"
>;

/**
 * A built-in as an attempt: it starts no process, so only its timeout, its cancellation and what it holds itself to limit
 * it. Its network is opened when it asks for one, and is closed before the attempt has ended.
 */
export function prepareBuiltIn(
  attempt: ResolvedAttempt,
  program: { readonly uses: string; readonly with: Json },
  context: AttemptContext,
  ports: Ports,
): Result<ReadyAttempt> {
  const builtIn = ports.builtIns.get(program.uses);
  if (builtIn === undefined) {
    // Compiling the plan refuses it, and no run goes on with a plan that was not just compiled.
    throw new Error(`there is no built-in ${program.uses}`);
  }
  const ending = new AbortController();
  return ok({
    secrets: [],
    enforced: { mode: attempt.sandbox.mode, limits: {} },
    start: async () => {
      const timer = setTimeout(() => ending.abort("timeout"), attempt.timeoutMs);
      const network = new AttemptNetwork(scopeOf(attempt, context, ports), ports.egress);
      const request = {
        sandbox: attempt.sandbox,
        egress: () => network.open(),
        with: program.with,
        packFile: (path: string) => Promise.resolve(packFile(path, context, ports)),
        packListing: ports.packListing,
        artifacts: ports.artifacts,
        tenantId: context.identity.tenantId,
        artifactsPath: ports.artifactsPath,
        signal: ending.signal,
        redactor: ports.redactor,
      };
      let record: EgressRecord | undefined;
      let outcome: AttemptOutcome;
      try {
        outcome = await builtIn.execute(request);
      } finally {
        clearTimeout(timer);
        record = await network.close();
      }
      const used = record === undefined ? {} : { egress: record.use, denied: record.denied };
      if (record?.fault !== undefined) {
        const { code, hint, message } = record.fault;
        const { durationMs, artifacts } = outcome;
        return { durationMs, artifacts, ...used, kind: "failed", reason: code, hint: hint ?? message };
      }
      return outcome.kind === "cancelled" && ending.signal.reason === "timeout"
        ? { ...outcome, ...used, kind: "failed", reason: "STEP_TIMEOUT", hint: "raise the step's timeout" }
        : { ...outcome, ...used };
    },
    stop: () => ending.abort("stopped"),
    discard: () => Promise.resolve(),
  });
}

function scopeOf(attempt: ResolvedAttempt, { identity, attempt: number }: AttemptContext, ports: Ports): EgressScope {
  const { egressQuota, egressAllowlist } = ports.plan.sandbox;
  return {
    runId: identity.runId,
    tenantId: identity.tenantId,
    stepId: attempt.stepId,
    attempt: number,
    sandbox: attempt.sandbox,
    redactor: ports.redactor,
    ...(egressQuota === undefined ? {} : { egressQuota, egressAllowlist }),
  };
}

/** One session for all that an attempt asks of the network; none for one that asks for nothing. */
class AttemptNetwork {
  readonly #scope: EgressScope;
  readonly #egress: Egress;
  #session: Promise<Result<EgressSession>> | undefined;

  constructor(scope: EgressScope, egress: Egress) {
    this.#scope = scope;
    this.#egress = egress;
  }

  open(): Promise<Result<EgressSession>> {
    this.#session ??= this.#egress.open(this.#scope);
    return this.#session;
  }

  /** Undefined when there was none. */
  async close(): Promise<EgressRecord | undefined> {
    const session = await this.#session;
    return session?.ok === true ? session.value.close() : undefined;
  }
}

function packFile(path: string, context: AttemptContext, ports: Ports): Result<PackFile> {
  const entry = ports.packListing.find((each) => each.path === path);
  if (entry === undefined) {
    return fail(faultOf(stepCodes, "BUNDLE_FILE_MISSING", { source: path }));
  }
  const stream = ports.artifacts.open(context.identity.tenantId, digestOfHex(entry.sha256));
  return ok({ stream, size: entry.size, sha256: entry.sha256 });
}
