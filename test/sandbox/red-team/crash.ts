/** One way in which a runner goes, and what its step does about it. Nothing of the step may be left running. */
export type Crash = {
  /** Goes on behind `a step cannot`. */
  readonly name: string;
  /** What the runner has said last when it is killed: `prepared`, `started`, or a line that the step prints. */
  readonly until: string;
  /** Who is killed, and how; `SIGKILL` when nothing is said. */
  readonly kill: "runner" | "launcher" | "bubblewrap" | "runner and launchers";
  readonly signal?: NodeJS.Signals;
  readonly sh?: string;
  readonly py?: string;
  readonly secretFiles?: Readonly<Record<string, string>>;
};

/** What `doomed-runner.ts` is told, as JSON. */
export type DoomedOrder = Omit<Crash, "name" | "kill" | "signal"> & {
  readonly scratch: string;
  readonly mark: string;
  readonly prelude: string;
};
