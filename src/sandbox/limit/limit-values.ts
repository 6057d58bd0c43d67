/** How often what no kernel holds is looked at. */
export const WATCH_MS = 200;

/** Open files of one process of a step (RLIMIT_NOFILE). */
export const OPEN_FILES = 4096;
