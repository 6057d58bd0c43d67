import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { HolderLife, RunStore } from "#port/run-store.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import { runStoreConformance } from "../../port/run-store.conformance.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

runStoreConformance(t, async (t) => {
  const clock = tickingClock();
  const folder = t.testdir({});
  const lives = new Map<string, HolderLife>();
  let opens = 0;
  return {
    clock,
    lives,
    open: async (owner = `somebody-${(opens += 1)}`): Promise<RunStore> => {
      const lifeOf = (name: string): HolderLife => lives.get(name) ?? { state: "unknown" };
      const opened = await openFileStore(folder, { clock, owner, lifeOf });
      if (!opened.ok) {
        throw new Error(opened.fault.message);
      }
      return opened.value;
    },
    damage: async (runId) => {
      const path = join(folder, "runs", runId, "ledger.jsonl");
      const lines = (await readFile(path, "utf8")).split("\n");
      lines[2] = (lines[2] ?? "").replace('"attempt":1', '"attempt":2');
      await writeFile(path, lines.join("\n"));
    },
  };
});
