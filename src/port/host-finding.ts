/** One thing about this host: what is, and what to do about it. */
export type HostFinding = {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  readonly text: string;
  readonly remedy?: string;
  /** For a failure: the exit code of the fault that a run would meet. */
  readonly exitCode?: number;
};
