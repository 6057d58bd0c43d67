import { setFlagsFromString } from "node:v8";

/** From here on, in bytes of resident memory, the collector is told to spend time instead of memory. */
const COMFORTABLE: number = 144 * 1024 * 1024;
/** How often to look, in milliseconds. */
const LOOK_MS = 200;

/**
 * Keeps the memory of this process small: compiling a large pack makes much garbage at once, and a run lives long with
 * the heap that this leaves. The collector saves memory from the start, then whenever more than a comfortable amount is
 * resident; below that it is as quick as ever. */
export function keepHeapSmall(): void {
  let saving = true;
  setFlagsFromString("--optimize-for-size");
  const timer = setInterval(() => {
    const save = process.memoryUsage.rss() > COMFORTABLE;
    if (save !== saving) {
      saving = save;
      setFlagsFromString(save ? "--optimize-for-size" : "--no-optimize-for-size");
    }
  }, LOOK_MS);
  timer.unref();
}
