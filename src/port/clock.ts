/** Time, as the engine sees it. Tests tick one by hand. */
export type Clock = {
  /** Milliseconds since 1970, UTC. May jump. */
  readonly now: () => number;
  /** Milliseconds since some fixed moment; never goes back. Durations are measured with it. */
  readonly monotonic: () => number;
  /** Calls back once after at least `milliseconds`; the returned function takes it back. */
  readonly after: (milliseconds: number, call: () => void) => () => void;
};
