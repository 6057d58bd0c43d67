import type { Clock } from "#port/clock.ts";

/** The clock of this machine. */
export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, call) => {
    // setTimeout takes at most 2^31-1 ms; a longer wait comes back early and its owner asks again.
    const timer = setTimeout(call, Math.min(Math.max(0, milliseconds), 0x7f_ff_ff_ff));
    return () => clearTimeout(timer);
  },
};
