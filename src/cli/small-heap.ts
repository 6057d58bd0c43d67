import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** From here on, in bytes of resident memory, the collector is told to spend time instead of memory. */
const COMFORTABLE: number = 144 * 1024 * 1024;
/** What may be added above that before the collector is told to collect all of it: a moment's work. */
const ALLOWANCE: number = 8 * 1024 * 1024;
/** How often to look, in milliseconds. */
const LOOK_MS = 50;

let timer: NodeJS.Timeout | undefined;

/** Compiling a shorter text, in bytes, leaves no heap that counts: some three thousand of the smallest steps. */
const SHORT: number = 128 * 1024;

/** Keeps young objects together, and saves memory where a pack's text is large: a small one is compiled before it pays. */
export function saveMemoryFor(packText: number): void {
  keepYoung();
  if (packText > SHORT) {
    saveMemory();
  }
}

/**
 * Has the room for young objects stay as large as start-up made it, some 4 MiB. The collector would let it grow to eight
 * times of that; what a step needs then never stays in the caches of the processor, and the heap is much larger.
 */
function keepYoung(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/**
 * Tells the collector to spend time instead of memory: compiling a large pack makes much garbage at once, and a run
 * lives long with the heap that this leaves.
 */
export function saveMemory(): void {
  setFlagsFromString("--optimize-for-size");
}

/**
 * From the first step on memory is saved only while more than a comfortable amount is resident. Left to itself the
 * collector would let a long run's heap grow to several times of what lives in it.
 */
export function balanceMemory(): void {
  if (timer !== undefined) {
    return;
  }
  keepYoung();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let allowed = COMFORTABLE;
  timer = setInterval(() => {
    const save = process.memoryUsage.rss() > COMFORTABLE;
    setFlagsFromString(save ? "--optimize-for-size" : "--no-optimize-for-size");
    if (process.memoryUsage.rss() > allowed) {
      collect();
      allowed = Math.max(COMFORTABLE, process.memoryUsage.rss() + ALLOWANCE);
    }
  }, LOOK_MS);
  timer.unref();
}
