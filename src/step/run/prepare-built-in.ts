import { digestOfHex } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AttemptContext, ReadyAttempt } from "#port/attempt-preparer.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";
import type { PackFile } from "../built-in.ts";
import { stepCodes } from "../codes.ts";
import type { PreparerPorts } from "./preparer-ports.ts";

type Ports = Pick<PreparerPorts, "builtIns" | "packListing" | "artifacts" | "artifactsPath" | "redactor">;

/** A built-in as an attempt: it starts no process, so only its timeout and its cancellation limit it. */
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
      const request = {
        with: program.with,
        packFile: (path: string) => Promise.resolve(packFile(path, context, ports)),
        packListing: ports.packListing,
        artifacts: ports.artifacts,
        tenantId: context.identity.tenantId,
        artifactsPath: ports.artifactsPath,
        signal: ending.signal,
        redactor: ports.redactor,
      };
      const outcome = await builtIn.execute(request).finally(() => clearTimeout(timer));
      return outcome.kind === "cancelled" && ending.signal.reason === "timeout"
        ? { ...outcome, kind: "failed", reason: "STEP_TIMEOUT", hint: "raise the step's timeout" }
        : outcome;
    },
    stop: () => ending.abort("stopped"),
    discard: () => Promise.resolve(),
  });
}

function packFile(path: string, context: AttemptContext, ports: Ports): Result<PackFile> {
  const entry = ports.packListing.find((each) => each.path === path);
  if (entry === undefined) {
    return fail(faultOf(stepCodes, "BUNDLE_FILE_MISSING", { source: path }));
  }
  const stream = ports.artifacts.open(context.identity.tenantId, digestOfHex(entry.sha256));
  return ok({ stream, size: entry.size, sha256: entry.sha256 });
}
