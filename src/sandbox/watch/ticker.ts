import { WATCH_MS } from "../limit/limit-values.ts";

const looks = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;

/** Looks at something again and again until the returned function is called: one timer for all steps. */
export function onTick(look: () => void): () => void {
  looks.add(look);
  timer ??= setInterval(() => looks.forEach((each) => each()), WATCH_MS);
  return () => {
    looks.delete(look);
    if (looks.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
