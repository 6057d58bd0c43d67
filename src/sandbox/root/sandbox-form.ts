import type { Metadata } from "#run/event.ts";

/** How a sandbox is built. A container may forbid the best form; then a weaker one that still holds is taken, and recorded. */
export type SandboxForm = {
  /** Whose processes a step's /proc shows: those of its own PID namespace, or the host's, read-only. */
  readonly proc: "own" | "host";
  /**
   * What refuses user namespaces to a step: a limit in the kernel together with the filter for system calls, or that
   * filter alone, where /proc/sys is read-only and so no limit can be set.
   */
  readonly userNamespaces: "limit" | "filter";
};

export const bestForm: SandboxForm = { proc: "own", userNamespaces: "limit" };

/** What of a form goes into the ledger: that which is weaker than the best. */
export function recordOf({ proc, userNamespaces }: SandboxForm): Omit<Metadata<"sandbox.enforced">, "mode" | "limits"> {
  return {
    ...(proc === "host" ? { proc } : {}),
    ...(userNamespaces === "filter" ? { userNamespaces } : {}),
  };
}
