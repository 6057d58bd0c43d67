import { setFlagsFromString } from "node:v8";

/** From here on, in bytes of resident memory, the collector is told to spend time instead of memory. */
const COMFORTABLE: number = 144 * 1024 * 1024;
/** How often to look, in milliseconds. */
const LOOK_MS = 200;

let timer: NodeJS.Timeout | undefined;

/**
 * Tells the collector to spend time instead of memory: compiling a large pack makes much garbage at once, and a run
 * lives long with the heap that this leaves.
 */
export function saveMemory(): void {
  setFlagsFromString("--optimize-for-size");
}

/** From the first step on memory is saved only while more than a comfortable amount is resident. */
export function balanceMemory(): void {
  if (timer === undefined) {
    timer = setInterval(() => {
      const save = process.memoryUsage.rss() > COMFORTABLE;
      setFlagsFromString(save ? "--optimize-for-size" : "--no-optimize-for-size");
    }, LOOK_MS);
    timer.unref();
  }
}
