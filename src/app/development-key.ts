import { join } from "node:path";

/** The key that signs where no trust root is pinned; it lies beside the development root. */
export function developmentKey({ stateFolder }: { readonly stateFolder: string }): string {
  return join(stateFolder, "trust", "dev.key");
}
