import type { ServerAccess } from "#client/server-access.ts";
import type { RunProgress } from "#view/run-progress.ts";
import type { transitionOf } from "#view/transition.ts";

export type LedgerEvent = Parameters<typeof transitionOf>[0];

/** Shows a run on stderr while it goes on. `close` leaves the terminal as it was. */
export type Progress = {
  readonly events: (events: readonly LedgerEvent[]) => void;
  /** A line that begins with `packrun:`, in its place between the others. */
  readonly note: (text: string) => void;
  /** Gates that were open before the first event. */
  readonly open: (gates: readonly WaitingGate[]) => void;
  /** Counts the steps of the run from now on. */
  readonly count: (counted: RunProgress) => void;
  readonly close: () => void;
};

/** An open gate; `notAfter` is a timestamp. */
export type WaitingGate = { readonly id: string; readonly notAfter: string };

/** How the run is followed: a process that stays while the run waits has to say how it goes on. */
export type Following = {
  readonly stays: boolean;
  readonly runId: () => string;
  /** `pack.yaml` of the run, where it came from a folder. */
  readonly packFile?: string;
  /** Through which server, if not here. */
  readonly access?: ServerAccess;
};
