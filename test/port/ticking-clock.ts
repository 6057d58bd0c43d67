import type { Clock } from "#port/clock.ts";

/** A clock that stands still until it is ticked. */
export type TickingClock = Clock & { readonly tick: (milliseconds: number) => void };

export function tickingClock(start = Date.UTC(2026, 0, 5, 8)): TickingClock {
  let now = start;
  const timers = new Set<{ readonly dueAt: number; readonly call: () => void }>();
  return {
    now: () => now,
    monotonic: () => now - start,
    after: (milliseconds, call) => {
      const timer = { dueAt: now + milliseconds, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    tick: (milliseconds) => {
      now += milliseconds;
      for (const timer of [...timers].filter(({ dueAt }) => dueAt <= now)) {
        timers.delete(timer);
        timer.call();
      }
    },
  };
}
