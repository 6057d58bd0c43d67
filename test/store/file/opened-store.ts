import type { RunStore } from "#port/run-store.ts";
import { openFileStore, type FileStoreOptions } from "#store/file/open-file-store.ts";
import { systemClock } from "../../port/system-clock.ts";

/** Opens a store that must open. */
export async function openedStore(folder: string, options: Partial<FileStoreOptions> = {}): Promise<RunStore> {
  const store = await openFileStore(folder, { clock: systemClock, ...options });
  if (!store.ok) {
    throw new Error(store.fault.message);
  }
  return store.value;
}
